"""Holding images out: stratified, seeded, the same on every platform and in every version."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.dataset import Labels

STANDARD_VALIDATION = 5000
TWELFTH, SIXTH = 12, 6
TEST_SEED = 0


def validation_size(images: int, asked: int) -> int:
    """Return how many of `images` to hold out for validation.

    The standard 5,000 become a twelfth where that is fewer (of 60,000 they are a twelfth).
    Any other number is taken as it is.

    Raises:
        InputError: the number is negative, or more than half of the images.

    Examples:
        >>> validation_size(60_000, 5000), validation_size(1200, 5000), validation_size(1200, 300)
        (5000, 100, 300)
    """
    if asked == STANDARD_VALIDATION:
        return min(asked, -(-images // TWELFTH))
    if not isinstance(asked, (int, np.integer)) or not 0 <= asked <= images // 2:
        raise InputError(
            f"validation must be 0 to {images // 2} (half of the {images:,} training images); "
            f"received {asked!r}"
        )
    return asked


def held_out(labels: Labels, size: int, seed: int) -> NDArray[np.bool_]:
    """Return a mask of `size` images: each class in proportion, drawn by `seed`.

    Each class gives at least one, and keeps at least one. So the size may differ from what was
    asked where classes are tiny. The draw ranks the images of a class by numbers that come from
    integer arithmetic alone (`_random_numbers`), so it is the same wherever it runs.

    Examples:
        >>> labels = np.repeat([0, 1], [60, 30])
        >>> mask = held_out(labels, 9, seed=0)
        >>> np.bincount(labels[mask])
        array([6, 3])
    """
    mask = np.zeros(len(labels), bool)
    if not size:
        return mask
    keys = _random_numbers(seed, len(labels)) >> np.uint64(8)
    order = np.argsort(keys | (labels.astype(np.uint64) << np.uint64(56)))
    counts = np.bincount(labels)
    starts = np.cumsum(counts) - counts
    for start, quota in zip(starts, _quotas(counts, size), strict=True):
        mask[order[start : start + quota]] = True
    return mask


def _random_numbers(seed: int, count: int) -> NDArray[np.uint64]:
    """Return the first `count` numbers of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    step = 0x9E3779B97F4A7C15
    x = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(step) + np.uint64(seed % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _quotas(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return how many each class gives, by largest remainder."""
    total = int(counts.sum())
    quotas = counts * size // total
    remainders = counts * size % total
    largest = np.argsort(-remainders, kind="stable")[: size - int(quotas.sum())]
    quotas[largest] += 1
    return np.clip(quotas, np.minimum(counts, 1), np.maximum(counts - 1, 0)).clip(max=counts)
