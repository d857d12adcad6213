"""The values that a network trained elsewhere is fed for black and white, and how they are found.

Where the network does not tell them, the images that it was trained on do: in the wrong values it
makes more errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.data.value_range import parse as parse_range
from tenfold.engine.inputs import WHITE

SURE = 3.0
"""Standard deviations by which the numbers of correct images must differ."""

_MOST_IMAGES = 10_000
_MOST_PIXELS = 10_000_000


@dataclass(frozen=True)
class InputValues:
    """The values of black and white, one or one a channel.

    Attributes:
        name: as the option gives them.
        low: of black.
        high: of white.
    """

    name: str
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def scale(self) -> tuple[float, ...]:
        """What bytes are multiplied by."""
        return tuple((b - a) / WHITE for a, b in zip(self.low, self.high, strict=True))

    @property
    def whole(self) -> bool:
        """Whether they are the whole numbers of optical digits, which trees compare exactly."""
        return (self.low, self.high) in (((0.0,), (15.0,)), ((0.0,), (16.0,)))

    def __str__(self) -> str:
        if len(self.low) > 1:
            return f"mean and deviation of each channel ({self.name})"
        low, high = (f"{v[0]:.4g}" for v in (self.low, self.high))
        return f"{low} to {high}" + ("" if ".." in self.name else f" ({self.name})")


def _standardized(name: str, mean: Sequence[float], std: Sequence[float]) -> InputValues:
    pairs = list(zip(mean, std, strict=True))
    return InputValues(name, tuple(-m / s for m, s in pairs), tuple((1 - m) / s for m, s in pairs))


NAMED = {
    "unit": InputValues("unit", (0.0,), (1.0,)),
    "byte": InputValues("byte", (0.0,), (255.0,)),
    "signed": InputValues("signed", (-1.0,), (1.0,)),
    "mnist": _standardized("mnist", (0.1307,), (0.3081,)),
    "imagenet": _standardized("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""The usual values; the last two are standardized by mean and deviation of MNIST and ImageNet.

Source: the examples of PyTorch and the documentation of ``torchvision.models``.
"""


@dataclass(frozen=True)
class Found:
    """The values that were found.

    Attributes:
        values: of black and white.
        reason: how they were found, as a clause.
    """

    values: InputValues
    reason: str


def parse(text: str, channels: int) -> InputValues:
    """Return the values of a name, or of LOW..HIGH.

    Args:
        text: such as ``unit`` or ``-1..1``.
        channels: of the network's input.

    Raises:
        InputError: it is neither, or is for images of three channels.

    Example:
        >>> parse("signed", 1).scale == parse("-1..1", 1).scale
        True
    """
    if text not in NAMED and ".." not in str(text):
        names = ", ".join(NAMED)
        raise InputError(f"input_range: {text!r}; give {names}, or LOW..HIGH as in -1..1")
    if text in NAMED:
        values = NAMED[text]
    else:
        found = parse_range(text)
        values = InputValues(str(found), (found.low,), (found.high,))
    if len(values.low) not in (1, channels):
        raise InputError(f"input_range: {text!r} is for colours, the network takes grey images")
    return values


def candidates(channels: int, files: str, told: Found | None = None) -> list[InputValues]:
    """The usual values for a network, and others that are known; each once.

    Args:
        channels: of the network's input.
        files: the values of black and white in the files of the data.
        told: by the network.
    """
    usual = [v for v in NAMED.values() if len(v.low) in (1, channels)]
    others = [parse(files, channels), *([] if told is None else [told.values])]
    return list({(v.low, v.high): v for v in [*others, *usual]}.values())


def sample(train: Dataset, side: int) -> Dataset:
    """Evenly spaced training images to measure on, fewer for large inputs of ``side`` pixels."""
    count = max(100, min(_MOST_IMAGES, _MOST_PIXELS // side))
    return train[:: math.ceil(len(train) / count)]


def measure(
    predict: Callable[[InputValues], npt.NDArray[np.float32]],
    images: Dataset,
    tried: Sequence[InputValues],
    preferred: str | None,
) -> Found | None:
    """Find the values by the accuracy on training images; None if all are as bad as guessing.

    Args:
        predict: probabilities of the images, ``[n, classes]``, for some values.
        images: that the network was trained on.
        tried: the candidates.
        preferred: the name of the values that are chosen among equals; None for none.

    Raises:
        InputError: several are equally good.
    """
    correct = [predict(values).argmax(axis=1) == images.labels for values in tried]
    shares = [float(hits.mean()) for hits in correct]
    order = sorted(range(len(tried)), key=lambda i: -shares[i])
    best = order[0]
    listed = ", ".join(f"{tried[i].name} {100 * shares[i]:.1f} %" for i in order)
    measured = f"{listed} of {len(images):,} training images right"
    if is_chance(correct[best], images.labels):
        return None
    equal = [i for i in order if not _is_better(correct[best], correct[i])]
    chosen = [i for i in equal if tried[i].name == preferred] or equal
    if len(chosen) > 1:
        raise InputError(
            f"input_range: the network does not tell the values of black and white ({measured}); "
            f"give --input-range {' or '.join(tried[i].name for i in equal)} (input_range= in "
            "Python)"
        )
    return Found(tried[chosen[0]], measured)


def is_chance(correct: npt.NDArray[np.bool_], labels: npt.NDArray[np.int64]) -> bool:
    """Whether the hits could be those of the most frequent class."""
    share = np.bincount(labels).max() / len(labels)
    deviation = math.sqrt(share * (1 - share) / len(labels))
    return bool(correct.mean() <= share + SURE * deviation)


def _is_better(best: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> bool:
    """Whether more images are right, by more than chance: a sign test on those that differ."""
    gained, lost = int((best & ~other).sum()), int((other & ~best).sum())
    return gained - lost > SURE * math.sqrt(gained + lost)
