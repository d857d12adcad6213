"""The shape of one digit: its stroke width, its slant, and MNIST's own 28x28 image of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE as SIDE

Mask = NDArray[np.bool_]
BOX = 20  # MNIST's digits fill a box of 20x20
FOOTPRINT = 0.99  # of a pixel, in area resampling: Yadav & Bottou (2019)
# Widths between MNIST's 5th and 95th percentile, in pixels of the 20x20 box, are left alone.
THINNEST, THICKEST = 1.9, 4.2


def mnist_image(ink: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the image uint8 [28, 28] that MNIST would hold of a digit.

    The digit's bounding box is padded to a square of at least 10 pixels, doubled while under 20,
    resampled by area to 20x20, scaled so that its strongest ink is 255, and pasted so that its
    barycentre lies in pixel (14, 15). After Yadav & Bottou (2019), "Cold case: the lost MNIST
    digits", who match all but 147 of MNIST's images to within 3 grey levels by it.

    Args:
        ink: [height, width], above 0 where there is ink; booleans, or levels of ink.

    Raises:
        InputError: `ink` has another shape, or there is no ink in it.

    Examples:
        >>> stroke = np.zeros((60, 60), bool)
        >>> stroke[10:50, 28:34] = True
        >>> image = mnist_image(stroke)
        >>> image.shape, int(image.max()), int(image[14, 14])
        ((28, 28), 255, 255)
    """
    ink = np.asarray(ink)
    if ink.ndim != 2 or ink.dtype.kind not in "uifb":
        raise InputError(f"ink must be numbers [height, width]; received {ink.dtype} {ink.shape}")
    if not (ink > 0).any():
        raise InputError("there is no ink in this digit; every level is 0")
    square = _square(cropped(ink).astype(np.float64))
    while len(square) < BOX:
        square = square.repeat(2, axis=0).repeat(2, axis=1)
    levels = _resampling(len(square)) @ square @ _resampling(len(square)).T
    return _centred((levels * (255 / levels.max())).round().astype(np.uint8))


def cropped(ink: NDArray[Any]) -> NDArray[Any]:
    """Return the part of an array [height, width] within the bounding box of what is above 0."""
    rows, columns = (np.flatnonzero((ink > 0).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _square(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = ink.shape
    side = max(height, width, 10)
    square = np.zeros((side, side))
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink
    return square


@lru_cache(maxsize=64)
def _resampling(side: int) -> NDArray[np.float64]:
    """Return the weights [20, side] of area resampling with a footprint of 0.99 pixels."""
    centres = (np.arange(BOX) + 0.5) * side / BOX
    half = FOOTPRINT * side / BOX / 2
    low, high = centres - half, centres + half
    cells = np.arange(side)
    overlap = np.minimum(high[:, None], cells + 1) - np.maximum(low[:, None], cells)
    weights: NDArray[np.float64] = overlap.clip(0) / (2 * half)
    return weights


def _centred(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paste a digit [20, 20] so that its barycentre lies in pixel (14, 15) of [28, 28]."""
    weight = digit.sum(dtype=np.float64)
    places = np.arange(BOX) + 0.5
    image = np.zeros((SIDE + BOX, SIDE + BOX), np.uint8)
    top, left = (
        int(15 - (digit.sum(axis=axis, dtype=np.float64) * places).sum() / weight)
        for axis in (1, 0)
    )
    image[BOX // 2 + top : BOX // 2 + top + BOX, BOX // 2 + left : BOX // 2 + left + BOX] = digit
    return image[BOX // 2 : BOX // 2 + SIDE, BOX // 2 : BOX // 2 + SIDE]


def stroke_width(ink: Mask) -> float:
    """Return the width of a pen in pixels: twice the median depth of the strokes' middle lines.

    Args:
        ink: booleans [height, width], True where there is ink.

    Examples:
        >>> stroke = np.zeros((40, 40), bool)
        >>> stroke[5:35, 18:24] = True
        >>> stroke_width(stroke)
        5.5
    """
    from skimage.morphology import skeletonize

    padded = np.pad(ink, 1)
    depth = ndimage.distance_transform_edt(padded)
    middle = skeletonize(padded)
    return float(2 * np.median(depth[middle]) - 0.5) if middle.any() else 1.0


def with_pen_of_mnist(ink: Mask) -> Mask:
    """Return a digit drawn with a pen as wide as MNIST's, relative to the digit's size.

    Widths that MNIST has itself are kept; thinner strokes are thickened and thicker ones thinned
    to the nearest of these, where no stroke is lost: middle lines stay.

    Args:
        ink: booleans [height, width], at least some 40 pixels high to be exact.
    """
    from skimage.morphology import skeletonize

    width = stroke_width(ink)
    middle = max(max(cropped(ink).shape) - width, 1)  # the box shrinks and grows with the pen
    thinnest, thickest = (middle * pen / (BOX - pen) for pen in (THINNEST, THICKEST))
    wanted = min(max(width, thinnest), thickest)
    change = (wanted - width) / 2
    if abs(change) < 0.5:
        return ink
    padded = np.pad(ink, int(abs(change)) + 2)
    if change > 0:
        thicker: Mask = ndimage.distance_transform_edt(~padded) <= change + 0.5
        return thicker
    kept = ndimage.distance_transform_edt(~skeletonize(padded)) <= wanted / 2
    thinner: Mask = padded & (kept | (ndimage.distance_transform_edt(padded) > -change))
    return thinner


def upright(ink: Mask) -> Mask:
    """Return a digit sheared so that its second moments lean neither way.

    Args:
        ink: booleans [height, width].

    Examples:
        >>> stroke = np.eye(30, dtype=bool) | np.eye(30, k=1, dtype=bool)
        >>> int(stroke.any(axis=0).sum()), int(upright(stroke).any(axis=0).sum())
        (30, 2)
    """
    rows, columns = np.nonzero(ink)
    rows_away = rows - rows.mean()
    spread = (rows_away**2).sum()
    slant = float((rows_away * columns).sum() / spread) if spread else 0.0
    room = int(abs(slant) * len(ink) / 2) + 1
    padded = np.pad(ink, ((0, 0), (room, room))).astype(np.float32)
    matrix = np.array([[1, 0], [slant, 1]])
    offset = (0, -slant * float(rows.mean()))
    sheared: Mask = ndimage.affine_transform(padded, matrix, offset, order=1) > 0.5
    return sheared if sheared.any() else ink
