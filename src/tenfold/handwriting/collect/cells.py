"""A straight sheet -> the digit in each box, as MNIST would have had it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.data import sheet_layout
from tenfold.handwriting.collect.rectify import MARGIN, SCALE
from tenfold.handwriting.pipeline import crop, ink

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

INSET = 0.6
"""Millimetres within a box's line: there it begins to be looked at."""

_EDGE = 1.6  # millimetres: what stays that near to the edge of a box is its line
_LOWEST = 3.0  # millimetres that a digit is high at least
_SMALLEST = 0.3  # square millimetres of a speck that is ink


def digits(sheet: Pixels) -> dict[tuple[int, int], Pixels]:
    """Return the image uint8 [28, 28] of each box that is written in, by row and number.

    Ink is told from paper over all boxes at once, without what is printed around them, so that
    pencil is not measured by black marks.

    Args:
        sheet: as ``straight`` returns it.
    """
    cells = {place: sheet[_place(*place)] for place in _places()}
    rows = [
        np.concatenate([cells[row, number] for number in range(sheet_layout.BOXES)], axis=1)
        for row in range(sheet_layout.ROWS)
    ]
    mosaic = np.concatenate(rows)
    found, core, _ = ink(mosaic, False)
    height, width = cells[0, 0].shape[:2]
    images = {}
    for row, number in _places():
        part = np.s_[row * height : (row + 1) * height, number * width : (number + 1) * width]
        kept = _kept(found[part])
        if kept.any() and np.ptp(np.flatnonzero(kept.any(axis=1))) >= _LOWEST * SCALE:
            images[row, number] = crop(_sharpened(kept, core[part]))
    return images


def _places() -> list[tuple[int, int]]:
    return [
        (row, number) for row in range(sheet_layout.ROWS) for number in range(sheet_layout.BOXES)
    ]


def _place(row: int, number: int) -> tuple[slice, slice]:
    """The rows and columns of a straight sheet that a box has, all boxes as many."""
    left, top, _, _ = sheet_layout.box(row, number)
    first = round((top + INSET + MARGIN) * SCALE), round((left + INSET + MARGIN) * SCALE)
    size = (
        round((side - 2 * INSET) * SCALE)
        for side in (sheet_layout.BOX_HEIGHT, sheet_layout.BOX_WIDTH)
    )
    rows, columns = (
        slice(start, start + length) for start, length in zip(first, size, strict=True)
    )
    return rows, columns


def _kept(found: Mask) -> Mask:
    """The ink of a box, without specks and without what its line left at the edge."""
    labels, n = ndimage.label(found, np.ones((3, 3)))
    edge = round(_EDGE * SCALE)
    inner = np.zeros_like(found)
    inner[edge:-edge, edge:-edge] = True
    sizes = np.bincount(labels.ravel(), minlength=n + 1)
    reaching = np.bincount(labels[inner], minlength=n + 1) > 0
    keep = reaching & (sizes >= _SMALLEST * SCALE**2)
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def _sharpened(mask: Mask, core: Mask) -> Mask:
    """The ink less the blur at its edges, its strokes unbroken."""
    from skimage.morphology import skeletonize

    sharp: Mask = mask & (core | skeletonize(mask))
    return sharp
