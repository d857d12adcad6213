"""A sheet and what was cut out of it, side by side, to look over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenfold.data import sheet_layout
from tenfold.handwriting.collect.rectify import MARGIN, SCALE

Pixels = NDArray[np.uint8]

_REDUCED = 2  # of the straight sheet
_FOUND = np.array([0, 150, 80], np.uint8)
_TILE, _GAP = 56, 6  # pixels of an image of 28x28, and between two


def overview(sheet: Pixels, images: Mapping[tuple[int, int], Pixels]) -> Pixels:
    """Return a picture of a sheet, its filled boxes framed, and beside it what they gave.

    Args:
        sheet: as ``straight`` returns it.
        images: uint8 [28, 28] by row and number, as ``digits`` returns them.
    """
    height, width = (side // _REDUCED * _REDUCED for side in sheet.shape[:2])
    squares = sheet[:height, :width].reshape(
        height // _REDUCED, _REDUCED, width // _REDUCED, _REDUCED, 3
    )
    small = squares.mean(axis=(1, 3)).round().astype(np.uint8)
    tiles = np.full((len(small), sheet_layout.BOXES * (_TILE + _GAP) + _GAP, 3), 255, np.uint8)
    for (row, number), image in images.items():
        left, top, right, bottom = (
            round((side + MARGIN) * SCALE / _REDUCED) for side in sheet_layout.box(row, number)
        )
        _frame(small, left, top, right, bottom)
        y, x = (top + bottom - _TILE) // 2, _GAP + number * (_TILE + _GAP)
        enlarged = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
        tiles[y : y + _TILE, x : x + _TILE] = enlarged[..., None]
    return np.concatenate([small, tiles], axis=1)


def _frame(picture: Pixels, left: int, top: int, right: int, bottom: int) -> None:
    for row in (top, top + 1, bottom - 1, bottom):
        picture[row, left : right + 1] = _FOUND
    for column in (left, left + 1, right - 1, right):
        picture[top : bottom + 1, column] = _FOUND
