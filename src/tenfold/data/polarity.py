"""Polarity: light ink on a dark background, as in MNIST, or dark on light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold.data.lazy_images import in_chunks

MID_GREY = 127.5
_BORDER_WIDTH = 2
_CLEAR_SHARE = 0.9


def border_level(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the mean grey level of the outermost pixels of each image.

    Args:
        images: uint8 ``[n, height, width]`` or ``[n, height, width, 3]``.

    Returns:
        float64 ``[n]``, 0 to 255.

    Example:
        >>> border_level(np.pad(np.zeros((1, 26, 26), np.uint8), ((0, 0), (1, 1), (1, 1)),
        ...              constant_values=9)).tolist()
        [9.0]
    """
    return np.concatenate([_border_level(chunk) for chunk in in_chunks(images)])


def _border_level(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    sides = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    border = np.concatenate(sides, axis=1)
    levels: npt.NDArray[np.float64] = border.reshape(len(images), -1).mean(axis=1)
    return levels


def count_inverted(images: npt.NDArray[np.uint8], border: float) -> int:
    """Return how many images have a light border where a dark one is expected, or the reverse.

    Coloured images are not drawn in ink, so none of them counts.

    Args:
        images: uint8 ``[n, height, width]`` or ``[n, height, width, 3]``.
        border: expected grey level of the border, 0 to 255.

    Example:
        >>> count_inverted(np.full((2, 28, 28), 255, np.uint8), border=0.0)
        2
    """
    if images.ndim == 4:
        return 0
    return int(((border_level(images) > MID_GREY) != (border > MID_GREY)).sum())


def ink_contrast(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return how much lighter the centre of each image is than its border of 2 pixels.

    Args:
        images: uint8 ``[n, height, width]`` or ``[n, height, width, 3]``.

    Returns:
        Difference of mean grey levels, float64 ``[n]``: above 0 for light ink on dark.
    """
    inner = images[:, _BORDER_WIDTH:-_BORDER_WIDTH, _BORDER_WIDTH:-_BORDER_WIDTH]
    axes = tuple(range(1, images.ndim))
    total = images.sum(axis=axes, dtype=np.int64)
    centre = inner.sum(axis=axes, dtype=np.int64)
    area, size = inner[0].size, images[0].size
    contrast: npt.NDArray[np.float64] = centre / area - (total - centre) / (size - area)
    return contrast


def describe_polarity(light_share: float) -> str:
    """Return the polarity in words.

    Args:
        light_share: share of images with light ink on dark.

    Example:
        >>> describe_polarity(0.98), describe_polarity(0.5)
        ('light ink on dark', 'mixed')
    """
    if light_share >= _CLEAR_SHARE:
        return "light ink on dark"
    return "dark ink on light" if light_share <= 1 - _CLEAR_SHARE else "mixed"
