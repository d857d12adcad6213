"""Read the digits in a photo, scan or drawing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.assets import READER
from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.image_shape import size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.pipeline import DetectedDigits, detect_digits

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_DIGITS_TO_ROTATE = 4  # fewer do not show the orientation: a 6 may be a 9
LOW_CONFIDENCE = 0.8  # mean confidence below which other orientations are tried
MIN_CONFIDENCE_ROTATED, MIN_GAIN = 0.9, 0.15  # of another orientation to be preferred
MIN_DIGITS_KEPT = 0.6  # of the digits, that another orientation must contain
UNSURE = "?"
"""Text of a digit with a confidence below the threshold."""


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
    box: tuple[int, int, int, int]
    image: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]

    @property
    def text(self) -> str:
        """The label, or ``?`` below the threshold."""
        return self.label if self.accepted else UNSURE

    def to_json(self) -> dict[str, Any]:
        """Return label, confidence, acceptance and box as plain JSON types."""
        return {
            "label": self.label,
            "confidence": self.confidence,
            "accepted": self.accepted,
            "box": list(self.box),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits that were read in a picture.

    Attributes:
        numbers: lines from top to bottom; per line its numbers from left to right; per number its
            digits. The reject class is left out.
        rejected: detections of the reject class ("no digit").
        size: width and height of the upright picture in pixels.
        quarter_turns: counter-clockwise rotations by 90 degrees that were applied in addition to
            the EXIF orientation, because the digits are more confident that way. Boxes refer to
            the rotated picture.
    """

    numbers: tuple[tuple[tuple[Digit, ...], ...], ...]
    rejected: tuple[Digit, ...]
    size: tuple[int, int]
    quarter_turns: int = 0

    @property
    def lines(self) -> tuple[tuple[Digit, ...], ...]:
        """The digits of each line."""
        return tuple(tuple(digit for number in line for digit in number) for line in self.numbers)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits in reading order."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def detections(self) -> tuple[Digit, ...]:
        """The digits, then the rejected detections."""
        return (*self.digits, *self.rejected)

    @property
    def mean_confidence(self) -> float:
        """Mean confidence of the detections; rejected ones count as 0."""
        return sum(digit.confidence for digit in self.digits) / max(1, len(self.detections))

    @property
    def text(self) -> str:
        """The digits as text; ``?`` below the threshold, a space between numbers."""
        return "\n".join(
            " ".join("".join(digit.text for digit in number) for number in line)
            for line in self.numbers
        )

    def to_json(self) -> dict[str, Any]:
        """Return text, size, rotation in degrees, lines and boxes as plain JSON types."""
        lines = [[[d.to_json() for d in number] for number in line] for line in self.numbers]
        return {
            "text": self.text,
            "size": list(self.size),
            "turned": 90 * self.quarter_turns,
            "lines": lines,
        }

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Reading {self.text!r}, {len(self.digits)} digits>"


def read(
    picture: str | Path | Image | npt.NDArray[Any],
    predictor: Predictor | None = None,
    *,
    deslant: bool = False,
) -> Reading:
    """Read the digits in a photo, scan, screenshot or drawing.

    A page without EXIF orientation is rotated by multiples of 90 degrees if its digits have a low
    confidence as it is and a high one rotated.

    Args:
        picture: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, channels]`` of bytes, or of floats in [0, 1].
        predictor: classifies the digits; None for the packaged reader.
        deslant: shear each digit upright.

    Raises:
        InputError: the picture cannot be read or is too large, contains no digit, or the
            predictor's images are not 28x28.

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
    reading = read_upright(picture, predictor, deslant=deslant)
    if not reading.digits:
        raise NoDigitError("no digit found in the picture: its ink does not look like digits")
    return reading


@lru_cache(maxsize=1)
def default_predictor() -> Predictor:
    """Return the packaged reader."""
    return Predictor(READER)


def read_upright(
    picture: str | Path | Image | npt.NDArray[Any], predictor: Predictor, *, deslant: bool = False
) -> Reading:
    """Read a picture in its most confident orientation; all detections may be rejected.

    Args:
        picture: as for ``read``.
        predictor: classifies images of 28x28.
        deslant: shear each digit upright.

    Raises:
        InputError: as for ``read``.
    """

    def read_rotated(quarter_turns: int) -> Reading:
        detected = detect_digits(
            picture,
            deslant=deslant,
            classifier=Classifier.from_predictor(predictor),
            quarter_turns=quarter_turns,
        )
        return to_reading(detected, predictor, quarter_turns)

    original = read_rotated(0)
    few = len(original.detections) < MIN_DIGITS_TO_ROTATE
    if few or original.mean_confidence >= LOW_CONFIDENCE:
        return original
    best = max(map(read_rotated, (1, 2, 3)), key=lambda reading: reading.mean_confidence)
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
    digits = _digits(detected, predictor)
    numbers = [
        [tuple(digits[i] for i in number if digits[i].label != REJECT_CLASS) for number in line]
        for line in detected.numbers
    ]
    lines = [tuple(number for number in line if number) for line in numbers]
    rejected = tuple(digit for digit in digits if digit.label == REJECT_CLASS)
    return Reading(tuple(line for line in lines if line), rejected, detected.size, quarter_turns)


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
