"""Crops as a network judges them: what a part of ink costs if it is taken for one digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.components import Part

Crops = NDArray[np.uint8]
Answers = NDArray[np.float32]
Judge = Callable[[Crops], Answers]
"""Crops [n, 28, 28] -> probabilities [n, classes + 1]: of each digit, and last that it is none."""

_USUAL = 0.7  # times its height: as wide as digits are; what is wider is believed less,
_SPREAD = 0.25  # by a normal distribution of this deviation
_LEAST = 1e-4  # probability; no crop counts as more of an obstacle


@dataclass(frozen=True, eq=False)
class Judged:
    """Parts of ink that are taken for a digit each.

    Attributes:
        parts: n of them.
        crops: uint8 [n, 28, 28].
        answers: float32 [n, classes + 1], the judge's.
    """

    parts: list[Part]
    crops: Crops
    answers: Answers

    @property
    def certainty(self) -> NDArray[np.float32]:
        """The probability [n] of the most probable digit."""
        return digit_certainty(self.answers)

    @classmethod
    def joined(cls, groups: Sequence[Judged]) -> Judged:
        """Put several groups together."""
        parts = [part for group in groups for part in group.parts]
        crops = np.concatenate([group.crops for group in groups])
        return cls(parts, crops, np.concatenate([group.answers for group in groups]))

    def split(self, ends: Sequence[int]) -> list[Judged]:
        """Return the groups that end before these indices."""
        bounds = [0, *ends, len(self.parts)]
        return [
            Judged(self.parts[a:b], self.crops[a:b], self.answers[a:b]) for a, b in pairwise(bounds)
        ]

    def costs(self) -> NDArray[np.float64]:
        """What each part costs [n]: minus the logarithms of its certainty and of its width's."""
        shapes = [wide_cost(part) for part in self.parts]
        costs: NDArray[np.float64] = np.array(shapes) - np.log(np.maximum(self.certainty, _LEAST))
        return costs


def digit_certainty(answers: Answers) -> NDArray[np.float32]:
    """Return the probability [n] of the most probable digit of answers [n, classes + 1]."""
    certainty: NDArray[np.float32] = answers[:, :-1].max(axis=1)
    return certainty


def wide_cost(part: Part) -> float:
    """Return how much too wide a part is for one digit, as minus a logarithm of probability."""
    return 0.5 * (max(0.0, part.width / part.height - _USUAL) / _SPREAD) ** 2


def judged(parts: Sequence[Part], crop: Callable[[Part], Crops], judge: Judge) -> Judged:
    """Ask the judge about parts, all at once.

    Args:
        parts: at least one.
        crop: makes uint8 [28, 28] of a part.
        judge: names it.
    """
    crops = np.stack([crop(part) for part in parts])
    return Judged(list(parts), crops, judge(crops))
