"""Cutting what is more than one digit: the path of least ink from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.handwriting.components import LEAST, Mask, Part, connected

_WIDE = 1.2  # times the height: what is wider may be two digits in a line of several,
_WIDEST = 1.4  # and this, where there is no line to compare with
_TALL = 0.45  # of the height of what is split: each piece is that high, or has a loop
_CLEAR = 1.1  # times its own height: what is wider may be two digits that no ink holds together


@dataclass(frozen=True, eq=False)
class Cut:
    """A way to cut a part: pixels of ink cut, how often the cut enters ink, and the pieces."""

    ink: int
    crossings: int
    pieces: list[Part]


def widest_digit(parts: list[Part], height: float) -> float:
    """Return the width in pixels from which a part may be two digits.

    Args:
        parts: pieces of ink.
        height: of a typical digit, in pixels.
    """
    if len(parts) < 4:
        return _WIDEST * height
    usual = float(np.median([part.width for part in parts]))
    return min(_WIDE * height, max(1.7 * usual, 0.85 * height))


def split(part: Part, widest: float, pen: float) -> list[Part]:
    """Split what is too wide for a digit where one stroke holds it together.

    The cut runs from top to bottom, may lean up to 45 degrees, and crosses ink once: the loop of
    a 0 is crossed twice. Both pieces must be as high as digits are, so that the bar of a 7 or the
    tail of a 2 is not cut off.

    Args:
        part: ink that may be several digits.
        widest: pixels up to which it is one digit, unless no ink holds it together.
        pen: width of a stroke, in pixels.
    """
    if part.width <= min(widest, _CLEAR * part.height):
        return [part]
    cuts = [cut_near(part, share, pen) for share in np.arange(0.2, 0.81, 0.1)]
    good = [cut for cut in cuts if _parts_digits(cut, part, widest, pen)]
    if not good:
        return [part]
    return [
        digit
        for piece in min(good, key=lambda cut: cut.ink).pieces
        for digit in split(piece, widest, pen)
    ]


def _parts_digits(cut: Cut, part: Part, widest: float, pen: float) -> bool:
    """Return whether a cut through a part leaves two digits: what was too wide, or two loops."""
    if not are_digits(cut.pieces, part.height):
        return False
    if not cut.ink:
        return part.width > _CLEAR * part.height
    even = min(piece.height for piece in cut.pieces) > 0.85 * part.height
    loops = sum(_has_loop(piece.mask) for piece in cut.pieces)
    most = _WIDE * part.height if loops == 2 or even else widest
    crossings = 2 if loops and even else 1
    return cut.crossings <= crossings and cut.ink <= 3 * pen and part.width > min(most, widest)


def are_digits(pieces: list[Part], height: float) -> bool:
    """Return whether there are two pieces, in each of which one stroke is as high as a digit."""
    return len(pieces) == 2 and all(
        _highest(piece.mask) > (LEAST if _has_loop(piece.mask) else _TALL) * height
        for piece in pieces
    )


def _highest(mask: Mask) -> int:
    return max(part.height for part in connected(mask, gap=0))


def _has_loop(mask: Mask) -> bool:
    return int(ndimage.label(~np.pad(mask, 1))[1]) > 1


def cut_near(part: Part, share: float, pen: float) -> Cut:
    """Cut a part from top to bottom near a share of its width, where that cuts least ink."""
    height, width = part.mask.shape
    room = max(2, round(0.15 * width))
    low = max(0, round(share * width) - room)
    columns = low + least_path(part.mask[:, low : round(share * width) + room], pen)
    crossed = part.mask[np.arange(height), columns]
    left_of = np.arange(width) < columns[:, None]
    pieces = [main_part(part, side) for side in (part.mask & left_of, part.mask & ~left_of)]
    crossings = int(crossed[0]) + int((crossed[1:] & ~crossed[:-1]).sum())
    return Cut(int(crossed.sum()), crossings, [piece for piece in pieces if piece is not None])


def least_path(ink: Mask, pen: float) -> NDArray[np.intp]:
    """Return the column [height] of the cheapest path down, one column aside a row at most.

    A pixel of ink costs 1, a step aside 0.1, and to enter ink costs as much as a stroke.
    """
    above = np.pad(ink[:-1], ((1, 0), (0, 0)))
    cost = ink + pen * (ink & ~above)
    total = np.full(ink.shape[1] + 2, np.inf)  # of paths that end in each column, walls beside
    total[1:-1] = cost[0]
    came = np.zeros(ink.shape, np.int8)
    aside = np.array([[0.1], [0.0], [0.1]])
    ways = np.lib.stride_tricks.sliding_window_view(total, 3).T
    for row in range(1, len(ink)):
        totals = ways + aside
        came[row] = totals.argmin(axis=0) - 1
        total[1:-1] = totals.min(axis=0) + cost[row]
    path = np.empty(len(ink), np.intp)
    path[-1] = total[1:-1].argmin()
    for row in range(len(ink) - 1, 0, -1):
        path[row - 1] = path[row] + came[row, path[row]]
    return path


def main_part(part: Part, mask: Mask) -> Part | None:
    """Return a mask within a part as a part of its own, cropped to its ink."""
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    inner = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Part(inner, part.left + int(columns[0]), part.top + int(rows[0]))
