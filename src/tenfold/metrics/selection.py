"""When to say "I don't know": risk against coverage, and the known told from the unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import BoolArray, FloatArray, IntArray, numbers
from tenfold.metrics.classification import top_label
from tenfold.metrics.resampling import bootstrap
from tenfold.metrics.score import CONFIDENCE, Score, proportion


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The error among accepted images, from the most confident image to all of them.

    One step a distinct top probability, descending: coverage, the share of images accepted, risk,
    the share of wrong images among those, and threshold, the top probability from which on images
    are accepted; each float [steps], steps <= n.
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

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n]. Images of
    equal top probability are accepted together. Raises InputError as `log_loss` does.

    Source: El-Yaniv and Wiener, "On the foundations of noise-free selective classification"
    (2010); Geifman and El-Yaniv, "Selective classification for deep neural networks" (2017).

    >>> risk_coverage([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.6, 0.4]], [0, 1, 0, 0]).risk
    array([0.  , 0.  , 0.25])
    """
    confidence, right = top_label(probabilities, labels)
    threshold, accepted, errors = acceptance_steps(confidence, right)
    return RiskCoverage(accepted / len(right), errors / accepted, threshold)


def area_under_risk_coverage(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, resamples: int = 1000, seed: int = 0
) -> Score:
    """Return the risk averaged over all coverages, with its percentile bootstrap interval.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

        Σ_s (coverage_s - coverage_{s-1}) · risk_s    over the steps of `risk_coverage`

    0 is a network without errors; one whose confidence says nothing has its error rate. The
    interval is extended to hold the value; without errors it is the point 0. Same seed, same
    interval. Raises InputError as `log_loss` does and unless resamples >= 1 and seed >= 0.

    Source: Geifman, Uziel and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
    classifiers" (2019); interval: Efron and Tibshirani, "An introduction to the bootstrap" (1993).

    >>> area_under_risk_coverage([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], [0, 1, 0]).as_text(2)
    '0.11 (0.00 to 1.00)'
    """
    confidence, right = top_label(probabilities, labels)
    order, ends = _descending(confidence)
    n = len(order)
    wrong, last_equal = ~right[order], ends[np.searchsorted(ends, np.arange(n))]

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
    """Return the share of images accepted and the share of wrong ones among those.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n]. Accepted
    are images of top probability >= threshold. Both carry Wilson intervals; the error is None
    where no image is accepted. Raises InputError as `log_loss` does and unless
    0 <= threshold <= 1.

    >>> coverage, error = selective_scores([[0.9, 0.1], [0.4, 0.6]], [0, 0], threshold=0.8)
    >>> coverage.as_percent(0), error.as_percent(0)
    ('50 % (9 to 91)', '0 % (0 to 79)')
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must be from 0 to 1, got {threshold}")
    confidence, right = top_label(probabilities, labels)
    accepted = confidence >= threshold
    count, errors = int(accepted.sum()), int((accepted & ~right).sum())
    return proportion(count, len(right)), proportion(errors, count) if count else None


def acceptance_steps(
    confidence: FloatArray, right: BoolArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return what is accepted as images come in by descending confidence, equal ones together.

    confidence: float [n]; right: bool [n]. Three arrays [steps], steps <= n: the distinct
    confidences, descending, how many images are accepted from there on, and how many of those
    are wrong.

    >>> acceptance_steps(np.array([0.9, 0.6, 0.9]), np.array([True, True, False]))
    (array([0.9, 0.6]), array([2, 3]), array([1, 1]))
    """
    order, ends = _descending(confidence)
    errors = np.cumsum((~right[order]).astype(np.int64))
    return confidence[order][ends], ends + 1, errors[ends]


def auroc(known: npt.ArrayLike, unknown: npt.ArrayLike) -> Score:
    """Return the probability that a known image is scored above an unknown one, ties a half.

    known: float [n] and unknown: float [m], any score that ought to be higher for known images,
    such as the top probability. The `n` of the result is n + m.

    The interval is value ± 1.96 DeLong standard errors, computed from ranks and cut off at 0 and
    1. Scores that are told apart without exception leave it a point; a side of one image has
    none. Raises InputError for a side without numbers and for values that are not finite.

    Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves" (1988); Sun and Xu, "Fast implementation of DeLong's
    algorithm" (2014).

    >>> auroc([0.9, 0.8, 0.7, 0.95], [0.3, 0.75, 0.5]).as_text(2)
    '0.92 (0.69 to 1.00)'
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    positives, negatives = _scores("known", known), _scores("unknown", unknown)
    n, m = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    # The share of the other side that stands below (above) each image, ties a half.
    above = (ranks[:n] - rankdata(positives)) / m
    below = 1 - (ranks[n:] - rankdata(negatives)) / n
    value = float(above.mean())
    if min(n, m) == 1:
        return Score(value, None, None, n + m)
    error = np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m)
    reach = float(ndtri((1 + CONFIDENCE) / 2) * error)
    return Score(value, max(0.0, value - reach), min(1.0, value + reach), n + m)


def _descending(confidence: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the order [n] of descending confidence and the last place [steps] of each value."""
    order = np.argsort(-confidence, kind="stable").astype(np.int64)
    ends = np.flatnonzero(np.diff(confidence[order], append=-1)).astype(np.int64)
    return order, ends


def _scores(name: str, values: npt.ArrayLike) -> FloatArray:
    array = numbers(name, values)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a row of at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InputError(f"{name} must be finite, {bad} of {len(array)} scores are not")
    return array
