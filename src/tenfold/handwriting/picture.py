"""Load a picture of any kind as RGB bytes, upright, or refuse it in one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.convert import as_uint8
from tenfold.data.image_files import deep_to_uint8
from tenfold.data.picture_files import PictureFile, check_size, read_without_mapping

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
MIN_SIDE = 224  # pixels of the short side; smaller pictures are upscaled
_ORIENTATION = 0x0112  # EXIF tag; values from 5 on swap width and height
_OPAQUE_SHARE = 0.5  # of the pixels; with more, a transparent picture is a photo with margins


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded, upright picture.

    Attributes:
        pixels: uint8 ``[height, width, 3]``, possibly reduced.
        size: ``(width, height)`` in pixels before the reduction.
    """

    pixels: Pixels
    size: tuple[int, int]

    def rotated(self, quarter_turns: int) -> Picture:
        """Return the picture rotated counter-clockwise by multiples of 90 degrees."""
        if quarter_turns % 4 == 0:
            return self
        pixels = np.ascontiguousarray(np.rot90(self.pixels, quarter_turns))
        return Picture(pixels, self.size[::-1] if quarter_turns % 2 else self.size)

    def cropped(self, left: int, top: int, width: int, height: int) -> Picture:
        """Return a part of the picture, given in pixels before the reduction.

        Raises:
            InputError: the part is empty or not within the picture.
        """
        columns, rows = self.size
        if (
            min(left, top) < 0
            or min(width, height) < 1
            or (left + width > columns or top + height > rows)
        ):
            raise InputError(
                f"region {left},{top},{width},{height} is not within the picture of "
                f"{columns}x{rows} pixels; give left,top,width,height"
            )
        scale = self.pixels.shape[1] / columns
        x0, x1 = round(left * scale), max(round((left + width) * scale), round(left * scale) + 1)
        y0, y1 = round(top * scale), max(round((top + height) * scale), round(top * scale) + 1)
        return Picture(np.ascontiguousarray(self.pixels[y0:y1, x0:x1]), (width, height))


