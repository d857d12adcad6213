"""Grey and coloured images: uint8 ``[n, height, width]`` and ``[n, height, width, 3]``."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.image_shape import CHANNELS
from tenfold.data.lazy_images import in_chunks

Images = npt.NDArray[np.uint8]

_LOOKED_AT = 500  # images
_CLEARLY = 0.8  # roughness of the right order, as a share of that of the other

# Luma after ITU-R BT.601 in 16-bit fixed point, as Pillow computes it.
_LUMA_WEIGHTS = np.array([19595, 38470, 7471], np.uint32)


def to_grey(images: Images) -> Images:
    """Convert images to grey by their luma; grey ones are returned as they are.

    Example:
        >>> to_grey(np.full((1, 2, 2, 3), 7, np.uint8)).tolist()
        [[[7, 7], [7, 7]]]
    """
    if images.ndim == 3:
        return images
    return np.concatenate([_luma(chunk) for chunk in in_chunks(images)] or [images[..., 0]])


def _luma(images: Images) -> Images:
    return ((images @ _LUMA_WEIGHTS + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint8)


def to_colour(images: Images) -> Images:
    """Repeat the channel of grey images; coloured ones are returned as they are.

    Example:
        >>> to_colour(np.zeros((1, 2, 2), np.uint8)).shape
        (1, 2, 2, 3)
    """
    return images if images.ndim == 4 else images[..., None].repeat(CHANNELS, axis=3)


def has_colour(images: Images) -> bool:
    """Return whether any pixel has a colour: its three channels differ.

    Example:
        >>> has_colour(np.full((1, 2, 2, 3), 7, np.uint8))
        False
    """
    if images.ndim == 3:
        return False
    return any((chunk != chunk[..., :1]).any() for chunk in in_chunks(images))


def from_flat_colours(flat: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return [n, 3 x side x side] as [n, side, side, 3].

    The colours of a pixel are neighbours, or each colour is a plane, as in CIFAR: in the right
    order, neighbouring pixels are more alike.

    Args:
        flat: pixels in any range.
        name: for error messages.

    Raises:
        InputError: both orders are equally plausible.

    Example:
        >>> ramp = np.arange(8.0)[None, :, None] * [1, 0, 2] + np.zeros((8, 8, 3))
        >>> from_flat_colours(ramp.reshape(1, -1), "x").tolist() == [ramp.tolist()]
        True
    """
    side = isqrt(flat.shape[1] // CHANNELS)
    neighbours = flat.reshape(-1, side, side, CHANNELS)
    planes = np.moveaxis(flat.reshape(-1, CHANNELS, side, side), 1, 3)
    step = max(1, len(flat) // _LOOKED_AT)
    rough = [_roughness(images[::step]) for images in (neighbours, planes)]
    if min(rough) > _CLEARLY * max(rough):
        raise InputError(
            f"{name}: {flat.shape[1]:,} values can be {side}x{side} pixels of three colours, and "
            f"their order is not clear; save them as [n, {side}, {side}, 3]"
        )
    return neighbours if rough[0] < rough[1] else planes


def is_flat_colour(count: int, smallest: int = 1) -> bool:
    """Return whether a number of values is that of a square image of three colours.

    Example:
        >>> is_flat_colour(3072), is_flat_colour(784)
        (True, False)
    """
    side = isqrt(count // CHANNELS)
    return side >= smallest and CHANNELS * side * side == count


def _roughness(images: npt.NDArray[Any]) -> float:
    """The mean difference of neighbouring pixels."""
    values = images.astype(np.float32)
    return float(sum(np.abs(np.diff(values, axis=axis)).mean() for axis in (1, 2)))
