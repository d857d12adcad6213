"""Boxes of digits -> lines from top to bottom, and the numbers in a line from left to right."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int64]
Number = tuple[int, ...]
_OVERLAP = 0.4  # share of the lower digit's height that neighbours in a line have in common
_NEAR = 4.0  # heights within which neighbours tell how a line runs


def in_reading_order(boxes: Boxes) -> tuple[tuple[Number, ...], ...]:
    """Return the lines of a page; of each line its numbers; of each number its boxes' indices.

    Neighbours that overlap in height hang together, so a line may run uphill or wave. A wider gap
    than elsewhere in the line parts two numbers.

    Args:
        boxes: [n, 4], each left, top, right, bottom.

    Examples:
        >>> boxes = np.array([[20, 0, 30, 20], [0, 0, 10, 20], [70, 0, 80, 20], [0, 50, 10, 70]])
        >>> in_reading_order(boxes)
        (((1, 0), (2,)), ((3,),))
    """
    level = _levelled(boxes, _slope(boxes))
    lines = _chains(level, np.inf)
    lines.sort(key=lambda line: float(np.mean(level[line][:, [1, 3]])))
    return tuple(_numbers(level, line) for line in lines)


def _slope(boxes: Boxes) -> float:
    """Return how far lines sink a pixel to the right: the median over digits half a line apart."""
    middles = boxes.reshape(-1, 2, 2).mean(axis=1)
    slopes = []
    for line in _chains(boxes.astype(np.float64), _NEAR):
        half = (len(line) + 1) // 2
        if half > 1:
            steps = middles[line[half:]] - middles[line[:-half]]
            slopes += (steps[:, 1] / np.maximum(steps[:, 0], 1)).tolist()
    return float(np.median(slopes)) if slopes else 0.0


def _levelled(boxes: Boxes, slope: float) -> NDArray[np.float64]:
    level = boxes.astype(np.float64)
    level[:, [1, 3]] -= slope * level[:, [0, 2]].mean(axis=1, keepdims=True)
    return level


def _chains(boxes: NDArray[np.float64], near: float) -> list[list[int]]:
    """Link each box to the nearest one on its right; near: in heights, how far that may be."""
    order = sorted(range(len(boxes)), key=lambda i: boxes[i, 0] + boxes[i, 2])
    chains: list[list[int]] = []
    for index in order:
        fits = [chain for chain in chains if _follows(boxes[chain[-3:]], boxes[index], near)]
        if fits:
            max(fits, key=lambda chain: boxes[chain[-1], 2]).append(index)
        else:
            chains.append([index])
    return chains


def _follows(before: NDArray[np.float64], after: NDArray[np.float64], near: float) -> bool:
    """Return whether a box goes on where the last boxes [3, 4] of a line end."""
    top, bottom = median(before[:, 1].tolist()), median(before[:, 3].tolist())
    heights = bottom - top, after[3] - after[1]
    common = min(bottom, after[3]) - max(top, after[1])
    gap = after[0] - before[-1, 2]
    return bool(common > _OVERLAP * min(heights) and gap <= near * max(heights))


def _numbers(boxes: NDArray[np.float64], line: list[int]) -> tuple[Number, ...]:
    """Part a line where the pitch of its digits is about twice the usual one."""
    middles = boxes[line][:, [0, 2]].mean(axis=1)
    pitches = np.diff(middles)
    gaps = boxes[line[1:], 0] - boxes[line[:-1], 2]
    height = float(np.median(boxes[line, 3] - boxes[line, 1]))
    usual = float(np.sort(pitches)[(len(pitches) - 1) // 2]) if len(pitches) > 1 else np.inf
    wide = (pitches > 1.8 * min(usual, 2 * height)) & (gaps > 0.7 * height)
    cuts = [0, *(np.flatnonzero(wide) + 1).tolist(), len(line)]
    return tuple(tuple(line[a:b]) for a, b in pairwise(cuts))
