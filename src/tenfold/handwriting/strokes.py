"""Strokes of a pen: width, blurred edges and slant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]


def stroke_width(ink: Mask) -> float:
    """Return the stroke width in pixels: twice the median distance of skeletons from the edge.

    Args:
        ink: bool ``[height, width]``.

    Examples:
        >>> stroke = np.zeros((40, 40), bool)
        >>> stroke[5:35, 18:24] = True
        >>> stroke_width(stroke)
        5.5
    """
    from skimage.morphology import skeletonize

    padded = np.pad(ink, 1)
    distance = ndimage.distance_transform_edt(padded)
    skeleton = skeletonize(padded)
    return float(2 * np.median(distance[skeleton]) - 0.5) if skeleton.any() else 1.0


def sharpen(mask: Mask, core: Mask) -> Mask:
    """Return ink without its blurred edges; skeletons keep strokes connected.

    Args:
        mask: bool ``[height, width]``, the ink.
        core: bool ``[height, width]``, ink without blurred edges.
    """
    from skimage.morphology import skeletonize

    sharp: Mask = mask & (core | skeletonize(mask))
    return sharp


def deslanted(ink: Mask) -> Mask:
    """Return a digit sheared so that its second moments have no slant.

    Args:
        ink: bool ``[height, width]``.

    Examples:
        >>> stroke = np.eye(30, dtype=bool) | np.eye(30, k=1, dtype=bool)
        >>> int(stroke.any(axis=0).sum()), int(deslanted(stroke).any(axis=0).sum())
        (30, 2)
    """
    rows, columns = np.nonzero(ink)
    centred = rows - rows.mean()
    variance = (centred**2).sum()
    slant = float((centred * columns).sum() / variance) if variance else 0.0
    margin = int(abs(slant) * len(ink) / 2) + 1
    padded = np.pad(ink, ((0, 0), (margin, margin))).astype(np.float32)
    matrix = np.array([[1, 0], [slant, 1]])
    offset = (0, -slant * float(rows.mean()))
    sheared: Mask = ndimage.affine_transform(padded, matrix, offset, order=1) > 0.5
    return sheared if sheared.any() else ink
