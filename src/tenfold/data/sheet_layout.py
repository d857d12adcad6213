"""Layout of the sheets to write on, in millimetres from the centre of the top left marker."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
"""Width and height of the paper. The sheet is centred on either."""

WIDTH, HEIGHT = 180.0, 240.0
"""Distances between the centres of the square markers; the first one has a hole."""

MARK, HOLE = 8.0, 4.0
ROWS, BOXES = 10, 12
BOX_WIDTH, BOX_HEIGHT = 11.5, 17.0
LABEL = 6.0
"""Horizontal centre of the digit that is printed in front of each row."""

_FIRST_BOX, _FIRST_ROW = 14.0, 14.3
_BOX_STEP, _ROW_STEP = 13.5, 21.6

CELL = re.compile(r"(?P<sheet>.+)_cell-(?P<row>\d+)-(?P<box>\d+)")
"""File name, without suffix, of the image of one box."""


def marks() -> NDArray[np.float64]:
    """Return the centres of the markers, clockwise from the one with a hole: float64 [4, 2]."""
    return np.array([[0.0, 0.0], [WIDTH, 0.0], [WIDTH, HEIGHT], [0.0, HEIGHT]])


def box(row: int, number: int) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a box; row and number count from 0.

    Examples:
        >>> box(0, 0), box(9, 11)[2:]
        ((14.0, 14.3, 25.5, 31.3), (174.0, 225.7))
    """
    left, top = _FIRST_BOX + number * _BOX_STEP, _FIRST_ROW + row * _ROW_STEP
    return left, top, round(left + BOX_WIDTH, 3), round(top + BOX_HEIGHT, 3)


def cell_name(sheet: str, row: int, number: int) -> str:
    """Return the file name, without suffix, of the image of a box.

    Examples:
        >>> cell_name("photo", 7, 0)
        'photo_cell-7-01'
        >>> CELL.fullmatch("photo_cell-7-01")["sheet"]
        'photo'
    """
    return f"{sheet}_cell-{row}-{number + 1:02}"
