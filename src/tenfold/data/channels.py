"""Grey and coloured images: uint8 ``[n, height, width]`` and ``[n, height, width, 3]``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold.core.image_shape import CHANNELS
from tenfold.data.lazy_images import in_chunks

Images = npt.NDArray[np.uint8]

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
