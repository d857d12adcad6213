"""Whatever arrays a file holds -> uint8 [n, 28, 28] and int64 [n], or a refusal in one line."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.dataset import Images, Labels

if TYPE_CHECKING:
    from PIL.Image import Image

# Luma after ITU-R BT.601 in 16-bit fixed point, as Pillow has it.
_GREY = np.array([19595, 38470, 7471], np.uint32)


def as_images(array: NDArray[Any], where: str, resize: bool = False) -> Images:
    """Return images as uint8 [n, 28, 28].

    Takes uint8, other whole numbers within 0 to 255, and floats within [0, 1], which are
    multiplied by 255 and rounded; [n, height, width], [n, pixels] of square images, and
    [n, height, width, channels] with 1 channel, 3 or 4, where colour is turned to grey and the
    fourth channel is dropped. Other sizes than 28x28 are resized if `resize`.

    Args:
        array: the values.
        where: what to call them in an error.
        resize: bring other sizes to 28x28.

    Raises:
        InputError: anything else.

    Examples:
        >>> as_images(np.full((2, 784), 0.5), "x_train").shape
        (2, 28, 28)
    """
    stack = as_stack(array, where)
    if not len(stack):
        raise InputError(f"{where} holds no images; at least one a class is needed")
    pixels = as_grey(as_bytes(stack, where))
    if pixels.shape[1:] == (SIDE, SIDE):
        return np.ascontiguousarray(pixels)
    if not resize:
        raise wrong_size(where, *pixels.shape[2:0:-1])
    from PIL import Image

    return np.stack([shrink(Image.fromarray(image)) for image in pixels])


def as_stack(array: NDArray[Any], where: str) -> NDArray[Any]:
    """Return [n, pixels] as [n, side, side], and other shapes of images as they are."""
    if array.dtype.kind not in "uifb":
        raise InputError(f"{where} must be numbers; received {array.dtype}")
    if array.ndim == 2 and array.shape[1] and isqrt(array.shape[1]) ** 2 == array.shape[1]:
        side = isqrt(array.shape[1])
        return array.reshape(-1, side, side)
    colour = array.ndim == 4 and array.shape[3] in (1, 3, 4)
    if not (array.ndim == 3 or colour) or 0 in array.shape[1:]:
        raise InputError(
            f"{where} must be images [n, height, width], [n, height, width, 1 or 3] or "
            f"[n, pixels]; received {list(array.shape)}"
        )
    return array


def as_bytes(pixels: NDArray[Any], where: str) -> Images:
    """Return grey levels as uint8: whole numbers within 0 to 255 or floats within [0, 1]."""
    if pixels.dtype == np.uint8:
        return pixels
    whole = pixels.dtype.kind in "uib"
    low, high = pixels.min(), pixels.max()
    if not whole and not np.isfinite(low + high):
        raise InputError(f"{where} has pixels that are NaN or infinite; remove or repair them")
    top = 255 if whole else 1
    if low < 0 or high > top:
        allowed = "whole numbers must be 0 to 255" if whole else "floats must be 0 to 1"
        raise InputError(
            f"{where} has {pixels.dtype} pixels from {low:g} to {high:g}; {allowed}, so rescale "
            "them or save them as uint8"
        )
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * np.uint8(255)
    return (pixels if whole else np.rint(pixels * 255)).astype(np.uint8)


def as_labels(array: NDArray[Any], where: str) -> Labels:
    """Return labels as int64 [n].

    Takes whole numbers from 0 to 255, floats that are whole, [n, 1], and one-hot [n, classes].

    Raises:
        InputError: anything else.

    Examples:
        >>> as_labels(np.eye(3)[[2, 0]], "y_train")
        array([2, 0])
    """
    if array.dtype.kind not in "uifb":
        raise InputError(f"{where} must be numbers; received {array.dtype}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    elif array.ndim == 2 and _is_one_hot(array):
        array = array.argmax(axis=1)
    if array.ndim != 1:
        raise InputError(
            f"{where} must be labels [n] or one-hot [n, classes]; received {list(array.shape)}"
        )
    if not array.size:
        return np.zeros(0, np.int64)
    odd = array[~((array >= 0) & (array < limits.MAX_CLASSES) & (array == np.floor(array)))]
    if odd.size:
        raise InputError(
            f"{where} has the label {odd[0]}; labels are whole numbers from 0 to "
            f"{limits.MAX_CLASSES - 1}"
        )
    return array.astype(np.int64)


def wrong_size(where: str, width: int, height: int) -> InputError:
    """Return the refusal of images that are not 28x28 when nobody asked to resize them."""
    return InputError(
        f"{where}: images are {width}x{height} pixels where {SIDE}x{SIDE} is needed; "
        "add --resize (resize=True in Python) to bring them to size"
    )


def shrink(image: Image) -> Images:
    """Return a grey image as uint8 [28, 28], its proportions kept.

    What is not square is first centred on a square in the middle tone of its own border.
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


def as_grey(pixels: Images) -> Images:
    """Turn [n, height, width, channels] to grey; the fourth channel is dropped."""
    if pixels.ndim == 3:
        return pixels
    if pixels.shape[3] == 1:
        return pixels[..., 0]
    return ((pixels[..., :3] @ _GREY + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint8)


def _is_one_hot(array: NDArray[Any]) -> bool:
    return bool(
        array.shape[1] > 1 and np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all()
    )
