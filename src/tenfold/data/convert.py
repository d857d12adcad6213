"""Conversion of arrays: images to uint8 [n, 28, 28], labels to int64 [n].

Files of data go through `as_images` and `as_labels`, inputs of a network through `as_batch`.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError, InputWarning
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.dataset import Images
from tenfold.data.value_range import BYTE, ValueRange, to_uint8

if TYPE_CHECKING:
    from PIL.Image import Image

# Luma after ITU-R BT.601 in 16-bit fixed point, as Pillow computes it.
_LUMA_WEIGHTS = np.array([19595, 38470, 7471], np.uint32)
_CHANNELS = (1, 3, 4)


def as_images(array: NDArray[Any], name: str, resize: bool = False) -> Images:
    """Convert the images of a dataset to uint8 [n, 28, 28].

    Args:
        array: pixels in any range of `value_range`. [n, height, width], or flat [n, pixels] or
            [n, pixels, 1] of square images, or [n, height, width, channels] with 1, 3 or 4
            channels: colour becomes greyscale, and the fourth channel is dropped.
        name: for error messages.
        resize: bring other sizes to 28x28.

    Raises:
        InputError: another type, shape or range, no images, or another size without `resize`.

    Examples:
        >>> as_images(np.full((2, 784), 0.5), "x_train").shape
        (2, 28, 28)
    """
    stack = _as_stack(array, name)
    if not len(stack):
        raise InputError(f"{name} holds no images; at least one a class is needed")
    pixels = _as_greyscale(stack if stack.dtype == np.uint8 else as_uint8(stack, name))
    if pixels.shape[1:] == (SIDE, SIDE):
        return np.ascontiguousarray(pixels)
    if not resize:
        raise wrong_size(name, *pixels.shape[2:0:-1])
    from PIL import Image

    return np.stack([resize_to_square(Image.fromarray(image)) for image in pixels])


def as_batch(
    values: Any,
    shape: tuple[int, int],
    pixels: str | None = None,
    trained: ValueRange = BYTE,
) -> Images:
    """Convert one image or several, as users pass them to a network, to uint8 [n, height, width].

    Args:
        values: in any range of `value_range`: [height, width] or [n, height, width],
            either with a last axis of 1, 3 or 4 channels, [pixels] or [n, pixels].
        shape: height and width of an image.
        pixels: the values of black and white, as for `value_range.parse`; None to recognize them.
        trained: the range of the images that the network was trained on.

    Raises:
        InputError: the array has another shape, no images, or values of no certain range.

    Warns:
        InputWarning: the values are in another range than those of the training images.

    Example:
        >>> as_batch(np.zeros(784), (28, 28)).shape
        (1, 28, 28)
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("images: they differ in size; give them one shape") from None
    height, width = shape

    def is_batch(shape: tuple[int, ...]) -> bool:
        is_image = shape[1:3] == (height, width)
        return is_image and (len(shape) == 3 or (len(shape) == 4 and shape[3] in _CHANNELS))

    if array.shape == (height * width,) or is_batch((1, *array.shape)):
        array = array[None]
    is_flat = array.ndim == 2 or (array.ndim == 3 and 1 in array.shape[1:])
    if is_flat and array[:1].size == height * width:
        array = array.reshape(-1, height, width)
    if not is_batch(array.shape):
        raise InputError(
            f"images: received shape {list(np.shape(array))}; give [{height}, {width}], "
            f"[n, {height}, {width}] or [n, {height * width}]"
        )
    if not len(array):
        raise InputError("images: there are none; give at least one")
    require_numbers(array, "images")
    return _as_greyscale(as_uint8(array, "images", pixels, trained))


def as_uint8(
    values: NDArray[Any],
    name: str,
    pixels: str | None = None,
    trained: ValueRange | None = None,
) -> Images:
    """Convert grey levels of any shape to 0 to 255.

    Args:
        values: in any range of `value_range`.
        name: for error messages.
        pixels: the values of black and white, as for `value_range.parse`; None to recognize them.
        trained: for inputs of a network, the range of its training images.

    Raises:
        InputError: values are NaN, infinite, out of range, or in no certain range.
    """
    converted, warning = to_uint8(values, name, pixels, trained)
    if warning:
        warn(warning, InputWarning, stacklevel=4)
    return converted


