"""Reading: what a network makes of a photo, scan or drawing, digit by digit and in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.core.assets import READER
from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.files import atomic_write
from tenfold.data.synthetic import NO_DIGIT
from tenfold.export.predictor import Predictor
from tenfold.handwriting import Page, find
from tenfold.handwriting.digit_scores import Judge
from tenfold.handwriting.picture import quarter_turned
from tenfold.handwriting.picture import read as open_picture

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_ANNOTATED = 1600  # pixels
FEWEST_TO_TURN = 4  # digits: fewer do not tell how a page lies, a 6 may be a 9
DOUBTFUL = 0.8  # mean confidence under which a page may lie otherwise,
SURE, GAIN = 0.9, 0.15  # and what it must be when turned, and how much better
UNSURE = "?"
"""What stands in a text for a digit that is not sure enough."""


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    Attributes:
        label: the most probable class.
        confidence: its probability.
        accepted: whether that is enough; where it is not, the honest answer is "I don't know".
        box: left, top, right, bottom in pixels of the upright picture.
        image: uint8 ``[28, 28]``, what the network saw.
        probabilities: float32 ``[classes]``, of every class.
    """

    label: str
    confidence: float
    accepted: bool
    box: tuple[int, int, int, int]
    image: npt.NDArray[np.uint8]
    probabilities: npt.NDArray[np.float32]

    @property
    def text(self) -> str:
        """The label, or ``?`` where it is not sure enough."""
        return self.label if self.accepted else UNSURE

    def to_json(self) -> dict[str, Any]:
        """Label, confidence, whether accepted and box, as plain JSON types."""
        return {
            "label": self.label,
            "confidence": self.confidence,
            "accepted": self.accepted,
            "box": list(self.box),
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a picture.

    Attributes:
        numbers: lines from top to bottom; of each its numbers from left to right; of each number
            its digits. What the network takes for no digit is left out.
        others: what it took for no digit.
        size: width and height of the upright picture, in pixels.
        turned: quarters of a turn counter-clockwise by which the picture was turned, beyond what
            its EXIF data say, since its digits are read far more surely so; boxes are in the
            turned picture. Else 0.
    """

    numbers: tuple[tuple[tuple[Digit, ...], ...], ...]
    others: tuple[Digit, ...]
    size: tuple[int, int]
    turned: int = 0

    @property
    def lines(self) -> tuple[tuple[Digit, ...], ...]:
        """The digits of each line."""
        return tuple(tuple(digit for number in line for digit in number) for line in self.numbers)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits in reading order."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def all(self) -> tuple[Digit, ...]:
        """The digits, and what the network takes for none."""
        return (*self.digits, *self.others)

    @property
    def certainty(self) -> float:
        """The mean confidence of the digits; what is taken for no digit counts as 0."""
        return sum(digit.confidence for digit in self.digits) / max(1, len(self.all))

    def is_as_full(self, other: Reading) -> bool:
        """Return whether not far fewer digits are in this reading than in another."""
        return len(self.digits) >= 0.6 * len(other.digits)

    @property
    def text(self) -> str:
        """The digits as text: ``?`` for the unsure, a space between numbers, lines as lines."""
        return "\n".join(
            " ".join("".join(digit.text for digit in number) for number in line)
            for line in self.numbers
        )

    def to_json(self) -> dict[str, Any]:
        """Text, size, turn in degrees, lines and boxes as plain JSON types."""
        lines = [[[d.to_json() for d in number] for number in line] for line in self.numbers]
        return {
            "text": self.text,
            "size": list(self.size),
            "turned": 90 * self.turned,
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

    A page that lies on its side or upside down with no EXIF data to say so is turned, where many
    digits are read badly as it lies, and well when turned.

    Args:
        picture: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, colours]`` of bytes, or of floats in [0, 1].
        predictor: what names the digits; None for the network that comes with tenfold.
        deslant: shear each digit upright.

    Raises:
        InputError: the picture cannot be read or is too large, there is no digit in it, or the
            predictor takes other images than 28x28.

    Example:
        >>> picture = np.full((90, 120), 230, np.uint8)
        >>> picture[20:70, 58:64] = 30
        >>> read(picture).text
        '1'
    """
    network = shipped() if predictor is None else predictor
    if network.image_shape != (28, 28):
        raise InputError(f"{network.path}: takes images of {network.image_shape}, not 28x28")
    reading = look(picture, network, deslant=deslant)
    if not reading.digits:
        raise NoDigitError("no digit found in the picture: what is in it looks like something else")
    return reading


def look(
    picture: str | Path | Image | npt.NDArray[Any], network: Predictor, *, deslant: bool = False
) -> Reading:
    """Read a picture, turned where that is far surer; there may be no digit in what is found.

    Raises:
        InputError: as ``read``.
    """
    as_it_lies = _look(picture, network, deslant, 0)
    if len(as_it_lies.all) < FEWEST_TO_TURN or as_it_lies.certainty >= DOUBTFUL:
        return as_it_lies
    others = [_look(picture, network, deslant, turns) for turns in (1, 2, 3)]
    best = max(others, key=lambda found: found.certainty)
    surer = best.certainty > max(SURE, as_it_lies.certainty + GAIN)
    return best if surer and best.is_as_full(as_it_lies) else as_it_lies


def _look(
    picture: str | Path | Image | npt.NDArray[Any], network: Predictor, deslant: bool, turned: int
) -> Reading:
    page = find(picture, deslant=deslant, judge=judge_of(network), turned=turned)
    return replace(arranged(page, network), turned=turned)


def arranged(page: Page, network: Predictor) -> Reading:
    """What a network that takes 28x28 images makes of the digits that were found in a picture."""
    found = _named(page, network)
    lines = []
    for line in page.numbers:
        kept = [tuple(found[i] for i in number if found[i].label != NO_DIGIT) for number in line]
        lines.append(tuple(number for number in kept if number))
    others = tuple(digit for digit in found if digit.label == NO_DIGIT)
    return Reading(tuple(line for line in lines if line), others, page.size)


@lru_cache(maxsize=1)
def shipped() -> Predictor:
    """The network that comes with tenfold."""
    return Predictor(READER)


def judge_of(network: Predictor) -> Judge:
    """What judges crops for ``find``: the network, with the probability of no digit last."""
    if NO_DIGIT not in network.class_names:
        return lambda crops: np.pad(network(crops), ((0, 0), (0, 1)))
    place = network.class_names.index(NO_DIGIT)
    order = [i for i in range(len(network.class_names)) if i != place] + [place]
    return lambda crops: network(crops)[:, order]


def probabilities(page: Page, network: Predictor) -> npt.NDArray[np.float32]:
    """What a network says of each crop of a page, or its judge said: ``[n, classes]``."""
    if page.answers is None:
        return network(page.crops)
    if NO_DIGIT not in network.class_names:
        return page.answers[:, :-1]
    place = network.class_names.index(NO_DIGIT)
    return np.insert(page.answers[:, :-1], place, page.answers[:, -1], axis=1)


def _named(page: Page, network: Predictor) -> list[Digit]:
    answers_of = probabilities(page, network)
    answers = zip(
        network.rank(answers_of, 1),
        network.accepts(answers_of),
        page.boxes.tolist(),
        page.crops,
        answers_of,
        strict=True,
    )
    return [
        Digit(label, chance, bool(accepted), (box[0], box[1], box[2], box[3]), image, each)
        for ((label, chance),), accepted, box, image, each in answers
    ]


def annotate(
    picture: str | Path | Image | npt.NDArray[Any], reading: Reading, path: str | Path
) -> None:
    """Write the picture with boxes and answers in it, and what the network saw below, as PNG.

    Args:
        picture: what was read.
        reading: what came of it.
        path: the file, whose name ends in .png.

    Raises:
        InputError: the name ends otherwise, or the picture cannot be read.
    """
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: an annotated picture is a PNG; give a name that ends in .png")
    opened = open_picture(picture, LONGEST_ANNOTATED)
    pixels, size = quarter_turned(*opened, reading.turned)
    digits = (*reading.digits, *reading.others)
    boxes = np.array([digit.box for digit in digits]) * pixels.shape[1] / size[0]
    drawn = figures.annotated(
        pixels,
        boxes.round().astype(np.int64),
        [digit.label for digit in digits],
        [digit.confidence for digit in digits],
        [digit.accepted and digit.label != NO_DIGIT for digit in digits],
        np.stack([digit.image for digit in digits]),
    )
    with atomic_write(Path(path)) as file:
        drawn.save(file, "PNG")
