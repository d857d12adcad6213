"""Evaluation: the metrics of one or several networks on a split."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenfold import metrics
from tenfold.evaluation.predictions import Floats, Predictions
from tenfold.metrics import (
    METRICS,
    ClassScores,
    Metric,
    Reliability,
    RiskCoverage,
    Score,
    SeedSummary,
)

RESAMPLES = 1000
_FEWEST_RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class Evaluation(Predictions):
    """Metrics of one or several networks, each trained from its own seed, on one split.

    Every metric of ``tenfold.metrics.METRICS`` is an attribute: a list with one score per network,
    computed when it is first read. They are ``accuracy``, ``log_loss``, ``brier_score``,
    ``calibration_error``, ``area_under_risk_coverage``, ``top_2_accuracy`` and those that are
    added to the registry.

    Images with any number of labels have other metrics, those of ``metrics``.

    Attributes:
        split: ``train``, ``validation`` or ``test``.
        class_names: the classes, in the order of the labels.
        labels: true classes, int ``[n]``; or 0 and 1 of each of several labels, ``[n, classes]``.
        outputs: float32 ``[networks, n, classes]``: probabilities before temperature scaling.
        calibrations: one per network, fitted on validation images; or none.
        checksum: of images and labels; only evaluations with the same one can be compared.

    Example:
        >>> import numpy as np
        >>> outputs = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]])
        >>> result = Evaluation("test", ("0", "1"), np.array([0, 1, 1]), outputs)
        >>> round(result.accuracy[0].value, 2)
        0.67
        >>> result.per_class()["1"].recall.as_percent()
        '50.00 % (9.45 to 90.55)'
    """

    def __getattr__(self, name: str) -> list[Score]:
        """Compute a registered metric of each network, the first time it is read."""
        if name.startswith("_") or name not in self.metrics:
            raise AttributeError(f"Evaluation has no attribute {name!r}")
        metric = self.metrics[name]
        options = {"resamples": self._resamples} if metric.bootstrapped else {}
        scores = [metric.function(p, self.labels, **options) for p in self.probabilities]
        self.__dict__[name] = scores
        return scores

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.metrics]

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The registered metrics of such labels by name."""
        return metrics.defined_metrics(self.labels) if self.multi_label else METRICS

    def top_k_accuracy(self, k: int) -> list[Score]:
        """Share of images whose label is among the k most probable classes, of each network."""
        self.require_one_class("top-k accuracy")
        return [metrics.top_k_accuracy(p, self.labels, k) for p in self.probabilities]

    def summary(self, name: str) -> Score | SeedSummary:
        """A metric of the only network, or its mean over several, by its name in ``metrics``."""
        scores: list[Score] = getattr(self, name)
        return scores[0] if len(scores) == 1 else self.metrics[name].over_seeds(scores)

    def over_seeds(self, names: Sequence[str] = ("accuracy", "log_loss")) -> dict[str, SeedSummary]:
        """Mean and standard deviation of metrics over the networks, by their names."""
        return {name: self.metrics[name].over_seeds(getattr(self, name)) for name in names}

    def reliability(self, network: int = 0) -> Reliability:
        """The reliability diagram of a network: accuracy and confidence in 15 bins."""
        self.require_one_class("reliability")
        return metrics.reliability(self._of(network), self.labels)

    def risk_coverage(self, network: int = 0) -> RiskCoverage:
        """The risk-coverage curve of a network."""
        self.require_one_class("risk and coverage")
        return metrics.risk_coverage(self._of(network), self.labels)

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
        """Coverage and mean size of the prediction sets of each calibrated network.

        The sets are fitted on validation images to hold the label at ``Calibration.level``.
        """
        pairs = zip(self.calibrations, self.probabilities, strict=False)
        sets = [metrics.conformal_sets(p, calibration.quantile) for calibration, p in pairs]
        return [
            (metrics.conformal_coverage(s, self.labels), metrics.conformal_size(s)) for s in sets
        ]

    def auroc(self, out_of_distribution: Floats) -> list[Score]:
        """How well the top probability of each network detects out-of-distribution images.

        A reject class counts as no class: the score is the top probability of the others.

        Args:
            out_of_distribution: probabilities of these, float32 ``[networks, m, classes]``.

        Returns:
            One per network: the probability that an image of this split has a higher top
            probability than an out-of-distribution image.

        Source: Hendrycks and Gimpel, "A baseline for detecting misclassified and
        out-of-distribution examples in neural networks" (2017).
        """
        from tenfold.data.synthetic.non_digits import REJECT_CLASS

        self.require_one_class("unknown")
        known = [i for i, name in enumerate(self.class_names) if name != REJECT_CLASS]
        pairs = zip(self.probabilities, out_of_distribution, strict=True)
        return [
            metrics.auroc(p[:, known].max(axis=-1), other[:, known].max(axis=-1))
            for p, other in pairs
        ]

    def per_class(self, network: int = 0) -> Mapping[str, ClassScores]:
        """Precision, recall and F1 of each class, with intervals and counts.

        Of any number of labels an image `LabelScores`, which have AUROC and average precision too.
        """
        scores: Sequence[ClassScores] = (
            metrics.label_scores(self._of(network), self.labels)
            if self.multi_label
            else metrics.class_scores(self.predicted(network), self.labels, len(self.class_names))
        )
        return dict(zip(self.class_names, scores, strict=True))

    def to_json(self) -> dict[str, Any]:
        """All metrics as plain JSON types, with one list entry per network; no probabilities."""
        networks = range(len(self.outputs))
        values: dict[str, Any] = {
            "split": self.split,
            "n": len(self.labels),
            **{name: _json(getattr(self, name)) for name in self.metrics},
            "over_seeds": {
                name: s.as_json() for name, s in self.over_seeds(list(self.metrics)).items()
            },
            "per_class": [
                {name: s.as_json() for name, s in self.per_class(i).items()} for i in networks
            ],
        }
        if not self.multi_label:
            values["confusion_matrix"] = [self.confusion_matrix(i).tolist() for i in networks]
        return values | self._calibrated_json() if self.calibrations else values

    def _calibrated_json(self) -> dict[str, Any]:
        before = self.uncalibrated()
        names = [name for name, metric in METRICS.items() if metric.before_temperature]
        return {
            "before_temperature": {name: _json(getattr(before, name)) for name in names},
            "calibration": [calibration.to_json() for calibration in self.calibrations],
            "accepted": [
                None
                if pair is None
                else {"coverage": pair[0].as_json(), "error": pair[1] and pair[1].as_json()}
                for pair in self.accepted
            ],
            "conformal": [
                {"coverage": coverage.as_json(), "size": size.as_json()}
                for coverage, size in self.conformal
            ],
        }

    def headline(self) -> str:
        """The accuracy in a line, with its 95 % interval; of several labels, the first metric.

        Of several seeds: mean ± standard deviation, and the interval of the mean.
        """
        first = next(iter(self.metrics.values()))
        line = f"{first.format(self.summary(first.name))} of {len(self.labels):,} "
        line = f"{first.label} {line}" if self.multi_label else line
        seeds = len(self.outputs)
        return line + f"{self.split} images" + (f", {seeds} seeds" if seeds > 1 else "")

    def __repr__(self) -> str:
        return f"<Evaluation {self.headline()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{_percent(scores.recall)}</td>"
            f"<td>{_percent(scores.precision)}</td><td>{scores.n:,}</td></tr>"
            for name, scores in self.per_class().items()
        )
        head = "<tr><th>class</th><th>recall</th><th>precision</th><th>images</th></tr>"
        return f"<p>{html.escape(self.headline())}</p><table>{head}{rows}</table>"

    @property
    def _resamples(self) -> int:
        """Bootstrap resamples per network: fewer for several networks, whose spread says more."""
        few = len(self.outputs) if not self.multi_label else RESAMPLES
        return max(_FEWEST_RESAMPLES, RESAMPLES // few)


def _json(scores: Sequence[Score]) -> list[dict[str, Any]]:
    return [score.as_json() for score in scores]


def _percent(score: Score | None) -> str:
    return "-" if score is None else f"{100 * score.value:.1f} %"
