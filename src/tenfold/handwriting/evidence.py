"""Evidence in a picture that a detection is a digit, weighed by a logistic regression.

``scripts/make_evidence.py`` fits its weights, but for those of thin ones: the synthetic pages have
too few. These are of an earlier fit.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.core.assets import EVIDENCE
from tenfold.handwriting.binarization import Mask
from tenfold.handwriting.detections import Detections
from tenfold.handwriting.detector import CLASSES

Boxes = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Probabilities = NDArray[np.float32]
IS_DIGIT = (
    "score", "seen", "rejection", "ink of the picture", "ink of the line", "joined ink", "height",
    "alone", "mean score", "rejected",
)  # fmt: skip
"""Evidence that a detection is a digit."""
Evidence = dict[str, Floats]
"""Each feature of n detections: float64 ``[n]``."""
_LEAST_DIGIT, _LEAST_THIN = 0.5, 0.2
"""Least probability of a digit, and of a thin one: the detector misses clear ones, at 0.29."""
_THIN = 0.15  # width by height
_LEAST = 0.003
_SAME = 0.3  # intersection by union from which two boxes are one digit
_AROUND = 0.15  # of the larger side of a box, around it: ink there belongs to the digit
_LINE = 1.2  # heights to both sides of a digit within which ink belongs to its line


def measure(
    boxes: Boxes,
    probabilities: Probabilities,
    crops: Probabilities,
    others: Boxes,
    candidates: Detections,
    mask: Mask,
) -> Evidence:
    """Return the evidence of each detection of a reading.

    Args:
        boxes: float ``[n, 4]``: left, top, right, bottom in pixels of the mask.
        probabilities: float32 ``[n, 11]``, of the reading; the last class is "no digit".
        crops: float32 ``[n, 11]``, of the classifier for the crops alone.
        others: boxes ``[m, 4]`` of digits in other readings of the same picture.
        candidates: of the detector, with boxes in pixels of the mask.
        mask: ink without ruled lines, bool ``[height, width]``.
    """
    overlaps = np.pad(overlap(boxes, candidates.boxes), [(0, 0), (0, 1)])
    nearest = np.where(overlaps.max(axis=1) > _SAME, overlaps.argmax(axis=1), len(candidates))
    scores = np.append(candidates.scores, 0)[nearest]
    seen = (overlap(boxes, others) > _SAME).any(axis=1)
    heights = boxes[:, 3] - boxes[:, 1]
    whole, line, joined = _covered(boxes, mask)
    columns = {
        "score": _logit(scores),
        "seen": seen,
        "rejection": _logit(crops[:, -1]),
        "ink of the picture": whole,
        "ink of the line": line,
        "joined ink": joined,
        "height": np.log(np.maximum(heights, 1) / max(1, np.median(heights))) ** 2,
        "thin": are_thin(boxes),
        "alone": len(boxes) == 1,
        "mean score": _logit(scores).mean(),
        "rejected": (probabilities.argmax(axis=1) == CLASSES).mean(),
    }
    return {name: np.broadcast_to(column, len(boxes)) * 1.0 for name, column in columns.items()}


def are_thin(boxes: Boxes) -> NDArray[np.bool_]:
    """Return which boxes ``[n, 4]`` are as thin as a one without serifs: ``[n]``."""
    result: NDArray[np.bool_] = boxes[:, 2] - boxes[:, 0] < _THIN * (boxes[:, 3] - boxes[:, 1])
    return result


def are_digits(evidence: Evidence) -> NDArray[np.bool_]:
    """Return whether each detection can be a digit by its evidence: ``[n]``."""
    least = np.where(evidence["thin"] > 0, _LEAST_THIN, _LEAST_DIGIT)
    result: NDArray[np.bool_] = probability(evidence) >= least
    return result


def probability(evidence: Evidence) -> Floats:
    """Return the probability of each detection that it is a digit: ``[n]``."""
    broad, thin = (
        weights["bias"] + sum(weights[name] * evidence[name] for name in IS_DIGIT)
        for weights in (_weights()["broad"], _weights()["thin"])
    )
    result: Floats = 1 / (1 + np.exp(-np.where(evidence["thin"] > 0, thin, broad)))
    return result


def rejected(probabilities: Probabilities) -> Probabilities:
    """Return probabilities ``[n, 11]`` of which "no digit" is the largest."""
    result = 0.49 * probabilities
    result[:, -1] = 1 - result[:, :-1].sum(axis=1)
    return result


@cache
def _weights() -> dict[str, dict[str, float]]:
    weights: dict[str, dict[str, float]] = json.loads(EVIDENCE.read_text())
    return weights


def overlap(one: Boxes, other: Boxes) -> Floats:
    """Return intersection by union of boxes ``[n, 4]`` and ``[m, 4]``: ``[n, m]``."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    area = [np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (one, other)]
    result: Floats = shared / np.maximum(area[0][:, None] + area[1][None] - shared, 1e-9)
    return result


def _logit(probability: NDArray[Any]) -> Floats:
    clipped = np.clip(np.asarray(probability, np.float64), _LEAST, 1 - _LEAST)
    result: Floats = np.log(clipped / (1 - clipped))
    return result


def _covered(boxes: Boxes, mask: Mask) -> tuple[Floats, Floats, Floats]:
    """Return the shares of ink within the boxes: of the picture, of each line, of joined ink."""
    places = [_slices(box, _AROUND, _AROUND) for box in boxes]
    covered = np.zeros(mask.shape, bool)
    for place in places:
        covered[place] = True
    covered &= mask
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    total = np.bincount(labels.ravel(), minlength=count + 1)
    within = np.bincount(labels[covered], minlength=count + 1)
    share = within / np.maximum(total, 1)
    line, joined = [], []
    for box, place in zip(boxes, places, strict=True):
        height, width = box[3] - box[1], box[2] - box[0]
        around = _slices(box, _LINE * height / max(height, width), 0)
        line.append(covered[around].sum() / max(1, mask[around].sum()))
        inside = labels[place][mask[place]]
        joined.append(share[inside].mean() if len(inside) else 0.5)
    whole = covered.sum() / max(1, mask.sum())
    return np.full(len(boxes), whole), np.array(line), np.array(joined)


def _slices(box: Boxes, across: float, down: float) -> tuple[slice, slice]:
    """Return the rows and columns of a box, with margins in shares of its larger side."""
    left, top, right, bottom = (float(side) for side in box)
    extra = max(right - left, bottom - top)
    return (
        slice(max(0, int(top - down * extra)), int(bottom + down * extra) + 1),
        slice(max(0, int(left - across * extra)), int(right + across * extra) + 1),
    )
