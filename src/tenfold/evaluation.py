"""Evaluation: what the networks of a run make of a split, as figures with intervals."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import scores
from tenfold.errors import InputError
from tenfold.scores import Score, SeedSummary


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
        predicted = self.probabilities[network].argmax(axis=-1)
        return scores.confusion_matrix(predicted, self.labels, len(self.class_names))

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
        """The accuracy in a line: with its interval, or over several seeds."""
        if len(self.probabilities) == 1:
            return f"{self.accuracy[0].as_percent()} of {len(self.labels):,} {self.split} images"
        seeds = self.over_seeds()["accuracy"]
        return (
            f"{seeds.as_percent()} of {len(self.labels):,} {self.split} images, "
            f"mean ± sd of {seeds.n} seeds (95 % interval of the mean)"
        )

    def __repr__(self) -> str:
        return f"<Evaluation {self.headline()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{right:,}</td><td>{total:,}</td></tr>"
            for name, (right, total) in self.per_class().items()
        )
        head = "<tr><th>class</th><th>recognised</th><th>images</th></tr>"
        return f"<p>{html.escape(self.headline())}</p><table>{head}{rows}</table>"
