"""Read the digits in a photo, scan or drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.image_shape import size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.detector_pipeline import READER_CLASSES, detect_digits_by_network
from tenfold.handwriting.picture import load_picture
from tenfold.handwriting.pipeline import DetectedDigits, detect_digits
from tenfold.handwriting.time_budget import OutOfTimeError, is_time_up, time_budget

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_DIGITS_TO_ROTATE = 4  # fewer do not show the orientation: a 6 may be a 9
LOW_CONFIDENCE = 0.8  # mean confidence below which other orientations are tried
MIN_CONFIDENCE_ROTATED, MIN_GAIN = 0.9, 0.15  # of another orientation to be preferred
MIN_DIGITS_KEPT = 0.6  # of the digits, that another orientation must contain
REJECTION = 0.3  # of the score of a reading, if something in the picture was rejected
READ_SECONDS = 5.0
"""Default time budget of one picture."""

RULES_SHARE = 0.6  # of the time budget, for the rules of shape
UNSURE = "?"
"""Text of a digit with a confidence below the threshold."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    Attributes:
        label: the most probable class.
        confidence: its probability.
        accepted: whether the confidence reaches the model's threshold; if not, abstain.
        box: left, top, right, bottom in pixels of the upright picture.
        image: uint8 ``[28, 28]``, the crop that was classified.
        probabilities: float32 ``[classes]``.
    """

    label: str
    confidence: float
    accepted: bool
    box: Box
    image: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]

    @property
    def text(self) -> str:
        """The label, or ``?`` below the threshold."""
        return self.label if self.accepted else UNSURE

    @property
    def is_rejected(self) -> bool:
        """Whether the label is the reject class."""
        return self.label == REJECT_CLASS

    def to_json(self) -> dict[str, Any]:
        """Return label, confidence, acceptance and box as plain JSON types."""
        return {
            "label": self.label,
            "confidence": self.confidence,
            "accepted": self.accepted,
            "box": list(self.box),
        }


@dataclass(frozen=True, eq=False)
class Number:
    """Digits of a line that stand together.

    Attributes:
        digits: from left to right.
    """

    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The digits as text; ``?`` below the threshold."""
        return "".join(digit.text for digit in self.digits)

    @property
    def value(self) -> int | None:
        """The number, or None if a digit is below the threshold."""
        return int(self.text) if self.text.isdecimal() else None

    @property
    def confidence(self) -> float:
        """Probability that all digits are right, if their errors are independent."""
        return float(np.prod([digit.confidence for digit in self.digits]))

    @property
    def box(self) -> Box:
        """Left, top, right, bottom in pixels of the upright picture."""
        sides = np.array([digit.box for digit in self.digits])
        left, top = sides[:, :2].min(axis=0).tolist()
        right, bottom = sides[:, 2:].max(axis=0).tolist()
        return left, top, right, bottom

    def __len__(self) -> int:
        return len(self.digits)

    def to_json(self) -> dict[str, Any]:
        """Return text, value, confidence and box as plain JSON types."""
        return {
            "text": self.text,
            "value": self.value,
            "confidence": self.confidence,
            "box": list(self.box),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits that were read in a picture.

    Attributes:
        rows: lines from top to bottom; per line its numbers from left to right. The reject class
            is left out.
        rejected: detections of the reject class ("no digit").
        size: width and height of the upright picture in pixels.
        quarter_turns: counter-clockwise rotations by 90 degrees that were applied in addition to
            the EXIF orientation, because the digits are more confident that way. Boxes refer to
            the rotated picture.
        complete: whether the picture was read within the time budget; if not, digits may be
            missing.
    """

    rows: tuple[tuple[Number, ...], ...]
    rejected: tuple[Digit, ...]
    size: tuple[int, int]
    quarter_turns: int = 0
    complete: bool = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """All numbers in reading order."""
        return tuple(number for row in self.rows for number in row)

    @property
    def lines(self) -> tuple[tuple[Digit, ...], ...]:
        """The digits of each line."""
        return tuple(tuple(digit for number in row for digit in number.digits) for row in self.rows)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits in reading order."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def detections(self) -> tuple[Digit, ...]:
        """The digits, then the rejected detections."""
        return (*self.digits, *self.rejected)

    @property
    def confidence(self) -> float:
        """Probability that all digits are right, if their errors are independent."""
        return float(np.prod([digit.confidence for digit in self.digits]))

    @property
    def score(self) -> float:
        """The confidence, lower with rejected detections, and below 0 without digits."""
        return self.confidence - (REJECTION if self.rejected else 0) if self.digits else -1.0

    def fits(self, expect: int | None) -> bool:
        """Return whether all numbers have an expected number of digits; None expects nothing."""
        return expect is None or all(len(number) == expect for number in self.numbers)

    @property
    def mean_confidence(self) -> float:
        """Mean confidence of the detections; rejected ones count as 0."""
        return sum(digit.confidence for digit in self.digits) / max(1, len(self.detections))

    @property
    def text(self) -> str:
        """The digits as text; ``?`` below the threshold, a space between numbers."""
        return "\n".join(" ".join(number.text for number in row) for row in self.rows)

    def in_picture(self, left: int, top: int, size: tuple[int, int]) -> Reading:
        """Return the reading of a region with boxes and size in pixels of the entire picture."""

        def move(digit: Digit) -> Digit:
            x0, y0, x1, y1 = digit.box
            return replace(digit, box=(x0 + left, y0 + top, x1 + left, y1 + top))

        rows = tuple(
            tuple(Number(tuple(map(move, number.digits))) for number in row) for row in self.rows
        )
        return replace(self, rows=rows, rejected=tuple(map(move, self.rejected)), size=size)

    def to_json(self) -> dict[str, Any]:
        """Return text, size, rotation in degrees, lines, numbers and boxes as JSON types."""
        lines = [[[d.to_json() for d in number.digits] for number in row] for row in self.rows]
        return {
            "text": self.text,
            "confidence": self.confidence,
            "size": list(self.size),
            "turned": 90 * self.quarter_turns,
            "complete": self.complete,
            "numbers": [number.to_json() for number in self.numbers],
            "lines": lines,
        }

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        end = "" if self.complete else ", incomplete"
        return f"<Reading {self.text!r}, {len(self.digits)} digits{end}>"


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
    detector network. The more confident reading is returned.

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
    if region is not None:
        loaded = loaded.cropped(*region)
    classifier = Classifier.from_predictor(predictor)

    def by_rules(quarter_turns: int, *, recut: bool = True) -> Reading:
        rotated = loaded.rotated(quarter_turns)
        cutter = classifier if recut else None
        detected = detect_digits(rotated, deslant=deslant, classifier=cutter)
        return to_reading(detected, predictor, quarter_turns, expect)

    def by_network() -> Reading:
        detected = detect_digits_by_network(
            loaded, classifier.predict, deslant=deslant, expect=expect
        )
        return to_reading(detected, predictor, 0, expect)

    ways: list[Callable[[], Reading]] = [partial(_in_best_orientation, by_rules, bool(region))]
    if predictor.class_names == READER_CLASSES:
        ways.append(by_network)
    readings: list[Reading] = []
    failure: NoDigitError | None = None
    complete = True
    with time_budget(budget) as whole:
        for way, share in zip(ways, (RULES_SHARE if len(ways) > 1 else 1, 1), strict=False):
            if readings and (readings[0].quarter_turns or is_time_up()):
                break
            with time_budget(None if budget is None else share * budget) as part:
                try:
                    readings.append(way())
                except NoDigitError as error:
                    failure = error
                except OutOfTimeError:
                    pass
            complete = complete and not part.exceeded
    complete = complete and not whole.exceeded
    if not readings and failure is not None and complete:
        raise failure
    none = Reading((), (), loaded.size)
    best = max(readings, key=lambda one: (one.fits(expect), one.score), default=none)
    best = replace(best, complete=complete)
    return best if region is None else best.in_picture(region[0], region[1], size)


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


def to_reading(
    detected: DetectedDigits,
    predictor: Predictor,
    quarter_turns: int = 0,
    expect: int | None = None,
) -> Reading:
    """Return the reading of detected digits; they are classified if they are not yet.

    Args:
        detected: crops with or without probabilities of the predictor.
        predictor: its class names and threshold apply.
        quarter_turns: that were applied to the picture.
        expect: digits of each number; digits of numbers of another length are not accepted.
    """
    digits = _digits(detected, predictor)
    if expect is not None:
        for number in (number for line in detected.numbers for number in line):
            if len(number) != expect:
                for i in number:
                    digits[i] = replace(digits[i], accepted=False)
    numbers = [
        [Number(tuple(digits[i] for i in number if not digits[i].is_rejected)) for number in line]
        for line in detected.numbers
    ]
    rows = [tuple(number for number in line if number.digits) for line in numbers]
    rejected = tuple(digit for digit in digits if digit.is_rejected)
    return Reading(tuple(row for row in rows if row), rejected, detected.size, quarter_turns)


def _digits(detected: DetectedDigits, predictor: Predictor) -> list[Digit]:
    probabilities = detected.probabilities
    if probabilities is None:
        probabilities = predictor(detected.crops, "byte")
    rows = zip(
        predictor.rank(probabilities, 1),
        predictor.accepts(probabilities),
        detected.boxes.tolist(),
        detected.crops,
        probabilities,
        strict=True,
    )
    return [
        Digit(label, confidence, bool(accepted), (box[0], box[1], box[2], box[3]), image, row)
        for ((label, confidence),), accepted, box, image, row in rows
    ]
