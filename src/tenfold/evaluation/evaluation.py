"""Evaluation: what the networks of a run make of a split, as figures with intervals."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures, metrics
from tenfold.core.errors import InputError
from tenfold.evaluation.calibration import Calibration
from tenfold.metrics import ClassScores, Reliability, RiskCoverage, Score, SeedSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

SCORES = (
    "accuracy",
    "log_loss",
    "brier_score",
    "calibration_error",
    "area_under_risk_coverage",
)
RESAMPLES = 1000
_FEWEST_RESAMPLES = 200

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of one or several networks, each trained from its own seed, on one split.

    Attributes:
        split: ``train``, ``validation`` or ``test``.
        class_names: the classes, in the order of the labels.
        labels: the right classes, int ``[n]``.
        outputs: float32 ``[networks, n, classes]``: probabilities as the networks put them out.
        calibrations: one a network, fitted on validation images; or none.
        checksum: of the images and labels, so that only evaluations of the same are compared.

    Example:
        >>> outputs = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]])
        >>> result = Evaluation("test", ("0", "1"), np.array([0, 1, 1]), outputs)
        >>> round(result.accuracy[0].value, 2)
        0.67
        >>> result.per_class()["1"].recall.as_percent()
        '50.00 % (9.45 to 90.55)'
    """

    split: str
    class_names: tuple[str, ...]
    labels: Integers
    outputs: Floats
    calibrations: tuple[Calibration, ...] = field(default=(), repr=False)
    checksum: str = ""

    def __post_init__(self) -> None:
        expected = (len(self.labels), len(self.class_names))
        if self.outputs.ndim != 3 or self.outputs.shape[1:] != expected:
            raise InputError(
                f"probabilities have shape {self.outputs.shape}, {len(self.labels)} images "
                f"of {len(self.class_names)} classes need (networks, {expected[0]}, {expected[1]})"
            )
        if not np.isfinite(self.outputs).all():
            bad = int((~np.isfinite(self.outputs)).any(axis=-1).sum())
            raise InputError(f"probabilities: {bad} rows are not finite; train again")
        if self.calibrations and len(self.calibrations) != len(self.outputs):
            raise InputError(
                f"calibrations: {len(self.calibrations)} for {len(self.outputs)} networks; "
                "give one a network"
            )

    @cached_property
    def probabilities(self) -> Floats:
        """What the networks answer, calibrated where they are: float32 [networks, n, classes]."""
        if not self.calibrations:
            return self.outputs
        pairs = zip(self.calibrations, self.outputs, strict=True)
        return np.stack([calibration.apply(p) for calibration, p in pairs])

    def uncalibrated(self) -> Evaluation:
        """The same networks as they were before temperature and threshold."""
        return replace(self, calibrations=())

    def relabelled(self, labels: Integers, kept: npt.NDArray[np.bool_]) -> Evaluation:
        """The same answers against other labels ``[n]``, on the images that are kept ``[n]``."""
        return replace(self, labels=labels[kept], outputs=self.outputs[:, kept], checksum="")

    @cached_property
    def accuracy(self) -> list[Score]:
        """Share of right answers of each network, with its 95 % Wilson interval."""
        return self._each(metrics.accuracy)

    @cached_property
    def log_loss(self) -> list[Score]:
        """Mean negative log-likelihood of each network, in nats."""
        return self._each(metrics.log_loss)

    @cached_property
    def brier_score(self) -> list[Score]:
        """Mean squared distance of the probabilities of each network from the truth, 0 to 2."""
        return self._each(metrics.brier_score)

    @cached_property
    def calibration_error(self) -> list[Score]:
        """Expected calibration error of each network, over 15 bins of equal mass."""
        return self._each(
            lambda p, y: metrics.expected_calibration_error(p, y, resamples=self._resamples)
        )

    @cached_property
    def area_under_risk_coverage(self) -> list[Score]:
        """Mean error over all shares of images that could be answered, the surest first."""
        return self._each(
            lambda p, y: metrics.area_under_risk_coverage(p, y, resamples=self._resamples)
        )

    def top_k_accuracy(self, k: int) -> list[Score]:
        """Share of images whose label is among the k most probable classes, of each network."""
        return self._each(lambda p, y: metrics.top_k_accuracy(p, y, k))

    def reliability(self, network: int = 0) -> Reliability:
        """How often a network is right where it is so and so sure, in 15 bins of equal mass."""
        return metrics.reliability(self._answers(network), self.labels)

    def risk_coverage(self, network: int = 0) -> RiskCoverage:
        """The error of a network over the share of images that it answers."""
        return metrics.risk_coverage(self._answers(network), self.labels)

    @property
    def accepted(self) -> list[tuple[Score, Score | None] | None]:
        """Of each calibrated network: share of images accepted, and share of these wrong.

        None for a network without a threshold.
        """
        pairs = zip(self.calibrations, self.probabilities, strict=False)
        return [
            None
            if calibration.threshold is None
            else metrics.selective_scores(p, self.labels, calibration.threshold.value)
            for calibration, p in pairs
        ]

    @property
    def conformal(self) -> list[tuple[Score, Score]]:
        """Of each calibrated network: how often its prediction set holds the label, and its size.

        The sets hold the classes whose probability validation images have shown to be high enough
        to hold the label at ``Calibration.level``.
        """
        pairs = zip(self.calibrations, self.probabilities, strict=False)
        sets = [metrics.conformal_sets(p, calibration.quantile) for calibration, p in pairs]
        return [
            (metrics.conformal_coverage(s, self.labels), metrics.conformal_size(s)) for s in sets
        ]

    def auroc(self, unknown: Floats) -> list[Score]:
        """How well each network's highest probability tells these images from unknown ones.

        The chance that an image of this split is answered with more confidence than one of those
        whose probabilities ``[networks, m, classes]`` are given.

        Source: Hendrycks and Gimpel, "A baseline for detecting misclassified and
        out-of-distribution examples in neural networks" (2017).
        """
        pairs = zip(self.probabilities, unknown, strict=True)
        return [metrics.auroc(ours.max(axis=-1), other.max(axis=-1)) for ours, other in pairs]

    def over_seeds(self, names: Sequence[str] = ("accuracy", "log_loss")) -> dict[str, SeedSummary]:
        """Mean and standard deviation of scores over the networks, by the names in ``SCORES``."""
        return {
            name: metrics.over_seeds([score.value for score in getattr(self, name)])
            for name in names
        }

    def confusion_matrix(self, network: int = 0) -> Integers:
        """Counts ``[true class, predicted class]`` of one network."""
        return metrics.confusion_matrix(self.predicted(network), self.labels, len(self.class_names))

    def confusion_table(self, network: int = 0) -> DataFrame:
        """The confusion matrix with class names: true classes down, predicted classes across."""
        import pandas as pd

        names = pd.Index(self.class_names)
        counts = self.confusion_matrix(network)
        return pd.DataFrame(counts, names.rename("true"), names.rename("predicted"))

    def plot_confusion(self, network: int = 0) -> Figure:
        """A picture of the confusion matrix, with counts."""
        return figures.confusion_matrix(self.confusion_matrix(network), self.class_names)

    def predicted(self, network: int = 0) -> Integers:
        """The most probable class of each image, int ``[n]``."""
        classes: Integers = self._answers(network).argmax(axis=-1)
        return classes

    def mistakes(self, network: int = 0) -> Integers:
        """The places of wrongly predicted images in the split, the most confident first.

        Example:
            >>> outputs = np.array([[[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]]])
            >>> Evaluation("test", ("0", "1"), np.array([1, 1, 1]), outputs).mistakes()
            array([1, 0])
        """
        return self._by_confidence(network, self.predicted(network) != self.labels)

    def weakest_hits(self, network: int = 0) -> Integers:
        """The places of rightly predicted images in the split, the least confident first."""
        return self._by_confidence(network, self.predicted(network) == self.labels)[::-1]

    def per_class(self, network: int = 0) -> dict[str, ClassScores]:
        """Precision, recall and F1 of each class, with intervals and counts."""
        found = metrics.class_scores(self.predicted(network), self.labels, len(self.class_names))
        return dict(zip(self.class_names, found, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON types, lists with an entry a network; answers are left out."""
        found: dict[str, Any] = {
            "split": self.split,
            "n": len(self.labels),
            **{name: _json(getattr(self, name)) for name in SCORES},
            "top_2_accuracy": _json(self.top_k_accuracy(min(2, len(self.class_names)))),
            "over_seeds": {name: s.as_json() for name, s in self.over_seeds(SCORES).items()},
            "per_class": [
                {name: s.as_json() for name, s in self.per_class(i).items()}
                for i in range(len(self.outputs))
            ],
            "confusion_matrix": [
                self.confusion_matrix(i).tolist() for i in range(len(self.outputs))
            ],
        }
        if self.calibrations:
            found |= self._calibrated_json()
        return found

    def _calibrated_json(self) -> dict[str, Any]:
        before = self.uncalibrated()
        changed = ("log_loss", "brier_score", "calibration_error")
        return {
            "before_temperature": {name: _json(getattr(before, name)) for name in changed},
            "calibration": [calibration.to_json() for calibration in self.calibrations],
            "accepted": [
                None
                if found is None
                else {"coverage": found[0].as_json(), "error": found[1] and found[1].as_json()}
                for found in self.accepted
            ],
            "conformal": [
                {"coverage": held.as_json(), "size": size.as_json()}
                for held, size in self.conformal
            ],
        }

    def headline(self) -> str:
        """The accuracy in a line, with its 95 % interval.

        Of several seeds: mean ± standard deviation, and the interval of the mean.
        """
        if len(self.outputs) == 1:
            return f"{self.accuracy[0].as_percent()} of {len(self.labels):,} {self.split} images"
        seeds = self.over_seeds()["accuracy"]
        return f"{seeds.as_percent()} of {len(self.labels):,} {self.split} images, {seeds.n} seeds"

    def __repr__(self) -> str:
        return f"<Evaluation {self.headline()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{_percent(found.recall)}</td>"
            f"<td>{_percent(found.precision)}</td><td>{found.n:,}</td></tr>"
            for name, found in self.per_class().items()
        )
        head = "<tr><th>class</th><th>recall</th><th>precision</th><th>images</th></tr>"
        return f"<p>{html.escape(self.headline())}</p><table>{head}{rows}</table>"

    @property
    def _resamples(self) -> int:
        """Of a bootstrap: fewer a network where there are several, whose spread says more."""
        return max(_FEWEST_RESAMPLES, RESAMPLES // len(self.outputs))

    def _each(self, score: Callable[[Floats, Integers], Score]) -> list[Score]:
        return [score(p, self.labels) for p in self.probabilities]

    def _by_confidence(self, network: int, chosen: npt.NDArray[np.bool_]) -> Integers:
        places = np.flatnonzero(chosen)
        return places[np.argsort(-self._answers(network)[places].max(axis=-1), kind="stable")]

    def _answers(self, network: int) -> Floats:
        if not 0 <= network < len(self.outputs):
            raise InputError(f"network: {network}; there are {len(self.outputs)}, counted from 0")
        answers: Floats = self.probabilities[network]
        return answers


def _json(found: Sequence[Score]) -> list[dict[str, Any]]:
    return [score.as_json() for score in found]


def _percent(score: Score | None) -> str:
    return "-" if score is None else f"{100 * score.value:.1f} %"
