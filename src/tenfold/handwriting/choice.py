"""The choice between several readings of one picture, by the evidence for each of their digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tenfold.data.synthetic import REJECT_CLASS
from tenfold.handwriting import evidence
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.detector_pipeline import Sight
from tenfold.handwriting.result import Digit, Reading

Boxes = NDArray[np.float64]
_COVERED = 0.5  # share of a box that a digit of another reading covers: it is the same ink
_BORDER = 0.02  # share of the picture's side within which its border cuts a box
_FRAGMENT = 0.4  # width by height, of the half of a digit that the border cuts
_THIN_ODDS = 4.0
"""By which the odds of a thin one beside digits of its height are larger than the evidence says."""
_SAME_HEIGHT, _SAME_LINE = (0.7, 1.3), 0.4  # by the height of a digit


def choose(
    readings: Sequence[Reading],
    sight: Sight | None,
    classifier: Classifier,
    expect: int | None = None,
) -> Reading:
    """Return the most probable reading, without the digits that the evidence speaks against.

    A reading is right if its detections are digits, of the right classes, and what only other
    readings detect are none; errors are taken as independent. If the time did not suffice for the
    last one, that with most digits, weighted by confidence, is returned: few are surer.

    Args:
        readings: of one picture in one orientation, at least one.
        sight: of the picture in this orientation, if the network saw it.
        classifier: of the crops.
        expect: digits of each number; readings with such numbers come first.
    """
    if sight is None:
        return readings[0]
    found = [measure(one, readings, sight, classifier) for one in readings]
    chances = [_chances(one, every, readings) for one, every in zip(readings, found, strict=True)]
    weighed = [weigh(one, every) for one, every in zip(readings, found, strict=True)]

    def rank(index: int) -> tuple[bool, float]:
        reading = weighed[index]
        if not readings[-1].complete:
            return reading.fits(expect), sum(digit.confidence for digit in reading.digits)
        chance = float(np.prod(chances[index]))
        for other, of_other in zip(readings, chances, strict=True):
            chance *= float(np.prod(1 - of_other[_are_missed(other, readings[index])]))
        return reading.fits(expect), reading.score * chance

    return weighed[max(range(len(readings)), key=rank)]


def measure(
    reading: Reading, readings: Sequence[Reading], sight: Sight, classifier: Classifier
) -> evidence.Evidence:
    """Return the evidence of each detection of a reading, as ``evidence.measure``.

    Args:
        reading: one of those of a picture.
        readings: of the same picture, in the same orientation.
        sight: of the picture in this orientation.
        classifier: of the crops.
    """
    if not reading.detections:
        return {}
    factor = sight.ink.size[0] / reading.size[0]
    others = [digit for other in readings if other is not reading for digit in other.digits]
    return evidence.measure(
        factor * _boxes(reading.detections),
        np.stack([digit.probabilities for digit in reading.detections]),
        classifier.predict(np.stack([digit.image for digit in reading.detections])),
        factor * _boxes(others),
        sight.in_ink,
        sight.ink.mask,
    )


def weigh(reading: Reading, found: evidence.Evidence) -> Reading:
    """Return a reading without the digits that the evidence speaks against.

    They are not accepted; a number of which no detection is a digit is left out, never one of its
    digits in silence.

    Args:
        reading: any.
        found: the evidence of its detections.
    """
    if not reading.detections:
        return reading
    are_digits = evidence.are_digits(found)
    digits = [
        replace(digit, accepted=digit.accepted and bool(is_digit))
        for digit, is_digit in zip(reading.detections, are_digits, strict=True)
    ]
    start = 0
    for number in reading.numbers:
        part = slice(start, start + len(number))
        start = part.stop
        if not are_digits[part].any():
            digits[part] = map(_rejected, digits[part])
    return reading.with_detections(digits)


def _rejected(digit: Digit) -> Digit:
    probabilities = evidence.rejected(digit.probabilities[None])[0]
    confidence = float(probabilities[-1])
    return replace(
        digit,
        label=REJECT_CLASS,
        confidence=confidence,
        accepted=False,
        probabilities=probabilities,
    )


def _boxes(digits: Sequence[Digit]) -> Boxes:
    return np.array([digit.box for digit in digits], np.float64).reshape(-1, 4)


def _chances(reading: Reading, found: evidence.Evidence, readings: Sequence[Reading]) -> Boxes:
    """Return the probability of each detection that it is a digit: ``[n]``.

    The detector often misses clear thin ones; beside digits of their height they are more probable.
    """
    if not reading.detections:
        return np.zeros(0)
    boxes = _boxes(reading.detections)
    every = _boxes([digit for one in readings for digit in one.digits])
    broad = every[~evidence.are_thin(every)]
    chances = evidence.probability(found)
    odds = chances / (1 - chances)
    odds[evidence.are_thin(boxes) & _are_beside(boxes, broad)] *= _THIN_ODDS
    return odds / (1 + odds)


def _are_beside(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Return which boxes stand in the line of one of others and have its height: ``[n]``."""
    height = others[:, 3] - others[:, 1]
    ratio = (boxes[:, 3] - boxes[:, 1])[:, None] / np.maximum(height, 1)
    away = abs((boxes[:, [1, 3]].mean(axis=1))[:, None] - others[:, [1, 3]].mean(axis=1))
    least, most = _SAME_HEIGHT
    beside = (ratio > least) & (ratio < most) & (away < _SAME_LINE * height)
    result: NDArray[np.bool_] = beside.any(axis=1)
    return result


def _are_missed(other: Reading, reading: Reading) -> NDArray[np.bool_]:
    """Return which accepted digits of another reading a reading lacks: ``[n]``.

    It lacks those, too, that it rejects as no digit. What the border of the picture cuts may belong
    to neighbours, unless it is broad.
    """
    own = _boxes([digit for digit in reading.detections if not digit.is_rejected])
    boxes = _boxes(other.detections)
    low = np.maximum(boxes[:, None, :2], own[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], own[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    area = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1)
    covered = (shared > _COVERED * area[:, None]).any(axis=1)
    inset = _BORDER * np.array(other.size)
    is_cut = ((boxes[:, :2] < inset) | (boxes[:, 2:] > other.size - inset)).any(axis=1)
    is_narrow = boxes[:, 2] - boxes[:, 0] < _FRAGMENT * (boxes[:, 3] - boxes[:, 1])
    is_accepted = np.array([digit.accepted for digit in other.detections], bool)
    is_rejected = np.array([digit.is_rejected for digit in other.detections], bool)
    result: NDArray[np.bool_] = is_accepted & ~(covered | is_rejected | (is_cut & is_narrow))
    return result
