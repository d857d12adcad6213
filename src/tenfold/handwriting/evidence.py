"""Evidence that a detection is a digit of its class, and the probabilities that follow from it.

Two logistic regressions weigh it: whether a detection is a digit, and whether a digit is of its
class. ``scripts/make_evidence.py`` fits their weights.
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
from tenfold.handwriting.detector import CLASSES, Detections

Boxes = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Probabilities = NDArray[np.float32]
IS_DIGIT = (
    "score", "seen", "rejection", "ink of the picture", "ink of the line", "joined ink", "height",
    "alone", "mean score", "rejected",
)  # fmt: skip
"""Evidence that a detection is a digit."""
IS_CLASS = ("probability", "crop", "detector")
"""Evidence that a digit is of its class."""
Evidence = dict[str, Floats]
"""Each feature of n detections: float64 ``[n]``."""
Weights = dict[str, dict[str, float]]
"""Weight of each feature, and ``bias``, for ``is digit`` and ``is class``."""
THRESHOLD = 0.85
"""Least probability of an accepted digit, chosen on one half of real pictures."""
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
    each = np.arange(len(boxes))
    labels = probabilities[:, :-1].argmax(axis=1)
    overlaps = np.pad(overlap(boxes, candidates.boxes), [(0, 0), (0, 1)])
    nearest = np.where(overlaps.max(axis=1) > _SAME, overlaps.argmax(axis=1), len(candidates))
    scores = np.append(candidates.scores, 0)[nearest]
    named = np.pad(candidates.probabilities, [(0, 1), (0, 0)])[nearest, labels]
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
        "alone": len(boxes) == 1,
        "mean score": _logit(scores).mean(),
        "rejected": (probabilities.argmax(axis=1) == CLASSES).mean(),
        "probability": _logit(of_digits(probabilities)[each, labels]),
        "crop": _logit(of_digits(crops)[each, labels]),
        "detector": _logit(named),
    }
    return {name: np.broadcast_to(column, len(boxes)) * 1.0 for name, column in columns.items()}


def weigh(probabilities: Probabilities, evidence: Evidence) -> Probabilities:
    """Return probabilities that are calibrated by the evidence: float32 ``[n, 11]``.

    The most probable digit stays the same; a detection that was rejected stays rejected.

    Args:
        probabilities: float32 ``[n, 11]``, of a reading.
        evidence: of its detections.
    """
    weights = _weights()
    is_digit = _probability(weights["is digit"], evidence)
    classes = of_digits(probabilities)
    top = classes.max(axis=1)
    rest = np.sort(classes, axis=1)[:, -2] / np.maximum(1 - top, 1e-9)
    # not so low that another class would become the most probable one
    is_class = np.maximum(_probability(weights["is class"], evidence), 1.001 * rest / (1 + rest))
    scaled = classes * ((1 - is_class) / np.maximum(1 - top, 1e-9))[:, None]
    scaled[np.arange(len(top)), classes.argmax(axis=1)] = is_class
    weighed = np.column_stack([scaled * is_digit[:, None], 1 - is_digit]).astype(np.float32)
    was_rejected = are_rejected(probabilities)
    weighed[was_rejected] = probabilities[was_rejected]
    return weighed


def accepts(weighed: Probabilities) -> NDArray[np.bool_]:
    """Return whether each detection with weighed probabilities ``[n, 11]`` is accepted."""
    accepted: NDArray[np.bool_] = weighed.max(axis=1) >= THRESHOLD
    return accepted


def are_rejected(weighed: Probabilities) -> NDArray[np.bool_]:
    """Return whether "no digit" is the most probable class of each detection."""
    return weighed.argmax(axis=1) == CLASSES


def as_digits(weighed: Probabilities) -> Probabilities:
    """Return probabilities in which a digit is the most probable class."""
    limited = weighed.copy()
    limited[:, -1] = np.minimum(weighed[:, -1], 0.99 * weighed[:, :-1].max(axis=1))
    result: Probabilities = limited / limited.sum(axis=1, keepdims=True)
    return result


def of_digits(probabilities: Probabilities) -> Floats:
    """Return the probabilities of the ten digits, if it is one: float64 ``[n, 10]``."""
    digits = np.maximum(probabilities[:, :-1].astype(np.float64), 1e-7)
    result: Floats = digits / digits.sum(axis=1, keepdims=True)
    return result


@cache
def _weights() -> Weights:
    weights: Weights = json.loads(EVIDENCE.read_text())
    return weights


def _probability(weights: dict[str, float], evidence: Evidence) -> Floats:
    logits = weights["bias"] + sum(
        weights[name] * evidence[name] for name in weights if name != "bias"
    )
    result: Floats = 1 / (1 + np.exp(-logits))
    return result


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
