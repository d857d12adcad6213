"""Cut a rectified sheet into one MNIST crop per filled box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.data import sheet_layout
from tenfold.handwriting.binarization import Mask, Pixels, binarize
from tenfold.handwriting.collect.rectify import MARGIN, SCALE
from tenfold.handwriting.mnist_crop import crop_digit
from tenfold.handwriting.strokes import sharpen

INSET = 0.6
"""Millimetres inside the line of a box at which its cell begins."""

_BORDER = 1.6  # millimetres; components within this distance of the border are the box's line
_MIN_HEIGHT = 3.0  # millimetres of a digit
_MIN_AREA = 0.3  # square millimetres of a component; smaller ones are specks


def crop_cells(sheet: Pixels) -> dict[tuple[int, int], NDArray[np.uint8]]:
    """Return the crop of each filled box.

    All cells are binarized as one picture, without the print around them, so that the contrast
    of pencil is not compared with black marks.

    Args:
        sheet: uint8 ``[height, width, 3]``, as ``rectify`` returns it.

    Returns:
        uint8 ``[28, 28]`` by row and box number.
    """
    cells = {
        (row, number): sheet[_window(row, number)]
        for row in range(sheet_layout.ROWS)
        for number in range(sheet_layout.BOXES)
    }
    rows = [
        np.concatenate([cells[row, number] for number in range(sheet_layout.BOXES)], axis=1)
        for row in range(sheet_layout.ROWS)
    ]
    ink = binarize(np.concatenate(rows), light_on_dark=False)
    height, width = cells[0, 0].shape[:2]
    crops = {}
    for row, number in cells:
        window = np.s_[row * height : (row + 1) * height, number * width : (number + 1) * width]
        digit = _without_border_and_specks(ink.mask[window])
        if digit.any() and np.ptp(np.flatnonzero(digit.any(axis=1))) >= _MIN_HEIGHT * SCALE:
            crops[row, number] = crop_digit(sharpen(digit, ink.core[window]))
    return crops


def _window(row: int, number: int) -> tuple[slice, slice]:
    """Return the rows and columns of a cell in the rectified sheet; all cells have one size."""
    left, top, _, _ = sheet_layout.box(row, number)
    start = round((top + INSET + MARGIN) * SCALE), round((left + INSET + MARGIN) * SCALE)
    height, width = (
        round((side - 2 * INSET) * SCALE)
        for side in (sheet_layout.BOX_HEIGHT, sheet_layout.BOX_WIDTH)
    )
    return slice(start[0], start[0] + height), slice(start[1], start[1] + width)


def _without_border_and_specks(mask: Mask) -> Mask:
    """Remove specks and what the line of the box left at the border of a cell."""
    labels, n = ndimage.label(mask, np.ones((3, 3)))
    border = round(_BORDER * SCALE)
    inner = np.zeros_like(mask)
    inner[border:-border, border:-border] = True
    areas = np.bincount(labels.ravel(), minlength=n + 1)
    is_digit = np.bincount(labels[inner], minlength=n + 1) > 0
    is_digit &= areas >= _MIN_AREA * SCALE**2
    is_digit[0] = False
    digits: Mask = is_digit[labels]
    return digits
