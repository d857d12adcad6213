"""The overview of a sheet: the sheet next to its crops, to check them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data import sheet_layout
from tenfold.handwriting.collect.rectify import MARGIN, SCALE

Pixels = NDArray[np.uint8]

_REDUCTION = 2  # of the rectified sheet
_FRAME_COLOUR = np.array([0, 150, 80], np.uint8)
_ENLARGEMENT = 2  # of a crop
_TILE, _GAP = SIDE * _ENLARGEMENT, 6  # pixels


def overview(sheet: Pixels, images: Mapping[tuple[int, int], Pixels]) -> Pixels:
    """Return a picture of a sheet with frames around filled boxes, next to the crops.

    Args:
        sheet: uint8 ``[height, width, 3]``, as ``rectify`` returns it.
        images: uint8 ``[28, 28]`` by row and box number, as ``crop_cells`` returns them.
    """
    height, width = (side // _REDUCTION for side in sheet.shape[:2])
    squares = sheet[: height * _REDUCTION, : width * _REDUCTION].reshape(
        height, _REDUCTION, width, _REDUCTION, 3
    )
    small = squares.mean(axis=(1, 3)).round().astype(np.uint8)
    tiles = np.full((height, sheet_layout.BOXES * (_TILE + _GAP) + _GAP, 3), 255, np.uint8)
    for (row, number), image in images.items():
        left, top, right, bottom = (
            round((side + MARGIN) * SCALE / _REDUCTION) for side in sheet_layout.box(row, number)
        )
        _draw_frame(small, left, top, right, bottom)
        y, x = (top + bottom - _TILE) // 2, _GAP + number * (_TILE + _GAP)
        enlarged = image.repeat(_ENLARGEMENT, axis=0).repeat(_ENLARGEMENT, axis=1)
        tiles[y : y + _TILE, x : x + _TILE] = enlarged[..., None]
    return np.concatenate([small, tiles], axis=1)


def _draw_frame(picture: Pixels, left: int, top: int, right: int, bottom: int) -> None:
    for row in (top, top + 1, bottom - 1, bottom):
        picture[row, left : right + 1] = _FRAME_COLOUR
    for column in (left, left + 1, right - 1, right):
        picture[top : bottom + 1, column] = _FRAME_COLOUR
