"""Is a network right as often as it says: calibration of the most probable class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.metrics.checks import FloatArray, IntArray, at_least
from tenfold.metrics.classification import top_label
from tenfold.metrics.resampling import draws, percentiles
from tenfold.metrics.score import Score, wilson_interval


@dataclass(frozen=True, eq=False)
class Reliability:
    """What a network said and how often it was right, in bins of ascending confidence.

    confidence: mean top probability, float [bins]; accuracy: share of right images, float
    [bins], with its 95 % Wilson interval low to high, float [bins]; n: images, int64 [bins].
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
    """Return mean confidence and accuracy of images of like confidence: a reliability diagram.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

    Confidence is the top probability. The bins hold equally many images, to one; images of
    equal confidence share a bin, so that there can be fewer bins, of more images, than asked
    for, and never more than images. Raises InputError as `log_loss` does and unless bins >= 1.

    Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters" (1983); equal
    mass: Nguyen and O'Connor, "Posterior calibration and exploratory analysis" (2015).

    >>> reliability([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], [0, 1, 1, 1], 2).accuracy
    array([0.5, 1. ])
    """
    at_least("bins", bins, 1)
    confidence, right = top_label(probabilities, labels)
    home = _equal_mass(confidence, bins)
    n = np.bincount(home)
    hits = np.bincount(home[right], minlength=len(n))
    ends = [wilson_interval(int(h), int(m)) for h, m in zip(hits, n, strict=True)]
    low, high = np.array(ends).T
    return Reliability(np.bincount(home, confidence) / n, hits / n, low, high, n)


def expected_calibration_error(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    bins: int = 15,
    resamples: int = 1000,
    seed: int = 0,
) -> Score:
    """Return the mean gap between confidence and accuracy over the bins of `reliability`.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

        e = Σ_b n_b / n · |accuracy_b - confidence_b|

    Chance alone makes e positive, the more so the fewer images a bin has. The interval is
    therefore the basic bootstrap's, 2e - q(97.5 %) to 2e - q(2.5 %), which turns that bias
    around. Its lower end is 0 where e is no more than chance makes it (the 97.5th percentile of
    the resamples' distance from the sample); its upper end is at least where e would be if the
    gaps that were found grew as far as in the 97.5th percentile of resamples. Images are
    resampled, the bins stay those of the full sample. Same seed, same interval.

    Raises InputError as `reliability` does and unless resamples >= 1 and seed >= 0.

    Source: Nguyen and O'Connor (2015); Nixon et al., "Measuring calibration in deep learning"
    (2019); interval: Davison and Hinkley, "Bootstrap methods and their application" (1997).

    >>> expected_calibration_error([[0.8, 0.2]] * 100, [0] * 60 + [1] * 40).as_text(2)
    '0.20 (0.11 to 0.29)'
    """
    at_least("bins", bins, 1)
    confidence, right = top_label(probabilities, labels)
    home = _equal_mass(confidence, bins)
    order = np.argsort(home, kind="stable")
    gaps = (right - confidence)[order]
    starts = np.searchsorted(home[order], np.arange(home.max() + 1))
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
    return low, max(estimate, 2 * estimate - least, estimate + growth)


def _equal_mass(confidence: FloatArray, bins: int) -> IntArray:
    """Return the bin of each image [n], counted from 0 without gaps, by confidence [n]."""
    rank = np.searchsorted(np.sort(confidence), confidence)
    _, home = np.unique(rank * bins // len(confidence), return_inverse=True)
    return home.astype(np.int64)