def as_labels(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Convert labels to int64 [n], or to str [n] if they are text.

    Args:
        array: whole numbers from 0 on, as integers or floats, or -1 and 1 for two classes; or
            text. [n], [n, 1], [1, n], or numbers in one-hot form [n, classes].
        name: for error messages.

    Raises:
        InputError: another type, shape or range, or a label is missing.

    Examples:
        >>> as_labels(np.eye(3)[[2, 0]], "y_train")
        array([2, 0])
        >>> as_labels(np.array([b"cat", b"dog"]), "y_train").tolist()
        ['cat', 'dog']
    """
    array = np.asarray(array)
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.dtype.kind in "OSU":
        array = _as_text(array, name)
    if array.dtype.kind == "U":
        return array
    require_numbers(array, name)
    if array.ndim == 2 and _is_one_hot(array):
        array = array.argmax(axis=1)
    elif array.ndim == 2 and _is_one_hot(array.T):  # as files of MATLAB have it
        array = array.argmax(axis=0)
    if array.ndim == 2 and np.isin(array, (0, 1)).all():
        raise InputError(
            f"{name} gives images several classes or none ({list(array.shape)}); one class an "
            "image is supported"
        )
    if array.ndim != 1:
        raise InputError(
            f"{name} must be labels [n] or one-hot [n, classes]; received {list(array.shape)}"
        )
    if set(np.unique(array[:1000])) == {-1, 1} and np.isin(array, (-1, 1)).all():
        return array.astype(np.int64)
    allowed = (array >= 0) & (array < 2**31) & (array == np.floor(array))
    if not allowed.all():
        raise InputError(
            f"{name} has the label {array[~allowed][0]}; labels are whole numbers from 0 on, or "
            "text"
        )
    return array.astype(np.int64)


def _as_text(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return text as str [n]; objects that are numbers become an array of numbers."""
    if array.ndim != 1:
        raise InputError(f"{name} must be labels [n]; received {list(array.shape)} of text")
    values = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in array.tolist()]
    if any(isinstance(value, str) for value in values):
        texts = [value.strip() if isinstance(value, str) else "" for value in values]
        if "" in texts:
            raise InputError(f"{name}: the label at index {texts.index('')} is missing")
        return np.array(texts)
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers or text; received {array.dtype}") from None


def resize_to_square(image: Image) -> Images:
    """Resize a greyscale image to uint8 [28, 28] and keep its proportions.

    An image that is not square is first padded with the median grey level of its border.
    """
    from PIL import Image as pillow

    width, height = image.size
    if width != height:
        levels = np.asarray(image)
        border = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
        side = max(width, height)
        square = pillow.new("L", (side, side), int(np.median(border)))
        square.paste(image, ((side - width) // 2, (side - height) // 2))
        image = square
    if image.size != (SIDE, SIDE):
        image = image.resize((SIDE, SIDE), pillow.Resampling.BICUBIC)
    return np.asarray(image)


def wrong_size(name: str, width: int, height: int) -> InputError:
    """Return the error for images that are not 28x28 if resizing was not requested."""
    return InputError(
        f"{name}: images are {width}x{height} pixels where {SIDE}x{SIDE} is needed; "
        "add --resize (resize=True in Python) to bring them to size"
    )


def _as_stack(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return [n, pixels] as [n, side, side], and channels on the last axis."""
    require_numbers(array, name)
    if array.ndim == 3 and 1 in array.shape[1:]:  # [n, pixels, 1], as for Conv1D
        array = array.reshape(len(array), -1)
    if array.ndim == 4 and array.shape[1] in _CHANNELS and array.shape[3] not in _CHANNELS:
        array = np.moveaxis(array, 1, 3)
    if array.ndim == 2 and array.shape[1] and isqrt(array.shape[1]) ** 2 == array.shape[1]:
        side = isqrt(array.shape[1])
        return array.reshape(-1, side, side)
    has_channels = array.ndim == 4 and array.shape[3] in _CHANNELS
    if not (array.ndim == 3 or has_channels) or 0 in array.shape[1:]:
        raise InputError(
            f"{name} must be images [n, height, width], [n, height, width, 1 or 3] or "
            f"[n, pixels]; received {list(array.shape)}"
        )
    return array


def _as_greyscale(pixels: Images) -> Images:
    """Convert [n, height, width, channels] to greyscale; a fourth channel is dropped."""
    if pixels.ndim == 3:
        return pixels
    if pixels.shape[3] == 1:
        return pixels[..., 0]
    luma = (pixels[..., :3] @ _LUMA_WEIGHTS + np.uint32(0x8000)) >> np.uint32(16)
    return luma.astype(np.uint8)


def require_numbers(array: NDArray[Any], name: str) -> None:
    """Raise InputError if an array holds anything but numbers and truth values."""
    if array.dtype.kind not in "uifb":
        raise InputError(f"{name} must be numbers; received {array.dtype}")


def _is_one_hot(array: NDArray[Any]) -> bool:
    return bool(
        array.shape[1] > 1
        and (np.isin(array, (0, 1)).all() or np.isin(array, (-1, 1)).all())
        and ((array > 0).sum(axis=1) == 1).all()
    )
