"""Image files and files of arrays, read one by one: samples of a class, inputs of a network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_batch, as_pixels, as_uint8, resized
from tenfold.data.formats.npz import NpzArchive, open_npz
from tenfold.data.value_range import BYTE, ValueRange

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""Pillow's names of the formats that are read; PPM stands for PBM, PGM and PNM as well."""

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
MAGIC_NUMBERS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
)
_FOREIGN_SUFFIXES = (".heic", ".heif", ".avif", ".jp2", ".svg", ".psd", ".tga", ".raw", ".dng")
_ARRAY_NAMES = ("images", "x", "x_test")


def is_image(path: Path) -> bool:
    """Return whether a path is called an image, or is one by its first bytes.

    It may be a link to nothing, or in a format that is not read: `open_image` says so.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix in _FOREIGN_SUFFIXES:
        return not path.is_dir()
    if path.is_symlink() and not path.exists():
        return not suffix
    try:
        with path.open("rb") as file:
            return is_image_header(file.read(12))
    except OSError:
        return False


def is_image_header(header: bytes) -> bool:
    """Return whether these are the first bytes of an image."""
    is_bitmap = header[:2] == b"BM" and header[6:10] == bytes(4)  # two bytes alone may be text
    return header.startswith(MAGIC_NUMBERS) or header[8:12] == b"WEBP" or is_bitmap


def open_image(path: Path | IO[bytes]) -> Image:
    """Open an image file, or its bytes, as a grey or RGB Pillow image, rotated by its EXIF data.

    Transparent pixels become white, or black if the opaque ones are light.

    Raises:
        InputError: the reason why it cannot be read, or that it has several pages, without the
            path.
        OSError: it cannot be opened.
    """
    pages = open_pages(path)
    if len(pages) > 1:
        raise InputError(f"{len(pages)} pages; save each as a file")
    return pages[0]


def open_pages(path: Path | IO[bytes]) -> list[Image]:
    """Open all pages of a TIFF file, or the image of another file, as `open_image` does.

    Raises:
        InputError: the reason why it cannot be read, without the path.
        OSError: it cannot be opened.
    """
    if not isinstance(path, Path):
        return decode_pages(path)
    if path.is_symlink() and not path.exists():
        raise InputError("a link to nothing; fetch its content (git annex get, dvc pull)")
    if not path.stat().st_size:
        raise InputError("empty file")
    with path.open("rb") as file:
        return decode_pages(file)


def decode_pages(file: IO[bytes]) -> list[Image]:
    """Decode the pages of an open image file; see `open_pages`."""
    import PIL
    from PIL import Image as pillow
    from PIL import ImageOps, ImageSequence

    start = file.read(40)
    file.seek(0)
    if start.startswith((b"version https://git-lfs", b"/annex/objects")):
        raise InputError("a pointer; fetch its content (git lfs pull, git annex get)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            image: Image = pillow.open(file, formats=FORMATS)
        with image:
            count = getattr(image, "n_frames", 1)
            if count > 1 and image.format in ("GIF", "PNG", "WEBP"):
                raise InputError(f"an animation of {count} pictures")
            if image.width * image.height * count > limits.MAX_PICTURE_PIXELS:
                raise InputError(
                    f"{image.width}x{image.height} pixels, over {limits.MAX_PICTURE_PIXELS:,}"
                )
            is_stack = image.format == "TIFF"
            pages = ImageSequence.Iterator(image) if is_stack else [image]
            return [without_alpha(ImageOps.exif_transpose(page)) for page in pages]
    except InputError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise InputError(f"none of {', '.join(FORMATS)}") from error
    except Exception as error:  # Pillow's decoders raise many types for damaged files
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(reason) from error


def deep_to_uint8(levels: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert the grey levels of an image of 16 or 32 bits to uint8.

    Floats are 0 to 1 or 0 to 255. Whole numbers are 0 to 65535, or 0 to 255 if none is larger.

    Raises:
        InputError: they have another range.
    """
    low, high = float(levels.min()), float(levels.max())
    if not (np.isfinite(low + high) and low >= 0 and high <= 65535):
        raise InputError(f"its grey levels run from {low:g} to {high:g}; save it with 8 bits")
    if levels.dtype.kind == "f" and high <= 1:
        levels = levels * 255
    elif high > 255:
        levels = levels / 257
    rounded: NDArray[np.uint8] = np.rint(levels).astype(np.uint8)
    return rounded


