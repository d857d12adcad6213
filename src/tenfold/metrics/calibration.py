"""Calibration: how closely confidence matches accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.metrics.bootstrap import draws, percentiles
from tenfold.metrics.checks import FloatArray, IntArray, at_least
from tenfold.metrics.classification import top_confidence
from tenfold.metrics.registry import metric
from tenfold.metrics.score import Score, wilson_interval


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: confidence and accuracy in bins of ascending confidence.

    Attributes:
        confidence: mean top probability, float64 ``[bins]``.
        accuracy: share of correct images, float64 ``[bins]``.
        low: lower end of its 95 % Wilson interval, float64 ``[bins]``.
        high: upper end, float64 ``[bins]``.
        n: images, int64 ``[bins]``.
    """

    confidence: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    n: IntArray

    def as_json(self) -> dict[str, list[float]]:
        """Return the fields as lists of plain numbers.

        >>> reliability([[0.9, 0.1], [0.2, 0.8]], [0, 1], bins=2).as_json()["confidence"]
        [0.8, 0.9]
        """
        return {name: values.tolist() for name, values in vars(self).items()}


def reliability(probabilities: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 15) -> Reliability:
    """Return mean confidence and accuracy in bins of equal mass, as in a reliability diagram.

    Confidence is the top probability. Bins differ by at most one image, except that images of
    equal confidence share a bin; there can therefore be fewer bins than requested.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.
        bins: the largest number of bins.

    Raises:
        InputError: as `log_loss`; bins is below 1.

    Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters" (1983); equal
    mass: Nguyen and O'Connor, "Posterior calibration and exploratory analysis" (2015).

    >>> reliability([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], [0, 1, 1, 1], 2).accuracy
    array([0.5, 1. ])
    """
    at_least("bins", bins, 1)
    confidence, correct = top_confidence(probabilities, labels)
    assigned = _equal_mass_bins(confidence, bins)
    n = np.bincount(assigned)
    hits = np.bincount(assigned[correct], minlength=len(n))
    ends = [wilson_interval(int(h), int(m)) for h, m in zip(hits, n, strict=True)]
    low, high = np.array(ends).T
    return Reliability(np.bincount(assigned, confidence) / n, hits / n, low, high, n)


@metric(
    "calibration error",
    "mean gap between confidence and accuracy, over 15 bins of equal mass",
    name="calibration_error",
    unit="%",
    digits=2,
    position=40,
    before_temperature=True,
)
def expected_calibration_error(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    bins: int = 15,
    resamples: int = 1000,
    seed: int = 0,
) -> Score:
    """Return the mean gap between confidence and accuracy over the bins of `reliability`.

        e = Σ_b n_b / n · |accuracy_b - confidence_b|

    Chance alone makes e positive, more so with fewer images in a bin. The interval is therefore
    the basic bootstrap's, 2e - q(97.5 %) to 2e - q(2.5 %), which reverses that bias. Its lower
    end is 0 where chance explains e: e is at most the 97.5th percentile of the resamples'
    distance from the sample. Its upper end is at least e plus the 97.5th percentile of the growth
    of the observed gaps, and at most 1. Images are resampled; the bins stay those of the full
    sample.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.
        bins: the largest number of bins.
        resamples: of the bootstrap.
        seed: of the bootstrap; the same seed gives the same interval.

    Raises:
        InputError: as `reliability`; resamples is below 1 or seed below 0.

    Source: Nguyen and O'Connor (2015); Nixon et al., "Measuring calibration in deep learning"
    (2019); interval: Davison and Hinkley, "Bootstrap methods and their application" (1997).

    >>> expected_calibration_error([[0.8, 0.2]] * 100, [0] * 60 + [1] * 40).as_text(2)
    '0.20 (0.11 to 0.29)'
    """
    at_least("bins", bins, 1)
    confidence, correct = top_confidence(probabilities, labels)
    assigned = _equal_mass_bins(confidence, bins)
    order = np.argsort(assigned, kind="stable")
    gaps = (correct - confidence)[order]
    starts = np.searchsorted(assigned[order], np.arange(assigned.max() + 1))
    n = len(gaps)
    sums = np.add.reduceat(gaps, starts) / n
    resampled = np.array(
        [np.add.reduceat(counts * gaps, starts) / n for counts in draws(n, resamples, seed)]
    )
    estimate = float(np.abs(sums).sum())
    return Score(estimate, *_calibration_interval(estimate, sums, resampled), n)


def _calibration_interval(
    estimate: float, sums: FloatArray, resampled: FloatArray
) -> tuple[float, float]:
    """Return the interval of a calibration error, from gaps [bins] and [resamples, bins]."""
    least, most = percentiles(np.abs(resampled).sum(axis=1))
    _, chance = percentiles(np.abs(resampled - sums).sum(axis=1))
    _, growth = percentiles((np.sign(sums) * (resampled - sums)).sum(axis=1))
    low = 0.0 if estimate <= chance else max(0.0, min(estimate, 2 * estimate - most))
    return low, min(1.0, max(estimate, 2 * estimate - least, estimate + growth))


def _equal_mass_bins(confidence: FloatArray, bins: int) -> IntArray:
    """Return the bin of each image, ``[n]``, numbered from 0 without gaps."""
    rank = np.searchsorted(np.sort(confidence), confidence)
    _, assigned = np.unique(rank * bins // len(confidence), return_inverse=True)
    return assigned.astype(np.int64)
