"""Comparison: which of two runs is better on the same images, by how much, how significantly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.metrics import Difference, McNemar, table_metrics
from tenfold.runs import Run
from tenfold.runs.evaluation_data import Data

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same images.

    Attributes:
        names: of the two, for the verdict.
        first: evaluation of the first.
        second: evaluation of the second.
        difference: accuracy of the first minus that of the second, as a share of 1.
        mcnemar: the counts and exact test behind it; None where a side has several networks.
        note: what else differs between the two, such as a refit, which trained on more images.
    """

    names: tuple[str, str]
    first: Evaluation
    second: Evaluation
    difference: Difference
    mcnemar: McNemar | None
    note: str = ""

    @classmethod
    def of(cls, names: tuple[str, str], first: Evaluation, second: Evaluation) -> Comparison:
        """Compare two evaluations.

        Raises:
            InputError: they are not of the same images.

        Example:
            >>> labels = np.arange(8) % 2
            >>> correct = np.eye(2)[labels][None]
            >>> poor = Evaluation("test", ("0", "1"), labels, correct[:, ::-1], checksum="same")
            >>> good = Evaluation("test", ("0", "1"), labels, correct, checksum="same")
            >>> Comparison.of(("good", "poor"), good, poor).difference.value
            1.0
        """
        if not first.checksum or first.checksum != second.checksum:
            raise InputError(
                f"{names[0]} and {names[1]}: not evaluated on the same images ("
                f"{_images(first)}; {_images(second)}); train both on the same data, with "
                "the same validation images"
            )
        a, b = _correct(first), _correct(second)
        difference = metrics.accuracy_difference(a, b)
        counts = metrics.mcnemar(a[0], b[0]) if len(a) == len(b) == 1 else None
        return cls(names, first, second, difference, counts)

    def verdict(self) -> str:
        """Which is better, by how much, how significantly, and what the images could not show."""
        difference, of = self.difference, " of exact match" * self.first.multi_label
        low, high = 100 * difference.low, 100 * difference.high
        p = "p < 0.001" if difference.p < 0.001 else f"p = {difference.p:.2g}"
        if difference.p < SIGNIFICANT and difference.value:
            better = self.names[difference.value < 0]
            low, high = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
            result = f"{better} is better by {100 * abs(difference.value):.2f} points{of}"
        else:
            result = f"no significant difference: {100 * difference.value:+.2f} points{of}"
        return (
            f"{result} (95 %: {low:.2f} to {high:.2f}), {p}; with {difference.n:,} "
            f"{self.first.split} images, differences under {100 * difference.visible:.2f} points "
            "cannot be detected"
        )

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON types, each metric as the pair of both runs."""
        pair = (self.first, self.second)
        return {
            "split": self.first.split,
            "runs": list(self.names),
            **{
                m.name: [result.summary(m.name).as_json() for result in pair]
                for m in table_metrics(self.first.metrics)
            },
            "difference": self.difference.as_json(),
            "mcnemar": None if self.mcnemar is None else self.mcnemar.as_json(),
            "verdict": self.verdict(),
            **({"note": self.note} if self.note else {}),
        }

    def __repr__(self) -> str:
        return f"<Comparison {self.verdict()}>"


def compare(
    first: Run | str | Path,
    second: Run | str | Path,
    split: str | None = None,
    *,
    data: Data | None = None,
) -> Comparison:
    """Compare two runs on the same images, each with all its networks.

    Args:
        first: a run or its folder.
        second: another on the same data.
        split: ``validation``, or ``test``, which is recorded as an opening; by default test if
            both runs have opened it already, else validation.
        data: images of other data than the runs', or their own made in memory; as for
            ``Run.evaluate``.

    Raises:
        InputError: a run is not finished, or they were not evaluated on the same images.
    """
    runs = [run if isinstance(run, Run) else Run(run) for run in (first, second)]
    if split is None:
        split = "test" if all(run.test_openings() for run in runs) else "validation"
    for run in runs:
        if run.record.protocol == "refit" and split == "validation" and data is None:
            raise InputError(
                f"{run.path}: a refit has no validation images; compare on the test set "
                "(--split test), which both runs record"
            )
    results = [run.evaluate(split, by="compare", data=data) for run in runs]
    comparison = Comparison.of((str(runs[0].path), str(runs[1].path)), *results)
    notes = [f"{run.path}: {run.record.refit_note}" for run in runs if run.record.refit_note]
    return replace(comparison, note=" ".join(notes))


def _correct(evaluation: Evaluation) -> npt.NDArray[np.bool_]:
    """Return which predictions are correct, bool ``[networks, n]``."""
    if evaluation.multi_label:  # as exact match counts
        answers = metrics.predicted_labels(evaluation.outputs) == evaluation.labels.astype(bool)
        return np.asarray(answers.all(axis=-1))
    correct: npt.NDArray[np.bool_] = evaluation.outputs.argmax(axis=-1) == evaluation.labels
    return correct


def _images(evaluation: Evaluation) -> str:
    n, classes = len(evaluation.labels), len(evaluation.class_names)
    return f"{n:,} {evaluation.split} images of {classes} classes"
