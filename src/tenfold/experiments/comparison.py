"""Comparison: which of two runs is better on the same images, by how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.metrics import Difference, McNemar, Score, SeedSummary
from tenfold.runs import Run

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same images, side by side.

    Attributes:
        names: of the two, for the verdict.
        first, second: their evaluations.
        difference: accuracy of the first less that of the second, as a share of 1.
        mcnemar: the counts and exact test behind it; None where a side has several networks.
    """

    names: tuple[str, str]
    first: Evaluation
    second: Evaluation
    difference: Difference
    mcnemar: McNemar | None

    @classmethod
    def of(cls, names: tuple[str, str], first: Evaluation, second: Evaluation) -> Comparison:
        """Compare two evaluations.

        Raises:
            InputError: they are not of the same images.

        Example:
            >>> labels = np.arange(8) % 2
            >>> right = np.eye(2)[labels][None]
            >>> poor = Evaluation("test", ("0", "1"), labels, right[:, ::-1], checksum="same")
            >>> good = Evaluation("test", ("0", "1"), labels, right, checksum="same")
            >>> Comparison.of(("good", "poor"), good, poor).difference.value
            1.0
        """
        if not first.checksum or first.checksum != second.checksum:
            raise InputError(
                f"{names[0]} and {names[1]}: not scored on the same images ("
                f"{_described(first)}; {_described(second)}); train both on the same data, with "
                "the same validation images"
            )
        ours, theirs = _right(first), _right(second)
        single = len(ours) == len(theirs) == 1
        difference = metrics.accuracy_difference(ours, theirs)
        counts = metrics.mcnemar(ours[0], theirs[0]) if single else None
        return cls(names, first, second, difference, counts)

    @property
    def accuracies(self) -> tuple[Score | SeedSummary, Score | SeedSummary]:
        """Of each: the score of one network, or the summary of several."""
        first, second = (
            found.over_seeds()["accuracy"] if len(found.outputs) > 1 else found.accuracy[0]
            for found in (self.first, self.second)
        )
        return first, second

    def verdict(self) -> str:
        """Which is better, by how much, how sure, and what these images could not show."""
        found, n = self.difference, len(self.first.labels)
        low, high = 100 * found.low, 100 * found.high
        chance = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.2g}"
        if found.p < SIGNIFICANT and found.value:
            better = self.names[found.value < 0]
            ends = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
            told = f"{better} is better by {100 * abs(found.value):.2f} points"
        else:
            ends = (low, high)
            told = f"no difference can be told: {100 * found.value:+.2f} points"
        return (
            f"{told} (95 %: {ends[0]:.2f} to {ends[1]:.2f}), {chance}; with {n:,} "
            f"{self.first.split} images, differences under {100 * found.visible:.2f} points "
            "cannot be seen"
        )

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON types."""
        accuracies = [accuracy.as_json() for accuracy in self.accuracies]
        return {
            "split": self.first.split,
            "runs": list(self.names),
            "accuracy": accuracies,
            "difference": self.difference.as_json(),
            "mcnemar": None if self.mcnemar is None else self.mcnemar.as_json(),
            "verdict": self.verdict(),
        }

    def __repr__(self) -> str:
        return f"<Comparison {self.verdict()}>"


def compare(first: Run, second: Run, split: str | None = None) -> Comparison:
    """Compare two runs on the same images, each with all its networks.

    Args:
        first: a run.
        second: another one, of the same data.
        split: ``validation``, or ``test``, which is recorded as an opening; None for test where
            both runs have opened it already, else validation.

    Raises:
        InputError: the runs are not finished, or were not scored on the same images.
    """
    if split is None:
        opened = all(run.test_openings() for run in (first, second))
        split = "test" if opened else "validation"
    names = (str(first.path), str(second.path))
    found = [run.evaluate(split, by="compare") for run in (first, second)]
    return Comparison.of(names, found[0], found[1])


def _right(found: Evaluation) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = found.outputs.argmax(axis=-1) == found.labels
    return right


def _described(found: Evaluation) -> str:
    return f"{len(found.labels):,} {found.split} images of {len(found.class_names)} classes"
