"""Read the digits in a photo, scan or drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.image_shape import size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting.choice import choose
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.detector_pipeline import READER_CLASSES, Sight, detect_digits_by_network
from tenfold.handwriting.page_area import find_page
from tenfold.handwriting.picture import Picture, load_picture
from tenfold.handwriting.pipeline import DetectedDigits, detect_digits
from tenfold.handwriting.result import Box, Digit, Number, Reading
from tenfold.handwriting.time_budget import OutOfTimeError, is_time_up, time_budget

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_DIGITS_TO_ROTATE = 4  # fewer do not show the orientation: a 6 may be a 9
LOW_CONFIDENCE = 0.8  # mean confidence below which other orientations are tried
MIN_CONFIDENCE_ROTATED, MIN_GAIN = 0.9, 0.15  # of another orientation to be preferred
MIN_DIGITS_KEPT = 0.6  # of the digits, that another orientation must contain
READ_SECONDS = 5.0
"""Default time budget of one picture."""

RULES_SHARE = 0.6  # of the time budget, for the rules of shape


def read(
    picture: str | Path | Image | npt.NDArray[Any],
    predictor: Predictor | None = None,
    *,
    deslant: bool = False,
    expect: int | None = None,
    region: Box | None = None,
    budget: float | None = READ_SECONDS,
) -> Reading:
    """Read the digits in a photo, scan, screenshot or drawing.

    A page without EXIF orientation is rotated by multiples of 90 degrees if its digits have a low
    confidence as it is and a high one rotated.

    Args:
        picture: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, channels]`` of bytes, or of floats in [0, 1].
        predictor: classifies the digits; None for the packaged reader.
        deslant: shear each digit upright.
        expect: digits of each number, if known; numbers of another length are not accepted.
        region: left, top, width and height in pixels of the part to read. Boxes refer to the
            entire picture.
        budget: seconds of processor time of one core; then the best reading so far is returned,
            marked as not ``complete``. None for no limit.

    Raises:
        InputError: the picture cannot be read or is too large, contains no digit, the predictor's
            images are not 28x28, the budget is below 0, or the region is not within the
            picture.

    Example:
        >>> picture = np.full((90, 120), 230, np.uint8)
        >>> picture[20:70, 58:64] = 30
        >>> read(picture).text
        '1'
    """
    predictor = default_predictor() if predictor is None else predictor
    if predictor.image_shape != (SIDE, SIDE):
        raise InputError(
            f"{predictor.path}: takes images of {size_text(predictor.image_shape)}; digits are "
            f"read by networks for grey images of {SIDE}x{SIDE}"
        )
    if expect is not None and expect < 1:
        raise InputError(f"expect={expect}: give the number of digits of each number, 1 or more")
    if budget is not None and not budget >= 0:
        raise InputError(f"budget={budget}: give seconds from 0 on, or None for no limit")
    reading = read_upright(
        picture, predictor, deslant=deslant, expect=expect, region=region, budget=budget
    )
    if not reading.digits and not reading.complete:
        raise NoDigitError(
            f"no digit found in the picture within {budget:g} s; give a region or a larger budget"
        )
    if not reading.digits:
        raise NoDigitError("no digit found in the picture: its ink does not look like digits")
    return reading


def read_upright(
    picture: str | Path | Image | npt.NDArray[Any],
    predictor: Predictor,
    *,
    deslant: bool = False,
    expect: int | None = None,
    region: Box | None = None,
    budget: float | None = READ_SECONDS,
) -> Reading:
    """Read a picture in its most confident orientation; all detections may be rejected.

    It is read by rules of shape, and for readers (the ten digits and a reject class) also by the
    detector network. The more probable reading is returned, by the evidence of both ways.

    Args:
        picture: as for ``read``.
        predictor: classifies images of 28x28.
        deslant: shear each digit upright.
        expect: digits of each number.
        region: as for ``read``; it is read in its orientation.
        budget: as for ``read``; what is left of the rules' share is spent on the network.

    Raises:
        InputError: as for ``read``.
    """
    loaded = load_picture(picture)
    size = loaded.size
    part = region
    if region is not None:
        loaded = loaded.cropped(*region)
    elif (page := find_page(loaded)) is not None:
        loaded, part = page
    hints = Hints(deslant, expect, region is not None, budget)
    classifier = Classifier.from_predictor(predictor)
    readings, sight, complete = read_in_both_ways(loaded, predictor, classifier, hints)
    best = Reading((), (), loaded.size)
    if readings:
        best = choose(readings, sight, classifier, expect)
    best = replace(best.expecting(expect), complete=complete)
    if part is None:
        return best
    (left, top, _, _), size = _turned(part, size, best.quarter_turns)
    return best.in_picture(left, top, size)


def _turned(part: Box, size: tuple[int, int], quarter_turns: int) -> tuple[Box, tuple[int, int]]:
    """Return a part (left, top, width, height) of a picture, and its size, after quarter turns."""
    for _ in range(quarter_turns % 4):
        left, top, width, height = part
        part, size = (top, size[0] - left - width, height, width), size[::-1]
    return part, size


@dataclass(frozen=True)
class Hints:
    """How to read a picture.

    Attributes:
        deslant: shear each digit upright.
        expect: digits of each number.
        is_region: whether the picture is part of one; then it is read in its orientation.
        budget: seconds of processor time.
    """

    deslant: bool = False
    expect: int | None = None
    is_region: bool = False
    budget: float | None = None


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
        return _in_best_orientation(by_rules, hints.is_region)

    ways = [(rules_in_best_orientation, RULES_SHARE), (by_network, 1.0)]
    complete, budget = True, hints.budget
    with time_budget(budget) as whole:
        for way, share in ways if is_reader else [(rules_in_best_orientation, 1.0)]:
            if readings and is_time_up():
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
    digits = _digits(probabilities, boxes, detected.crops, predictor, accepted)
    rows = tuple(
        tuple(Number(tuple(digits[i] for i in number)) for number in line)
        for line in detected.numbers
    )
    every = Reading(rows, (), detected.size, quarter_turns)
    return every.with_detections(every.detections)


def _digits(
    probabilities: npt.NDArray[np.float32],
    boxes: Sequence[Box],
    crops: npt.NDArray[np.uint8],
    predictor: Predictor,
    accepted: npt.NDArray[np.bool_],
) -> list[Digit]:
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
