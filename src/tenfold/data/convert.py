"""Conversion of arrays: images to uint8 [n, height, width] or with 3 channels, labels to int64 [n].

Files of data go through `as_images` and `as_labels`, inputs of a network through `as_batch`.
"""

from __future__ import annotations

from math import isqrt, prod
from pathlib import PurePath
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError, InputWarning
from tenfold.core.image_shape import CHANNELS, ImageShape, is_colour, is_image_shape, size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.array_types import Images
from tenfold.data.channels import from_flat_colours, is_flat_colour, to_colour, to_grey
from tenfold.data.multi_label import is_one_hot
from tenfold.data.value_range import BYTE, ValueRange, to_uint8

_CHANNELS = (1, 3, 4)
UNKNOWN = -1
"""The label of all images of a test split that is published without labels."""


def as_images(array: NDArray[Any], name: str, resize: bool = False) -> Images:
    """Convert the images of a dataset to uint8 [n, height, width] or [n, height, width, 3].

    Args:
        array: pixels in any range of `value_range`. [n, height, width], or flat [n, pixels] or
            [n, pixels, 1] of square images, grey or of three colours, or
            [n, height, width, channels] with 1, 3 or 4 channels, of which the fourth is dropped.
        name: for error messages.
        resize: bring other sizes to 28x28.

    Raises:
        InputError: another type, shape or range, no images, or sides that are not 8 to 128 pixels
            without `resize`.

    Examples:
        >>> as_images(np.full((2, 784), 0.5), "x_train").shape
        (2, 28, 28)
    """
    pixels = as_pixels(array, name)
    if resize:
        return resized(pixels, (SIDE, SIDE))
    require_size(name, pixels.shape[1:])
    return np.ascontiguousarray(pixels)


def as_pixels(array: NDArray[Any], name: str) -> Images:
    """Convert images of any size, otherwise as `as_images`."""
    stack = _as_stack(array, name)
    if not len(stack):
        raise InputError(f"{name} holds no images; at least one a class is needed")
    return _with_channels(stack if stack.dtype == np.uint8 else as_uint8(stack, name))


