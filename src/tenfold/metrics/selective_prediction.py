"""Selective prediction: the risk of a network that abstains where its confidence is low."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.bootstrap import bootstrap
from tenfold.metrics.checks import BoolArray, FloatArray, IntArray
from tenfold.metrics.classification import top_confidence
from tenfold.metrics.registry import metric
from tenfold.metrics.score import Score, proportion


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The risk-coverage curve: one step per distinct top probability, descending.

    Attributes:
        coverage: share of images accepted, float64 ``[steps]``, steps <= n.
        risk: share of wrong images among these, float64 ``[steps]``.
        threshold: the lowest top probability that is accepted, float64 ``[steps]``.
    """

    coverage: FloatArray
    risk: FloatArray
    threshold: FloatArray

    def as_json(self) -> dict[str, list[float]]:
        """Return the fields as lists of plain numbers.

        >>> risk_coverage([[0.9, 0.1], [0.2, 0.8]], [0, 0]).as_json()["risk"]
        [0.0, 0.5]
        """
        return {name: values.tolist() for name, values in vars(self).items()}


def risk_coverage(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> RiskCoverage:
    """Return the risk at each coverage as images are accepted by descending top probability.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1; images of equal top probability are
            accepted at the same step.
        labels: integers ``[n]``.

    Raises:
        InputError: as `log_loss`.

    Source: El-Yaniv and Wiener, "On the foundations of noise-free selective classification"
    (2010); Geifman and El-Yaniv, "Selective classification for deep neural networks" (2017).

    >>> risk_coverage([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.6, 0.4]], [0, 1, 0, 0]).risk
    array([0.  , 0.  , 0.25])
    """
    confidence, correct = top_confidence(probabilities, labels)
    threshold, accepted, errors = acceptance_steps(confidence, correct)
    return RiskCoverage(accepted / len(correct), errors / accepted, threshold)


@metric(
    "risk-coverage area",
    "error rate of the accepted images, averaged over all coverages",
    unit="%",
    digits=3,
    position=50,
    in_model_card=False,
)
def area_under_risk_coverage(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = 1000, seed: int = 0
) -> Score:
    """Return the area under the risk-coverage curve, with its percentile bootstrap interval.

        Σ_s (coverage_s - coverage_{s-1}) · risk_s    over the steps of `risk_coverage`

    It is 0 for a network without errors, and the error rate for a network whose confidence is
    uninformative. The interval is extended to hold the value; without errors it is the point 0.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.
        resamples: of the bootstrap.
        seed: of the bootstrap; the same seed gives the same interval.

    Raises:
        InputError: as `log_loss`; resamples is below 1 or seed below 0.

    Source: Geifman, Uziel and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
    classifiers" (2019); interval: Efron and Tibshirani, "An introduction to the bootstrap" (1993).

    >>> area_under_risk_coverage([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], [0, 1, 0]).as_text(2)
    '0.11 (0.00 to 1.00)'
    """
    confidence, correct = top_confidence(probabilities, labels)
    order, ends = _descending(confidence)
    n = len(order)
    wrong, last_equal = ~correct[order], ends[np.searchsorted(ends, np.arange(n))]

    def area(counts: IntArray) -> float:
        accepted = np.maximum(np.cumsum(counts), 1)  # the first images may not have been drawn
        risk = np.cumsum(counts * wrong) / accepted
        return float((counts * risk[last_equal]).sum()) / n

    value = area(np.ones(n, np.int64))
    low, high = bootstrap(area, n, resamples, seed)
    return Score(value, min(low, value), max(high, value), n)


def selective_scores(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, threshold: float
) -> tuple[Score, Score | None]:
    """Return coverage and risk of a threshold, with Wilson intervals.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.
        threshold: images of at least this top probability are accepted.

    Returns:
        The share of images accepted, and the share of wrong ones among these; None where no image
        is accepted.

    Raises:
        InputError: as `log_loss`; the threshold is outside [0, 1].

    >>> coverage, risk = selective_scores([[0.9, 0.1], [0.4, 0.6]], [0, 0], threshold=0.8)
    >>> coverage.as_percent(0), risk.as_percent(0)
    ('50 % (9 to 91)', '0 % (0 to 79)')
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must be from 0 to 1, got {threshold}")
    confidence, correct = top_confidence(probabilities, labels)
    accepted = confidence >= threshold
    count, errors = int(accepted.sum()), int((accepted & ~correct).sum())
    return proportion(count, len(correct)), proportion(errors, count) if count else None


def acceptance_steps(
    confidence: FloatArray, correct: BoolArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Accept images by descending confidence, those of equal confidence at one step.

    Args:
        confidence: float64 ``[n]``.
        correct: bool ``[n]``.

    Returns:
        Three arrays ``[steps]``, steps <= n: the distinct confidences, descending, the number of
        images accepted so far, and the number of these that are wrong.

    >>> acceptance_steps(np.array([0.9, 0.6, 0.9]), np.array([True, True, False]))
    (array([0.9, 0.6]), array([2, 3]), array([1, 1]))
    """
    order, ends = _descending(confidence)
    errors = np.cumsum((~correct[order]).astype(np.int64))
    return confidence[order][ends], ends + 1, errors[ends]


def _descending(confidence: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the order [n] of descending confidence, and the last rank [steps] of each value."""
    order = np.argsort(-confidence, kind="stable").astype(np.int64)
    ends = np.flatnonzero(np.diff(confidence[order], append=-1)).astype(np.int64)
    return order, ends
