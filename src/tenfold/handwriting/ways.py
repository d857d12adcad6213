"""The ways to read a picture: by rules of shape and by the detector network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from reprlib import repr as brief
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, NoDigitError
from tenfold.export.predictor import Predictor
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.detector_pipeline import READER_CLASSES, Sight, detect_digits_by_network
from tenfold.handwriting.picture import Picture
from tenfold.handwriting.pipeline import DetectedDigits, detect_digits
from tenfold.handwriting.result import Box, Digit, Number, Reading
from tenfold.handwriting.time_budget import OutOfTimeError, is_time_up, time_budget

MIN_DIGITS_TO_ROTATE = 4  # fewer do not show the orientation: a 6 may be a 9
LOW_CONFIDENCE = 0.8  # mean confidence below which other orientations are tried
MIN_CONFIDENCE_ROTATED, MIN_GAIN = 0.9, 0.15  # of another orientation to be preferred
MIN_DIGITS_KEPT = 0.6  # of the digits, that another orientation must contain
RULES_SHARE = 0.6  # of the time budget, for the rules of shape
_LONGEST = 1e9  # seconds; as good as no limit, and a number in JSON


@dataclass(frozen=True)
class Hints:
    """How to read a picture.

    Attributes:
        deslant: shear each digit upright.
        expect: digits of each number.
        region: left, top, width and height of the part to read, in its orientation.
        budget: seconds of processor time.

    Raises:
        InputError: a value has another type or is not allowed.

    Example:
        >>> Hints(budget="5")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: budget='5': give seconds from 0 on, or None for no limit
    """

    deslant: bool = False
    expect: int | None = None
    region: Box | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        _check(isinstance(self.deslant, (bool, np.bool_)), self, "deslant", "True or False")
        object.__setattr__(self, "deslant", bool(self.deslant))
        if self.expect is not None:
            one = _is_whole(self.expect) and self.expect >= 1
            _check(one, self, "expect", "the number of digits of each number, from 1 on")
            object.__setattr__(self, "expect", int(self.expect))
        if self.region is not None:
            is_list = isinstance(self.region, (tuple, list, np.ndarray)) and len(self.region) == 4
            whole = is_list and all(map(_is_whole, self.region))
            _check(whole, self, "region", "left, top, width and height in whole pixels")
            object.__setattr__(self, "region", tuple(int(side) for side in self.region))
        if self.budget is not None:
            real = isinstance(self.budget, Real) and not isinstance(self.budget, bool)
            seconds = "seconds from 0 on, or None for no limit"
            _check(real and self.budget >= 0, self, "budget", seconds)
            object.__setattr__(self, "budget", float(min(self.budget, _LONGEST)))


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check(is_allowed: bool, hints: Hints, name: str, allowed: str) -> None:
    if not is_allowed:
        value = " ".join(brief(getattr(hints, name)).split())
        raise InputError(f"{name}={value}: give {allowed}")


def read_in_both_ways(
    picture: Picture, predictor: Predictor, classifier: Classifier, hints: Hints
) -> tuple[list[Reading], Sight | None, bool]:
    """Read a picture by rules of shape and, for readers, by the detector network.

    Returns:
        The readings of the ways that found something, what the network saw, and whether both
        were finished in time.

    Raises:
        NoDigitError: none found anything, although both were finished.
    """
    is_reader = predictor.class_names == READER_CLASSES
    readings: list[Reading] = []
    sight: Sight | None = None
    polarities: dict[int, bool] = {}
    failure: NoDigitError | None = None

    def by_rules(quarter_turns: int, *, recut: bool = True) -> Reading:
        rotated = picture.rotated(quarter_turns)
        cutter = classifier if recut else None
        detected = detect_digits(rotated, deslant=hints.deslant, classifier=cutter)
        polarities[quarter_turns] = detected.light_on_dark
        return to_reading(detected, predictor, quarter_turns)

    def by_network() -> Reading:
        nonlocal sight
        turns = readings[0].quarter_turns if readings else 0
        sight = Sight.of(picture.rotated(turns), polarities.get(turns))
        detected = detect_digits_by_network(
            sight, classifier.predict, deslant=hints.deslant, expect=hints.expect
        )
        return to_reading(detected, predictor, turns)

    def rules_in_best_orientation() -> Reading:
        return _in_best_orientation(by_rules, hints.region is not None)

    ways = [(rules_in_best_orientation, RULES_SHARE), (by_network, 1.0)]
    complete, budget = True, hints.budget
    with time_budget(budget) as whole:
        for way, share in ways if is_reader else [(rules_in_best_orientation, 1.0)]:
            if is_time_up():
                break
            reading = None
            with time_budget(None if budget is None else share * budget) as part:
                try:
                    reading = way()
                except NoDigitError as error:
                    failure = error
                except OutOfTimeError:
                    pass
            if reading is not None:
                readings.append(replace(reading, complete=not part.exceeded))
            complete = complete and not part.exceeded
    complete = complete and not whole.exceeded
    if not readings and failure is not None and complete:
        raise failure
    return readings, sight, complete


def _in_best_orientation(by_rules: Callable[..., Reading], is_region: bool) -> Reading:
    """Return the reading of a picture as it is, or rotated if that is clearly more confident.

    The orientation is chosen without cutting doubtful components again, which takes most time.

    Args:
        by_rules: reads the picture after quarter turns.
        is_region: whether the picture is part of one; then it stays as it is.
    """
    original = by_rules(0)
    few = len(original.detections) < MIN_DIGITS_TO_ROTATE
    if is_region or few or original.mean_confidence >= LOW_CONFIDENCE or is_time_up():
        return original
    try:
        sketches = [by_rules(turns, recut=False) for turns in (1, 2, 3)]
        best = by_rules(max(sketches, key=lambda one: one.mean_confidence).quarter_turns)
    except OutOfTimeError:
        return original
    required = max(MIN_CONFIDENCE_ROTATED, original.mean_confidence + MIN_GAIN)
    enough_digits = len(best.digits) >= MIN_DIGITS_KEPT * len(original.digits)
    return best if best.mean_confidence > required and enough_digits else original


def to_reading(detected: DetectedDigits, predictor: Predictor, quarter_turns: int = 0) -> Reading:
    """Return the reading of detected digits; they are classified if they are not yet.

    Args:
        detected: crops with or without probabilities of the predictor.
        predictor: its class names and threshold apply.
        quarter_turns: that were applied to the picture.
    """
    probabilities = detected.probabilities
    if probabilities is None:
        probabilities = predictor(detected.crops, "byte")
    boxes = [(left, top, right, bottom) for left, top, right, bottom in detected.boxes.tolist()]
    accepted = predictor.accepts(probabilities)
    digits = digits_of(probabilities, boxes, detected.crops, predictor, accepted)
    rows = tuple(
        tuple(Number(tuple(digits[i] for i in number)) for number in line)
        for line in detected.numbers
    )
    every = Reading(rows, (), detected.size, quarter_turns)
    return every.with_detections(every.detections)


def digits_of(
    probabilities: npt.NDArray[np.float32],
    boxes: Sequence[Box],
    crops: npt.NDArray[np.uint8],
    predictor: Predictor,
    accepted: npt.NDArray[np.bool_],
) -> list[Digit]:
    """Return digits of their probabilities.

    Args:
        probabilities: float32 ``[n, classes]``, of the predictor.
        boxes: left, top, right, bottom in pixels of the upright picture.
        crops: uint8 ``[n, 28, 28]``.
        predictor: its class names apply.
        accepted: bool ``[n]``.
    """
    rows = zip(
        predictor.rank(probabilities, 1),
        accepted,
        boxes,
        crops,
        probabilities,
        strict=True,
    )
    return [
        Digit(label, confidence, bool(is_accepted), box, image, row)
        for ((label, confidence),), is_accepted, box, image, row in rows
    ]
