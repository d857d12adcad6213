"""A picture of any kind -> uint8 [height, width, 3], upright, or a refusal in one line."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.convert import as_uint8

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
_ORIENTATION = 0x0112  # EXIF; from 5 on, width and height change places
_OPAQUE = 0.5  # share of opaque pixels from which a transparent picture is a photo with margins


def read(source: str | Path | Image | NDArray[Any], longest: int) -> tuple[Pixels, tuple[int, int]]:
    """Return a picture as uint8 [height, width, 3], upright, and its own (width, height).

    EXIF data are honoured, transparent parts take the ground that the ink stands out from, and
    CMYK, 16-bit, palette and grey pictures become RGB. Where the longest side is over `longest`
    pixels the picture is reduced to that, by area.

    Args:
        source: a file, a Pillow image, or an array [height, width] or [height, width, 1, 3 or 4]
            of bytes, booleans or floats within [0, 1].
        longest: most pixels along a side of what is returned.

    Raises:
        InputError: no such picture, not one picture, or one of more than 50 megapixels.
    """
    if isinstance(source, (str, Path)):
        return _read_file(Path(source), longest)
    if isinstance(source, np.ndarray):
        return _reduced(_from_array(source), longest)
    return _prepared(source, "the picture", longest)


def quarter_turned(
    pixels: Pixels, size: tuple[int, int], turns: int
) -> tuple[Pixels, tuple[int, int]]:
    """Return a picture [height, width, 3] and its own (width, height), turned counter-clockwise.

    Args:
        pixels: the picture.
        size: the size it had before it was reduced.
        turns: quarters of a turn.
    """
    upright = np.ascontiguousarray(np.rot90(pixels, turns))
    return upright, size[::-1] if turns % 2 else size


def _read_file(path: Path, longest: int) -> tuple[Pixels, tuple[int, int]]:
    import PIL
    from PIL import Image as pillow

    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {kind}; give one picture file")
    if not path.stat().st_size:
        raise InputError(f"{path} is an empty file; give a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pillow.DecompressionBombWarning)  # the limit is ours
            image = pillow.open(path, formats=FORMATS)
        with image:
            return _prepared(image, str(path), longest)
    except PIL.UnidentifiedImageError as error:
        raise InputError(f"{path} is no picture; allowed are {', '.join(FORMATS)}") from error
    except pillow.DecompressionBombError as error:
        raise InputError(
            f"{path} has over {limits.MAX_PICTURE_PIXELS:,} pixels; reduce it first"
        ) from error


def _prepared(image: Image, name: str, longest: int) -> tuple[Pixels, tuple[int, int]]:
    """Decode a picture that is small enough, turn it upright, and make it RGB."""
    from PIL import ImageOps

    width, height = image.size
    _check_size(name, width, height)
    pictures = getattr(image, "n_frames", 1)
    if pictures > 1 and image.format in ("GIF", "PNG", "WEBP"):
        raise InputError(f"{name} is an animation of {pictures} pictures; give one of them")
    try:
        share = longest / max(width, height, longest)
        image.draft("RGB", (round(width * share), round(height * share)))  # JPEG: decode it smaller
        image.load()
        on_its_side = image.getexif().get(_ORIENTATION, 1) >= 5
        upright = ImageOps.exif_transpose(image)
    except Exception as error:  # decoders raise all sorts of things at damaged files
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"{name} cannot be decoded ({reason}); save it anew") from error
    pixels, _ = _reduced(_to_rgb(upright), longest)
    return pixels, (height, width) if on_its_side else (width, height)


def _check_size(name: str, width: int, height: int) -> None:
    if width * height > limits.MAX_PICTURE_PIXELS:
        raise InputError(
            f"{name} has {width}x{height} pixels, over {limits.MAX_PICTURE_PIXELS:,}; "
            "reduce or crop it first"
        )


def _to_rgb(image: Image) -> Pixels:
    if image.mode.startswith("I"):  # 16 bits
        levels = (np.asarray(image) / 257).round().clip(0, 255).astype(np.uint8)
        return np.repeat(levels[..., None], 3, axis=2)
    if image.has_transparency_data:
        return _on_ground(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def _from_array(array: NDArray[Any]) -> Pixels:
    colour = array.ndim == 3 and array.shape[2] in (1, 3, 4)
    if not (array.ndim == 2 or colour) or 0 in array.shape or array.dtype.kind not in "uifb":
        raise InputError(
            "a picture is an array [height, width] or [height, width, 1, 3 or 4] of numbers; "
            f"received {array.dtype} {list(array.shape)}"
        )
    _check_size("the picture", array.shape[1], array.shape[0])
    levels = as_uint8(array, "the picture")
    if colour and array.shape[2] == 4:
        return _on_ground(levels)
    return (
        levels if array.shape[2:] == (3,) else np.repeat(levels.reshape(*levels.shape[:2], 1), 3, 2)
    )


def _on_ground(pixels: Pixels) -> Pixels:
    """Lay RGBA on a ground: the colour of the paper, or what ink on nothing stands out from."""
    colour, opacity = pixels[..., :3].astype(np.float32), pixels[..., 3:] / np.float32(255)
    if opacity.mean() >= _OPAQUE:
        ground = np.median(colour[opacity[..., 0] > _OPAQUE], axis=0)
    else:
        light = (colour.mean(axis=2, keepdims=True) * opacity).sum() > 127.5 * opacity.sum()
        ground = np.full(3, 0 if light else 255)
    return (ground + (colour - ground) * opacity).round().astype(np.uint8)


def _reduced(pixels: Pixels, longest: int) -> tuple[Pixels, tuple[int, int]]:
    """Reduce to `longest` pixels along a side, by area; also the (width, height) it had."""
    from PIL import Image as pillow

    height, width = pixels.shape[:2]
    if max(width, height) <= longest:
        return pixels, (width, height)
    share = longest / max(width, height)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    image = pillow.fromarray(pixels).resize(size, pillow.Resampling.BOX)
    return np.asarray(image), (width, height)
