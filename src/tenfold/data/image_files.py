"""Image files and files of arrays, read one by one: samples of a class, inputs of a network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_batch, as_images, as_uint8, resize_to_square
from tenfold.data.formats.npz import open_npz
from tenfold.data.value_range import BYTE, ValueRange

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
MAGIC_NUMBERS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_ARRAY_NAMES = ("images", "x", "x_test")


def is_image(path: Path) -> bool:
    """Return whether a file is a PNG or JPEG, by its suffix or its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return path.is_file()
    try:
        with path.open("rb") as file:
            return file.read(8).startswith(MAGIC_NUMBERS)
    except OSError:
        return False


def open_greyscale(path: Path | IO[bytes]) -> Image:
    """Open a PNG or JPEG file, or its bytes, as a greyscale Pillow image, rotated by its EXIF data.

    Transparent pixels become white, or black if the opaque ones are light.

    Raises:
        InputError: the reason why it cannot be read, without the path.
        OSError: it cannot be opened.
    """
    import PIL
    from PIL import Image as pillow
    from PIL import ImageOps

    if isinstance(path, Path) and not path.stat().st_size:
        raise InputError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            image: Image = pillow.open(path, formats=("PNG", "JPEG"))
        with image:
            if image.width * image.height > limits.MAX_PICTURE_PIXELS:
                raise InputError(
                    f"{image.width}x{image.height} pixels, over {limits.MAX_PICTURE_PIXELS:,}"
                )
            image.load()
            return _to_greyscale(ImageOps.exif_transpose(image))
    except InputError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise InputError("neither PNG nor JPEG") from error
    except Exception as error:  # Pillow's decoders raise many types for damaged files
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(reason) from error


def _to_greyscale(image: Image) -> Image:
    from PIL import Image as pillow

    if image.mode.startswith("I"):  # 16 bits
        return pillow.fromarray((np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image.convert("L")
    grey, opacity = (np.asarray(layer, np.float64) for layer in image.convert("LA").split())
    is_light = (grey * opacity).sum() > 127.5 * opacity.sum()
    background = 0 if is_light else 255
    blended = background + (grey - background) * opacity / 255
    return pillow.fromarray(blended.round().astype(np.uint8))


def read_images(
    path: Path,
    shape: tuple[int, int],
    options: ReadOptions,
    trained: ValueRange = BYTE,
    *,
    invert: bool = False,
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Read the inputs of a network from one file: a PNG or JPEG, or the array of an NPY or NPZ.

    Args:
        path: the file. An NPZ holds one array, or one called ``images``, ``x`` or ``x_test``.
        shape: height and width that the network takes.
        options: how to read them; other sizes are brought to this one if it says so.
        trained: the range of the network's training images.
        invert: the file shows dark ink on light paper; datasets like MNIST are light on dark.

    Returns:
        uint8 ``[n, height, width]``, and a name for each image.

    Raises:
        InputError: no such file, no images, or of another size without ``resize``.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz"):
        image = read_image(path, shape, resize=options.resize)
        images = as_uint8(image[None], str(path), options.pixels, trained)
        return 255 - images if invert else images, [str(path)]
    array = _read_npy(path) if suffix == ".npy" else _read_npz(path)
    try:
        if options.resize:
            array = as_uint8(array, "its array", options.pixels, trained)
            images = as_batch(as_images(array, "its array", resize=True), shape, "byte")
        else:
            images = as_batch(array, shape, options.pixels, trained)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return 255 - images if invert else images, [f"{path}[{i}]" for i in range(len(images))]


def _read_npy(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: not an array that can be read ({error})") from None


def _read_npz(path: Path) -> npt.NDArray[Any]:
    with open_npz(path) as archive:
        named = [name for name in _ARRAY_NAMES if name in archive.names]
        if not named and len(archive.names) != 1:
            raise InputError(
                f"{path}: holds {', '.join(archive.names) or 'nothing'}; call the array of images "
                f"{', '.join(_ARRAY_NAMES)}"
            )
        return archive.read([*named, *archive.names][0])


def read_image(
    path: Path, shape: tuple[int, int], *, resize: bool = False, invert: bool = False
) -> npt.NDArray[np.uint8]:
    """Read a PNG or JPEG file as one greyscale image.

    Args:
        path: the file.
        shape: height and width that the network takes.
        resize: bring another size to this one.
        invert: the file shows dark ink on light paper; datasets like MNIST are light on dark.

    Returns:
        uint8 ``[height, width]``.

    Raises:
        InputError: no such file, not an image, or of another size without ``resize``.
    """
    try:
        image = open_greyscale(path)
    except InputError as error:
        raise InputError(f"{path}: {error}; give a PNG or JPEG") from None
    try:
        return fit_image(image, shape, resize=resize, invert=invert)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def fit_image(
    image: Image, shape: tuple[int, int], *, resize: bool = False, invert: bool = False
) -> npt.NDArray[np.uint8]:
    """Return the pixels of an open image as a network takes them; arguments as for `read_image`.

    Raises:
        InputError: it has another size, without ``resize``; the message lacks its name.
    """
    pixels = np.asarray(image, np.uint8)
    if pixels.shape != shape:
        if not resize:
            raise InputError(
                f"{image.width}x{image.height} pixels, the network takes "
                f"{shape[1]}x{shape[0]}; give --resize to bring it to this size"
            )
        pixels = resize_to_square(image)
    return 255 - pixels if invert else pixels
