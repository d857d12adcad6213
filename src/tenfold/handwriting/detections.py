"""Candidates for digits that the detector network found, and which of them are one digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_OVERLAP = 0.4  # intersection by union from which two boxes are one digit
_CONTAINED = 0.75  # share of the smaller box within the larger one from which they are one digit
_WHOLE = 0.6  # least score of a digit by that of its part
_ACROSS, _DOWN = 0.3, 0.5  # shares of the smaller side that digits side by side overlap
_TALL = 0.25  # least height of a digit by that of a box around several side by side


@dataclass(frozen=True, eq=False)
class Detections:
    """Candidates for digits, most probable first.

    Attributes:
        boxes: float32 ``[n, 4]``: left, top, right, bottom in pixels of the picture.
        scores: float32 ``[n]``, probability that a digit is there.
        probabilities: float32 ``[n, 10]``, of the classes if it is a digit.
    """

    boxes: Floats
    scores: Floats
    probabilities: Floats

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def evidence(self) -> float:
        """How much speaks for digits in the picture: the highest score, or 0."""
        return float(self.scores.max(initial=0))

    def select(self, indices: NDArray[Any]) -> Detections:
        """Return the candidates at these indices, or where a mask is true."""
        return Detections(self.boxes[indices], self.scores[indices], self.probabilities[indices])


def concatenate(groups: list[Detections]) -> Detections:
    """Return several groups of candidates as one."""
    return Detections(
        np.concatenate([group.boxes for group in groups]),
        np.concatenate([group.scores for group in groups]),
        np.concatenate([group.probabilities for group in groups]),
    )


def without_duplicates(candidates: Detections) -> Detections:
    """Drop candidates that overlap a more probable one, parts of digits, and groups of digits.

    Overlapping candidates are one digit; the mean of their classes is kept. A part, such as the
    stem of a four, lies within the larger box of its digit. The larger one is kept, provided that
    it is nearly as probable, and that it does not contain several digits side by side.
    """
    candidates = _merged(candidates.select(~_are_groups(candidates)))
    boxes, scores = candidates.boxes, candidates.scores
    kept = np.ones(len(boxes), bool)
    area = _areas(boxes)
    for i in range(len(boxes)):
        later = np.flatnonzero(kept)
        later = later[later > i]
        if kept[i]:
            nested = _shared(boxes[i], boxes[later]) > _CONTAINED * np.minimum(area[i], area[later])
            is_part = nested & (area[later] > area[i]) & (scores[later] > _WHOLE * scores[i])
            kept[later[nested & ~is_part]] = False
            kept[i] = not is_part.any()
    return candidates.select(kept)


def _merged(candidates: Detections) -> Detections:
    """Return one candidate for all that overlap a more probable one, with their mean classes."""
    boxes, weights = candidates.boxes, candidates.scores**2
    probabilities = candidates.probabilities.copy()
    area = _areas(boxes)
    left = np.ones(len(boxes), bool)
    first = []
    for i in range(len(boxes)):
        if left[i]:
            shared = _shared(boxes[i], boxes)
            same = left & (shared > _OVERLAP * (area[i] + area - shared))
            same[i] = True
            probabilities[i] = np.average(candidates.probabilities[same], 0, weights[same])
            left &= ~same
            first.append(i)
    return Detections(boxes, candidates.scores, probabilities).select(np.array(first, np.intp))


def _are_groups(candidates: Detections) -> NDArray[np.bool_]:
    """Return which candidates contain several digits side by side that are more probable: ``[n]``.

    Several digits are more probable than one if the sum of their log odds is larger. Small ones
    within a large digit are texture of its paper, not its parts.
    """
    boxes, odds = candidates.boxes, _log_odds(candidates.scores)
    heights = boxes[:, 3] - boxes[:, 1]
    groups = np.zeros(len(boxes), bool)
    area = _areas(boxes)
    for i in np.argsort(-area, kind="stable"):
        inside = (_shared(boxes[i], boxes) > _CONTAINED * area) & (area < area[i]) & ~groups
        inside &= heights > _TALL * heights[i]
        row: list[int] = []
        for j in np.flatnonzero(inside & (odds > 0)):
            if all(_are_side_by_side(boxes[j], boxes[k]) for k in row):
                row.append(int(j))
        groups[i] = len(row) > 1 and odds[row].sum() > odds[i]
    return groups


def _are_side_by_side(one: Floats, other: Floats) -> bool:
    """Return whether two boxes overlap little across and much down."""
    sides = np.minimum(one[2:] - one[:2], other[2:] - other[:2])
    shared = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return bool(shared[0] < _ACROSS * sides[0] and shared[1] > _DOWN * sides[1])


def _areas(boxes: Floats) -> Floats:
    areas: Floats = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1), axis=1)
    return areas


def _shared(box: Floats, others: Floats) -> Floats:
    """Return the area that a box shares with each of others ``[n, 4]``."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared: Floats = np.prod(np.maximum(high - low, 0), axis=1)
    return shared


def _log_odds(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities, 1e-3, 1 - 1e-3)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds
