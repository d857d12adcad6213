"""The bootstrap: images drawn with replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tenfold.metrics.checks import FloatArray, IntArray, at_least

PERCENTILES = (0.025, 0.975)


def bootstrap(
    statistic: Callable[[IntArray], float], n: int, resamples: int, seed: int
) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of a statistic over resamples of n images.

    Args:
        statistic: of int64 ``[n]``, how often each image was drawn in n draws with replacement.
        n: images.
        resamples: how many.
        seed: the same seed gives the same resamples.

    Raises:
        InputError: resamples is below 1 or seed below 0.

    Source: Efron, "Bootstrap methods: another look at the jackknife" (1979).

    >>> bootstrap(lambda counts: float(counts.sum()), n=5, resamples=10, seed=0)
    (5.0, 5.0)
    """
    return percentiles(np.array([statistic(counts) for counts in draws(n, resamples, seed)]))


def draws(n: int, resamples: int, seed: int) -> Iterator[IntArray]:
    """Yield for each resample how often each image is drawn, int64 ``[n]``.

    Raises:
        InputError: resamples is below 1 or seed below 0.

    >>> [int(counts.sum()) for counts in draws(n=7, resamples=3, seed=0)]
    [7, 7, 7]
    """
    check_resampling(resamples, seed)
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.bincount(rng.integers(0, n, n, dtype=np.int32), minlength=n)


def percentiles(values: FloatArray) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of values, ``[resamples]``.

    >>> percentiles(np.arange(1001.0))
    (25.0, 975.0)
    """
    low, high = np.quantile(values, PERCENTILES)
    return float(low), float(high)


def check_resampling(resamples: int, seed: int) -> None:
    """Raise InputError unless resamples >= 1 and seed >= 0, both integers."""
    at_least("resamples", resamples, 1)
    at_least("seed", seed, 0)
