"""Where what stands on a sheet: millimetres from the middle of the mark at its top left."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
"""Width and height in millimetres. The sheet fits both, in their middle."""

WIDTH, HEIGHT = 180.0, 240.0
"""Between the middles of the marks, which are squares; the first one has a hole."""

MARK, HOLE = 8.0, 4.0
ROWS, BOXES = 10, 12
BOX_WIDTH, BOX_HEIGHT = 11.5, 17.0
LABEL = 6.0
"""The middle of the digit that is printed before each row."""

_FIRST_BOX, _FIRST_ROW = 14.0, 14.3
_TO_NEXT_BOX, _TO_NEXT_ROW = 13.5, 21.6

CELL = re.compile(r"(?P<sheet>.+)_cell-(?P<row>\d+)-(?P<box>\d+)")
"""What the images of a sheet are called, less the suffix."""


def marks() -> NDArray[np.float64]:
    """The middles of the marks, clockwise from the one with a hole: [4, 2]."""
    return np.array([[0.0, 0.0], [WIDTH, 0.0], [WIDTH, HEIGHT], [0.0, HEIGHT]])


def box(row: int, number: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box, both counted from 0.

    Examples:
        >>> box(0, 0), box(9, 11)[2:]
        ((14.0, 14.3, 25.5, 31.3), (174.0, 225.7))
    """
    left, top = _FIRST_BOX + number * _TO_NEXT_BOX, _FIRST_ROW + row * _TO_NEXT_ROW
    return left, top, round(left + BOX_WIDTH, 3), round(top + BOX_HEIGHT, 3)


def cell_name(sheet: str, row: int, number: int) -> str:
    """What the image of a box is called, less the suffix.

    Examples:
        >>> cell_name("photo", 7, 0)
        'photo_cell-7-01'
        >>> CELL.fullmatch("photo_cell-7-01")["sheet"]
        'photo'
    """
    return f"{sheet}_cell-{row}-{number + 1:02}"
