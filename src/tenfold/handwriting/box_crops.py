"""The ink of each detected box: without neighbours, lines and specks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.handwriting.binarization import Ink, Mask
from tenfold.handwriting.segmentation import Component

Boxes = NDArray[np.float32]
Positions = NDArray[np.floating[Any]]
_MARGIN = 0.4  # of the box, around it, as boxes are not exact
_MIN_INSIDE = 0.5  # share of a stroke within the box, from which it is the digit's


def ink_in_boxes(ink: Ink, boxes: Boxes) -> Iterator[Component | None]:
    """Yield the ink of each box, or None where there is none.

    A pixel that several boxes contain belongs to the one whose middle is nearest, measured in
    sizes of the box. Strokes that mostly lie outside of the box are dropped.

    Args:
        ink: of the picture.
        boxes: ``[n, 4]``: left, top, right, bottom in pixels of the ink.
    """
    return (_ink_in_box(ink, boxes, index) for index in range(len(boxes)))


def _ink_in_box(ink: Ink, boxes: Boxes, index: int) -> Component | None:
    left, top, right, bottom = (float(side) for side in boxes[index])
    margin = 1 + _MARGIN * max(right - left, bottom - top)
    width, height = ink.size
    x0, x1 = max(0, int(left - margin)), min(width, int(np.ceil(right + margin)))
    y0, y1 = max(0, int(top - margin)), min(height, int(np.ceil(bottom + margin)))
    if x0 >= x1 or y0 >= y1:
        return None
    near = (boxes[:, 0] < x1) & (boxes[:, 2] > x0) & (boxes[:, 1] < y1) & (boxes[:, 3] > y0)
    x, y = np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5
    own = _distance(boxes[index], x, y)
    mask: Mask = ink.mask[y0:y1, x0:x1].copy()
    for other in np.flatnonzero(near):
        if other != index:
            mask &= own <= _distance(boxes[other], x, y)
    return Component(mask, x0, y0).select(_mostly_inside(mask, own <= 1))


def _distance(box: Boxes, x: Positions, y: Positions) -> NDArray[np.float64]:
    """Return the distance of pixels from the middle of a box; 1 at its border: ``[h, w]``."""
    left, top, right, bottom = (float(side) for side in box)
    across = np.abs(x - (left + right) / 2) / max((right - left) / 2, 1)
    down = np.abs(y - (top + bottom) / 2) / max((bottom - top) / 2, 1)
    distance: NDArray[np.float64] = np.maximum(across[None], down[:, None])
    return distance


def _mostly_inside(mask: Mask, inside: Mask) -> Mask:
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    total = np.bincount(labels.ravel(), minlength=count + 1)
    within = np.bincount(labels[inside], minlength=count + 1)
    kept = within >= _MIN_INSIDE * total
    kept[0] = False
    result: Mask = kept[labels]
    return result