def load_picture(
    source: str | Path | Image | NDArray[Any] | Picture, max_side: int = limits.MAX_PICTURE_SIDE
) -> Picture:
    """Load a picture, apply its EXIF orientation and convert it to RGB.

    Transparent pixels get the background that the ink contrasts with. CMYK, 16-bit, palette and
    grey pictures become RGB. Larger pictures are reduced by area averaging.

    Args:
        source: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, 1, 3 or 4]`` of bytes, booleans or floats in [0, 1]; or a loaded
            picture, which is returned.
        max_side: largest width or height of the result, in pixels.

    Raises:
        InputError: the file is missing, not a single picture, or has more than 50 megapixels.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, (str, Path)):
        return _load_file(Path(source), max_side)
    from PIL.Image import Image

    if isinstance(source, Image):
        return _decode(source, "the picture", max_side)
    pixels = _from_array(_as_array(source))
    return Picture(_reduce(pixels, max_side), (pixels.shape[1], pixels.shape[0]))


def load_page(
    file: PictureFile, number: int = 1, max_side: int = limits.MAX_PICTURE_SIDE
) -> Picture:
    """Load a page of a file, as `load_picture`; of a JPEG file, only the size that is needed.

    Args:
        file: opened for this; the page cannot be loaded again in another size.
        number: from 1.
        max_side: as for `load_picture`.

    Raises:
        InputError: there is no such page, or it is damaged or too large.
    """
    return _decode(file.page(number), file.name, max_side, reduced=True)


def _as_array(source: Any) -> NDArray[Any]:
    """Return an array-like, such as a tensor or nested lists of numbers, as an array."""
    if isinstance(source, np.ndarray):
        return source
    try:
        array = np.asarray(source)
    except (TypeError, ValueError, RuntimeError):  # of uneven rows, and of tensors elsewhere
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"a picture is one file, Pillow image or array; received {type(source).__name__}"
        )
    return array


def upscale(pixels: Pixels) -> Pixels:
    """Enlarge a small picture ``[height, width, 3]``, so that strokes are several pixels wide."""
    from PIL import Image as pillow

    height, width = pixels.shape[:2]
    shorter, longer = sorted((height, width))
    factor = min(8, -(-MIN_SIDE // shorter), max(1, limits.MAX_PICTURE_SIDE // longer))
    if factor == 1:
        return pixels
    image = pillow.fromarray(pixels)
    return np.asarray(image.resize((width * factor, height * factor), pillow.Resampling.BICUBIC))


def _load_file(path: Path, max_side: int) -> Picture:
    with PictureFile(path, str(path)) as file:
        if file.n_pages > 1:
            raise InputError(
                f"{path} has {file.n_pages} pages; give one as a Pillow image, or run tenfold read "
                "for all"
            )
        return load_page(file, 1, max_side)


def _decode(image: Image, name: str, max_side: int, reduced: bool = False) -> Picture:
    from PIL import ImageOps

    width, height = image.size
    check_size(name, width, height)
    read_without_mapping(image)
    try:
        scale = max_side / max(width, height, max_side)
        if reduced:  # JPEG is decoded several times faster so, and the image stays small
            image.draft("RGB", (round(width * scale), round(height * scale)))
        image.load()
        swapped = image.getexif().get(_ORIENTATION, 1) >= 5
        upright = ImageOps.exif_transpose(image)
        pixels = _to_rgb(upright)
    except Exception as error:  # Pillow's decoders raise many types for damaged files
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"{name} cannot be decoded ({reason}); save it again") from error
    size = (height, width) if swapped else (width, height)
    return Picture(_reduce(pixels, max_side), size)


def _to_rgb(image: Image) -> Pixels:
    if image.mode[0] in "IF":  # 16 or 32 bits
        return np.repeat(deep_to_uint8(np.asarray(image))[..., None], 3, axis=2)
    if image.has_transparency_data:
        return _remove_alpha(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def _from_array(array: NDArray[Any]) -> Pixels:
    has_channels = array.ndim == 3 and array.shape[2] in (1, 3, 4)
    if not (array.ndim == 2 or has_channels) or 0 in array.shape or array.dtype.kind not in "uifb":
        raise InputError(
            "a picture is an array [height, width] or [height, width, 1, 3 or 4] of numbers; "
            f"received {array.dtype} {list(array.shape)}"
        )
    check_size("the picture", array.shape[1], array.shape[0])
    if array.dtype == np.uint16 and array.max() > 255:  # as in files
        levels = deep_to_uint8(array)
    else:
        is_dim = array.dtype.kind in "ui" and 1 < array.max() <= 255  # any part is fine
        levels = as_uint8(array, "the picture", "byte" if is_dim else None)
    if array.shape[2:] == (4,):
        return _remove_alpha(levels)
    if array.shape[2:] == (3,):
        return levels
    return np.repeat(levels.reshape(*levels.shape[:2], 1), 3, axis=2)


def _remove_alpha(pixels: Pixels) -> Pixels:
    """Composite RGBA over its paper colour, or over black or white if most is transparent."""
    colour, opacity = pixels[..., :3].astype(np.float32), pixels[..., 3:] / np.float32(255)
    if opacity.mean() >= _OPAQUE_SHARE:
        background = np.median(colour[opacity[..., 0] > _OPAQUE_SHARE], axis=0)
    else:
        light = (colour.mean(axis=2, keepdims=True) * opacity).sum() > 127.5 * opacity.sum()
        background = np.full(3, 0 if light else 255)
    return (background + (colour - background) * opacity).round().astype(np.uint8)


def _reduce(pixels: Pixels, max_side: int) -> Pixels:
    """Reduce a picture by area averaging to ``max_side`` pixels along its longer side."""
    from PIL import Image as pillow

    height, width = pixels.shape[:2]
    if max(width, height) <= max_side:
        return pixels
    scale = max_side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(pillow.fromarray(pixels).resize(size, pillow.Resampling.BOX))
