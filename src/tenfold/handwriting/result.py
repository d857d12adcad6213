"""What was read in a picture: digits, numbers and the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data.synthetic import REJECT_CLASS

REJECTION = 0.3  # of the score of a reading, if something in the picture was rejected
UNSURE = "?"
"""Text of a digit with a confidence below the threshold."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    Attributes:
        label: the most probable class.
        confidence: its probability.
        accepted: whether the confidence reaches the threshold; if not, abstain.
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

    def with_detections(self, detections: Sequence[Digit]) -> Reading:
        """Return the reading with other digits in the places of its detections.

        Args:
            detections: as many as there are; rejected ones leave their numbers.
        """
        rest = iter(detections)
        rows = [[tuple(islice(rest, len(number))) for number in row] for row in self.rows]
        kept = [
            [
                Number(digits)
                for number in row
                if (digits := tuple(digit for digit in number if not digit.is_rejected))
            ]
            for row in rows
        ]
        rejected = tuple(digit for digit in detections if digit.is_rejected)
        return replace(self, rows=tuple(tuple(row) for row in kept if row), rejected=rejected)

    def in_picture(self, left: int, top: int, size: tuple[int, int]) -> Reading:
        """Return the reading of a region with boxes and size in pixels of the entire picture."""

        def move(box: Box) -> Box:
            x0, y0, x1, y1 = box
            return x0 + left, y0 + top, x1 + left, y1 + top

        moved = [replace(digit, box=move(digit.box)) for digit in self.detections]
        return replace(self.with_detections(moved), size=size)

    def expecting(self, expect: int | None) -> Reading:
        """Return the reading with no digit accepted in numbers of another length; None: any."""
        accepted = [
            digit.accepted and len(number) == (expect or len(number))
            for number in self.numbers
            for digit in number.digits
        ] + [digit.accepted for digit in self.rejected]
        pairs = zip(self.detections, accepted, strict=True)
        return self.with_detections([replace(digit, accepted=each) for digit, each in pairs])

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