def without_alpha(image: Image) -> Image:
    """Return an open image as `open_image` does: grey or RGB, with 8 bits."""
    from PIL import Image as pillow

    if image.mode[0] in "IF":  # 16 or 32 bits
        return pillow.fromarray(deep_to_uint8(np.asarray(image)))
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if not image.has_transparency_data:
        return image.convert(mode)
    layers = np.asarray(image.convert("LA" if mode == "L" else "RGBA"), np.float64)
    levels, opacity = layers[..., :-1], layers[..., -1:]
    grey = np.asarray(image.convert("LA").getchannel(0), np.float64)[..., None]
    is_light = (grey * opacity).sum() > 127.5 * opacity.sum()
    background = 0 if is_light else 255
    blended = background + (levels - background) * opacity / 255
    pixels = blended.round().astype(np.uint8)
    return pillow.fromarray(pixels[..., 0] if mode == "L" else pixels)


def read_images(
    path: Path,
    shape: ImageShape,
    options: ReadOptions,
    trained: ValueRange = BYTE,
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Read the inputs of a network from one file: an image, or the array of an NPY or NPZ.

    Args:
        path: the file. An NPZ holds one array, or one called ``images``, ``x`` or ``x_test``.
        shape: of the images that the network takes.
        options: how to read them; other sizes are brought to this one if it says so.
        trained: the range of the network's training images.

    Returns:
        uint8 ``[n, *shape]``, and a name for each image.

    Raises:
        InputError: no such file, no images, or of another size without ``resize``.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz"):
        image = read_image(path, shape, resize=options.resize)
        images = as_uint8(image[None], str(path), options.pixels, trained)
        return images, [str(path)]
    array = _read_npy(path) if suffix == ".npy" else _read_npz(path)
    images = to_inputs(array, path, shape, options, trained)
    return images, [f"{path}[{i}]" for i in range(len(images))]


def to_inputs(
    array: npt.NDArray[Any],
    path: Path,
    shape: tuple[int, ...],
    options: ReadOptions,
    trained: ValueRange = BYTE,
) -> npt.NDArray[np.uint8]:
    """Convert the array of a file to inputs of a network; see `read_images`."""
    try:
        if not options.resize:
            return as_batch(array, shape, options.pixels, trained)
        levels = as_uint8(array, "its array", options.pixels, trained)
        resized_levels = resized(as_pixels(levels, "its array"), (shape[0], shape[1]))
        return as_batch(resized_levels, shape, "byte")
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_npy(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: not an array that can be read ({error})") from None


def _read_npz(path: Path) -> npt.NDArray[Any]:
    with open_npz(path) as archive:
        named = [name for name in _ARRAY_NAMES if name in archive.names] or _images_in(archive)
        if not named and len(archive.names) != 1:
            raise InputError(
                f"{path}: holds {', '.join(archive.names) or 'nothing'}; call the array of images "
                f"{', '.join(_ARRAY_NAMES)}"
            )
        return archive.read([*named, *archive.names][0])


def _images_in(archive: NpzArchive) -> list[str]:
    """Return the array of images, or that of test images, by its name."""
    found = [array for array in archive.stored() if array.role == "images"]
    test = [array for array in found if array.split == "test"]
    return [array.name for array in (test or found)] if len(test or found) == 1 else []


def read_image(path: Path, shape: ImageShape, *, resize: bool = False) -> npt.NDArray[np.uint8]:
    """Read an image file as one image.

    Args:
        path: the file.
        shape: of the images that the network takes.
        resize: bring another size to this one.

    Returns:
        uint8 of the shape.

    Raises:
        InputError: no such file, not an image, or of another size without ``resize``.
    """
    try:
        image = open_image(path)
    except InputError as error:
        raise InputError(f"{path}: {error}; give an image file") from None
    try:
        return fit_image(image, shape, resize=resize)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def fit_image(image: Image, shape: ImageShape, *, resize: bool = False) -> npt.NDArray[np.uint8]:
    """Return the pixels of an open image as a network takes them; arguments as for `read_image`.

    Raises:
        InputError: it has another size, without ``resize``; the message lacks its name.
    """
    height, width = shape[:2]
    if image.size != (width, height) and not resize:
        raise InputError(
            f"{image.width}x{image.height} pixels, the network takes {width}x{height}; give "
            "--resize to bring it to this size"
        )
    pixels = resized(np.asarray(image, np.uint8)[None], (height, width))
    fitted: npt.NDArray[np.uint8] = as_batch(pixels, shape, "byte")[0]
    return fitted
