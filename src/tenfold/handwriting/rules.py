"""What was on the paper before the pen: ruled and squared lines, and boxes to write into."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

_COARSE = 800  # pixels of the long side at which lines are sought
_SLOPES = np.linspace(-0.06, 0.06, 49)  # to 3.4 degrees
_ALONE = 0.9  # share of the picture that a line, with what is written over it, must cross,
_TOGETHER = 0.65  # if there are several,
_INTERRUPTED = 0.4  # and share in which it must be seen itself
_SLIM = 60  # a line is no thicker than this part of the picture
_EDGE = 0.8  # share of each side of a box that must be drawn


def without_rules(ink: Mask) -> Mask:
    """Return the ink [height, width] less ruled lines across the picture, and less boxes.

    Lines may be turned by up to 3 degrees. Strokes that cross a line are kept whole. Lines that go
    down are believed sooner where others go across: alone they may be digits. Where next to
    nothing would be left, all is kept: a straight stroke alone is a digit.
    """
    across = lines_across(ink, together=True)
    down = lines_across(ink.T, together=bool(across.any())).T
    left = _without(_without(ink, across).T, down.T).T
    left = without_boxes(left)
    return left if np.count_nonzero(left) > 0.1 * np.count_nonzero(ink) else ink


def _without(ink: Mask, lines: Mask) -> Mask:
    """Return the ink less lines that go across, save where a stroke crosses them."""
    if not lines.any():
        return ink
    heights = _vertical_runs(ink)
    width = float(np.median(heights[lines & ink]))
    return ink & ~(lines & (heights <= 2 * width + 1))


def lines_across(ink: Mask, together: bool) -> Mask:
    """Return bands that hold the straight lines from left to right: bool [height, width].

    Args:
        ink: where there is ink.
        together: whether several lines that cross most of the picture are enough.
    """
    step = max(1, round(max(ink.shape) / _COARSE))
    coarse = _any(ink, step)
    slim = coarse & (_vertical_runs(coarse) <= max(3, max(coarse.shape) / _SLIM))
    rows, columns = np.nonzero(coarse)
    thin = slim[rows, columns]
    found = np.zeros_like(coarse)
    for slope in _SLOPES:
        shift = np.rint(slope * np.arange(coarse.shape[1])).astype(np.intp) - coarse.shape[1]
        along = rows - shift[columns]
        inked = np.bincount(along, minlength=1) / coarse.shape[1]
        if not _cross(inked, together):
            continue
        drawn = np.bincount(along, thin, minlength=1) / coarse.shape[1] >= _INTERRUPTED
        if _cross(inked * drawn, together):
            on_line = thin & drawn[along]
            found[rows[on_line], columns[on_line]] = True
    bands = ndimage.binary_dilation(found, np.ones((3, 3), bool)) if found.any() else found
    return bands.repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]


def _cross(covered: NDArray[np.float64], together: bool) -> bool:
    """Return whether lines that cover shares [n] of the picture's width are rules."""
    return bool(covered.max() >= _ALONE or (together and _groups(covered >= _TOGETHER) > 1))


def _groups(chosen: Mask) -> int:
    """Return how many runs of True there are in [n], those 2 or less apart taken as one."""
    places = np.flatnonzero(chosen)
    return int((np.diff(places) > 3).sum()) + 1 if len(places) else 0


def without_boxes(ink: Mask) -> Mask:
    """Return the ink less frames: parts drawn along all four sides of their bounding box."""
    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    left = ink.copy()
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        part = labels[place] == number
        band = max(2, round(0.08 * min(part.shape)))
        if min(part.shape) > 12 and _is_framed(part, band):
            frame = np.ones_like(part)
            frame[band:-band, band:-band] = False
            left[place] &= ~(part & frame)
    return left


def _is_framed(part: Mask, band: int) -> bool:
    sides = (part[:band].any(0), part[-band:].any(0), part[:, :band].any(1), part[:, -band:].any(1))
    return min(float(side.mean()) for side in sides) >= _EDGE


def _any(ink: Mask, step: int) -> Mask:
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % step), (0, -width % step)))
    rows, columns = padded.shape
    squares = padded.reshape(rows // step, step, columns // step, step)
    return np.asarray(squares.any(axis=(1, 3)), bool)


def _vertical_runs(ink: Mask) -> NDArray[np.int32]:
    """Return for each pixel of ink the length of the vertical run it lies in; 0 elsewhere."""
    rows = np.arange(1, len(ink) + 1, dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(ink, 0, rows), axis=0)
    next_ = np.minimum.accumulate(np.where(ink, len(ink) + 1, rows)[::-1], axis=0)[::-1]
    runs: NDArray[np.int32] = np.where(ink, next_ - last - 1, 0).astype(np.int32)
    return runs
