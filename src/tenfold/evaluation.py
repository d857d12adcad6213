"""Evaluation: what the networks of a run make of a split, as figures with intervals."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures, scores
from tenfold.errors import InputError
from tenfold.scores import Score, SeedSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of one or several networks, each trained from its own seed, on one split.

    Attributes:
        split: ``train``, ``validation`` or ``test``.
        class_names: the classes, in the order of the labels.
        labels: the right classes, int ``[n]``.
        probabilities: float32 ``[networks, n, classes]``.

    Example:
        >>> probabilities = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]])
        >>> result = Evaluation("test", ("0", "1"), np.array([0, 1, 1]), probabilities)
        >>> result.accuracy[0].value.__round__(2)
        0.67
        >>> result.per_class()["1"]
        (1, 2)
    """

    split: str
    class_names: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.class_names))
        if self.probabilities.ndim != 3 or self.probabilities.shape[1:] != expected:
            raise InputError(
                f"probabilities have shape {self.probabilities.shape}, {len(self.labels)} images "
                f"of {len(self.class_names)} classes need (networks, {expected[0]}, {expected[1]})"
            )

    @classmethod
    def of_networks(cls, results: Sequence[Evaluation]) -> Evaluation:
        """Join the evaluations of single networks on one split.

        Raises:
            InputError: there are none.
        """
        if not results:
            raise InputError("results: there are none; give at least one Evaluation")
        first = results[0]
        answers = np.concatenate([result.probabilities for result in results])
        return cls(first.split, first.class_names, first.labels, answers)

    @property
    def accuracy(self) -> list[Score]:
        """Share of right answers of each network, with its 95 % Wilson interval."""
        return [scores.accuracy(p, self.labels) for p in self.probabilities]

    @property
    def log_loss(self) -> list[Score]:
        """Mean negative log-likelihood of each network, in nats."""
        return [scores.log_loss(p, self.labels) for p in self.probabilities]

    def over_seeds(self) -> dict[str, SeedSummary]:
        """Mean and standard deviation of accuracy and loss over the networks."""
        return {
            "accuracy": scores.over_seeds([score.value for score in self.accuracy]),
            "log_loss": scores.over_seeds([score.value for score in self.log_loss]),
        }

    def confusion_matrix(self, network: int = 0) -> npt.NDArray[np.int64]:
        """Counts ``[true class, predicted class]`` of one network."""
        predicted = self._answers(network).argmax(axis=-1)
        return scores.confusion_matrix(predicted, self.labels, len(self.class_names))

    def confusion_table(self, network: int = 0) -> DataFrame:
        """The confusion matrix with class names: true classes down, predicted classes across."""
        import pandas as pd

        names = pd.Index(self.class_names)
        counts = self.confusion_matrix(network)
        return pd.DataFrame(counts, names.rename("true"), names.rename("predicted"))

    def plot_confusion(self, network: int = 0) -> Figure:
        """A picture of the confusion matrix, with counts."""
        return figures.confusion_matrix(self.confusion_matrix(network), self.class_names)

    def mistakes(self, network: int = 0) -> npt.NDArray[np.int64]:
        """The places of wrongly predicted images in the split, the most confident first.

        Example:
            >>> probabilities = np.array([[[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]]])
            >>> Evaluation("test", ("0", "1"), np.array([1, 1, 1]), probabilities).mistakes()
            array([1, 0])
        """
        answers = self._answers(network)
        wrong = np.flatnonzero(answers.argmax(axis=-1) != self.labels)
        return wrong[np.argsort(-answers[wrong].max(axis=-1), kind="stable")]

    def _answers(self, network: int) -> npt.NDArray[np.float32]:
        if not 0 <= network < len(self.probabilities):
            raise InputError(
                f"network: {network}; there are {len(self.probabilities)}, counted from 0"
            )
        answers: npt.NDArray[np.float32] = self.probabilities[network]
        return answers

    def per_class(self, network: int = 0) -> dict[str, tuple[int, int]]:
        """For each class, how many images were recognised, and how many there are."""
        counts = self.confusion_matrix(network)
        rows = zip(self.class_names, counts.diagonal(), counts.sum(axis=1), strict=True)
        return {name: (int(right), int(total)) for name, right, total in rows}

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON types; probabilities are left out."""
        return {
            "split": self.split,
            "n": len(self.labels),
            "accuracy": [score.as_json() for score in self.accuracy],
            "log_loss": [score.as_json() for score in self.log_loss],
            "over_seeds": {name: s.as_json() for name, s in self.over_seeds().items()},
            "per_class": self.per_class(),
        }

    def headline(self) -> str:
        """The accuracy in a line, with its 95 % interval.

        Of several seeds: mean ± standard deviation, and the interval of the mean.
        """
        if len(self.probabilities) == 1:
            return f"{self.accuracy[0].as_percent()} of {len(self.labels):,} {self.split} images"
        seeds = self.over_seeds()["accuracy"]
        return f"{seeds.as_percent()} of {len(self.labels):,} {self.split} images, {seeds.n} seeds"

    def __repr__(self) -> str:
        return f"<Evaluation {self.headline()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{right:,}</td><td>{total:,}</td></tr>"
            for name, (right, total) in self.per_class().items()
        )
        head = "<tr><th>class</th><th>recognised</th><th>images</th></tr>"
        return f"<p>{html.escape(self.headline())}</p><table>{head}{rows}</table>"
