"""Reading order: lines of a page from top to bottom, and the numbers of a line."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int64]
Number = tuple[int, ...]
Line = tuple[Number, ...]
_MIN_OVERLAP = 0.4  # of the lower digit's height, that neighbours in a line share vertically
_LEVEL = 0.7  # of the usual height of its digits, that the middles in a level line differ
_MAX_GAP = 4.0  # digit heights between neighbours that the slope of a line is estimated from


def reading_order(boxes: Boxes) -> tuple[Line, ...]:
    """Sort boxes into lines and numbers.

    Neighbours that overlap vertically belong to one line, so that a line may be slanted or curved.
    A gap that is wider than usual in the line separates two numbers.

    Args:
        boxes: int64 ``[n, 4]``: left, top, right, bottom.

    Returns:
        The lines from top to bottom; per line its numbers; per number the indices of its boxes.

    Examples:
        >>> boxes = np.array([[20, 0, 30, 20], [0, 0, 10, 20], [70, 0, 80, 20], [0, 50, 10, 70]])
        >>> reading_order(boxes)
        (((1, 0), (2,)), ((3,),))
    """
    level = _without_slope(boxes, _slope(boxes))
    lines = _chains(level, np.inf)
    # The slope of a few short numbers is uncertain; one that breaks level lines apart is wrong.
    as_written = boxes.astype(np.float64)
    unbroken = _chains(as_written, np.inf)
    if len(unbroken) < len(lines) and all(_is_level(as_written[line]) for line in unbroken):
        level, lines = as_written, unbroken
    lines.sort(key=lambda line: float(np.mean(level[line][:, [1, 3]])))
    return tuple(_numbers(level, line) for line in lines)


def _is_level(line: NDArray[np.float64]) -> bool:
    """Return whether the boxes of a line have about the same height on the page."""
    middles = line[:, [1, 3]].mean(axis=1)
    return bool(np.ptp(middles) < _LEVEL * np.median(line[:, 3] - line[:, 1]))


def _slope(boxes: Boxes) -> float:
    """Return the median slope of lines, between digits half a line apart."""
    centers = boxes.reshape(-1, 2, 2).mean(axis=1)
    slopes = []
    for line in _chains(boxes.astype(np.float64), _MAX_GAP):
        half = (len(line) + 1) // 2
        if half > 1:
            steps = centers[line[half:]] - centers[line[:-half]]
            slopes += (steps[:, 1] / np.maximum(steps[:, 0], 1)).tolist()
    return float(np.median(slopes)) if slopes else 0.0


def _without_slope(boxes: Boxes, slope: float) -> NDArray[np.float64]:
    level = boxes.astype(np.float64)
    level[:, [1, 3]] -= slope * level[:, [0, 2]].mean(axis=1, keepdims=True)
    return level


def _chains(boxes: NDArray[np.float64], max_gap: float) -> list[list[int]]:
    """Link each box to the nearest one on its left within a gap in digit heights."""
    chains: list[list[int]] = []
    ends = np.zeros((len(boxes), 3))  # median top and bottom of the last three boxes, last right
    for index in np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable").tolist():
        matches = np.flatnonzero(_continues(ends[: len(chains)], boxes[index], max_gap))
        if len(matches):
            chain = int(matches[ends[matches, 2].argmax()])
            chains[chain].append(index)
        else:
            chain = len(chains)
            chains.append([index])
        last = boxes[chains[chain][-3:]]
        ends[chain] = median(last[:, 1].tolist()), median(last[:, 3].tolist()), last[-1, 2]
    return chains


def _continues(
    ends: NDArray[np.float64], box: NDArray[np.float64], max_gap: float
) -> NDArray[np.bool_]:
    """Return which lines a box continues, by the top, bottom and right of their ends."""
    top, bottom, right = ends.T
    heights = bottom - top, box[3] - box[1]
    overlap = np.minimum(bottom, box[3]) - np.maximum(top, box[1])
    gap = box[0] - right
    continues: NDArray[np.bool_] = (overlap > _MIN_OVERLAP * np.minimum(*heights)) & (
        gap <= max_gap * np.maximum(*heights)
    )
    return continues


def _numbers(boxes: NDArray[np.float64], line: list[int]) -> Line:
    """Separate the numbers of a line where the pitch of its digits is about twice the usual."""
    pitches = np.diff(boxes[line][:, [0, 2]].mean(axis=1))
    gaps = boxes[line[1:], 0] - boxes[line[:-1], 2]
    height = float(np.median(boxes[line, 3] - boxes[line, 1]))
    usual = float(np.sort(pitches)[(len(pitches) - 1) // 2]) if len(pitches) > 1 else np.inf
    wide = (pitches > 1.8 * min(usual, 2 * height)) & (gaps > 0.7 * height)
    bounds = [0, *(np.flatnonzero(wide) + 1).tolist(), len(line)]
    return tuple(tuple(line[start:end]) for start, end in pairwise(bounds))