def as_batch(
    values: Any,
    shape: ImageShape,
    pixels: str | None = None,
    trained: ValueRange = BYTE,
) -> Images:
    """Convert one image or several, as users pass them to a network, to uint8 [n, *shape].

    Args:
        values: in any range of `value_range`: [height, width] or [n, height, width],
            either with a last axis of 1, 3 or 4 channels, [n, channels, height, width], [pixels]
            or [n, pixels]. Colours become grey, or grey becomes colours, as the network needs; a
            fourth channel is dropped.
        shape: of an image.
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
    if values is None or isinstance(values, (str, bytes, PurePath)):
        raise InputError(
            f"images: received {type(values).__name__}; give arrays; tenfold predict reads files"
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("images: they differ in size; give them one shape") from None

    def is_batch(array_shape: tuple[int, ...]) -> bool:
        is_image = array_shape[1:3] == shape[:2]
        return is_image and (
            len(array_shape) == 3 or (len(array_shape) == 4 and array_shape[3] in _CHANNELS)
        )

    if array.shape == (prod(shape),) or is_batch((1, *array.shape)):
        array = array[None]
    is_flat = array.ndim == 2 or (array.ndim == 3 and 1 in array.shape[1:])
    if is_flat and array[:1].size == prod(shape):
        array = array.reshape(-1, *shape)
    if array.ndim == 4 and not is_batch(array.shape) and array.shape[1] in _CHANNELS:
        array = np.moveaxis(array, 1, -1)  # as PyTorch has them
    if not is_batch(array.shape):
        one = ", ".join(map(str, shape))
        raise InputError(
            f"images: received shape {list(np.shape(array))}; give [{one}], [n, {one}] or "
            f"[n, {prod(shape)}]"
        )
    if not len(array):
        raise InputError("images: there are none; give at least one")
    require_numbers(array, "images")
    images = _with_channels(as_uint8(array, "images", pixels, trained))
    return to_colour(images) if is_colour(shape) else to_grey(images)


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
    """Convert labels to int64 [n], to str [n] if they are text, or to rows, uint8 [n, labels].

    Args:
        array: whole numbers from 0 on, as integers or floats, or -1 and 1 for two classes, or
            `UNKNOWN` throughout; or text. [n], [n, 1], [1, n], or rows of 0 and 1
            [n, labels], one-hot or not, of which `multi_label.settled` decides what they mean.
        name: for error messages.

    Raises:
        InputError: another type, shape or range, or a label is missing.

    Examples:
        >>> as_labels(np.eye(3)[[2, 0]], "y_train").tolist()
        [[0, 0, 1], [1, 0, 0]]
        >>> as_labels(np.array([b"cat", b"dog"]), "y_train").tolist()
        ['cat', 'dog']
    """
    array = np.asarray(array)
    if array.ndim > 1 and array.size == max(array.shape):  # [n, 1], or [n, 1, 1, 1] as in PCam
        array = array.reshape(-1)
    if array.dtype.kind in "OSU":
        array = _as_text(array, name)
    if array.dtype.kind == "U":
        return array
    require_numbers(array, name)
    if array.ndim == 2 and array.size:
        is_binary = np.isin(array, (0, 1)).all() or np.isin(array, (-1, 1)).all()
        if is_binary and len(array) < array.shape[1] and is_one_hot(array.T):
            array = array.T  # as files of MATLAB have it
        if is_binary and (array.min() == 0 or is_one_hot(array)):
            return (array > 0).astype(np.uint8)
    if array.ndim != 1:
        raise InputError(
            f"{name} must be labels [n], or [n, labels] of 0 and 1; received {list(array.shape)}"
            + " of probabilities" * (array.ndim == 2 and array.dtype.kind == "f")
        )
    if set(np.unique(array[:1000])) == {-1, 1} and np.isin(array, (-1, 1)).all():
        return array.astype(np.int64)
    if np.isnan(array).any():
        raise InputError(f"{name}: the label at index {int(np.isnan(array).argmax())} is missing")
    if len(array) and (array == UNKNOWN).all():
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


def resized(images: Images, size: tuple[int, int]) -> Images:
    """Resize images to a height and a width, and keep their proportions.

    Images of other proportions are first padded with the median of their border.

    Args:
        images: uint8 [n, height, width] or [n, height, width, 3].
        size: height and width.

    Example:
        >>> resized(np.zeros((2, 56, 28, 3), np.uint8), (28, 28)).shape
        (2, 28, 28, 3)
    """
    from PIL import Image

    if images.shape[1:3] == size:
        return np.ascontiguousarray(images)
    height, width = size
    return np.stack(
        [
            np.asarray(
                Image.fromarray(_padded(image, width / height)).resize(
                    (width, height), Image.Resampling.BICUBIC
                )
            )
            for image in images
        ]
    )


def _padded(image: Images, aspect: float) -> Images:
    """Pad an image to a width by height with the median of its border."""
    height, width = image.shape[:2]
    tall, wide = max(height, round(width / aspect)), max(width, round(height * aspect))
    if (tall, wide) == (height, width):
        return np.ascontiguousarray(image)
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    padded = np.empty((tall, wide, *image.shape[2:]), np.uint8)
    padded[:] = np.median(border, axis=0).astype(np.uint8)
    top, left = (tall - height) // 2, (wide - width) // 2
    padded[top : top + height, left : left + width] = image
    return padded


def require_size(name: str, shape: ImageShape) -> None:
    """Refuse images whose sides are not 8 to 128 pixels.

    Raises:
        InputError: they are not; the message begins with `name`.
    """
    if not is_image_shape(shape):
        low, high = limits.MIN_IMAGE_SIDE, limits.MAX_IMAGE_SIDE
        raise InputError(
            f"{name}: images are {size_text(shape[:2])} pixels; sides of {low} to {high} are "
            f"supported; add --resize (resize=True in Python) to bring them to {SIDE}x{SIDE}"
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
    if array.ndim == 2 and is_flat_colour(array.shape[1], limits.MIN_IMAGE_SIDE):
        return from_flat_colours(array, name)
    has_channels = array.ndim == 4 and array.shape[3] in _CHANNELS
    if not (array.ndim == 3 or has_channels) or 0 in array.shape[1:]:
        raise InputError(
            f"{name} must be images [n, height, width], [n, height, width, 1 or 3] or "
            f"[n, pixels]; received {list(array.shape)}"
        )
    return array


def _with_channels(pixels: Images) -> Images:
    """Return [n, height, width, channels] without a single channel, or without the fourth."""
    if pixels.ndim == 3:
        return pixels
    return pixels[..., 0] if pixels.shape[3] == 1 else pixels[..., :CHANNELS]


def require_numbers(array: NDArray[Any], name: str) -> None:
    """Raise InputError if an array holds anything but numbers and truth values."""
    if array.dtype.kind not in "uifb":
        raise InputError(f"{name} must be numbers; received {array.dtype}")
