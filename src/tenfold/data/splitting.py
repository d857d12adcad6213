"""Stratified splits: seeded, and the same on every platform and in every version."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.array_types import Labels

DEFAULT_VALIDATION = 5000
VALIDATION_DIVISOR, TEST_DIVISOR = 12, 6  # one image in so many is held out
TEST_SEED = 0


def validation_size(images: int, requested: int) -> int:
    """Return how many images to hold out for validation.

    The default of 5,000 becomes a twelfth of the images if that is fewer (of MNIST's 60,000 they
    are a twelfth). Any other number is used as it is.

    Args:
        images: number of training images.
        requested: number of images to hold out.

    Raises:
        InputError: `requested` is negative, or more than half of the images.

    Examples:
        >>> validation_size(60_000, 5000), validation_size(1200, 5000), validation_size(1200, 300)
        (5000, 100, 300)
    """
    if requested == DEFAULT_VALIDATION:
        return min(requested, -(-images // VALIDATION_DIVISOR))
    if not isinstance(requested, (int, np.integer)) or not 0 <= requested <= images // 2:
        raise InputError(
            f"validation must be 0 to {images // 2} (half of the {images:,} training images); "
            f"received {requested!r}"
        )
    return requested


def stratified_mask(labels: Labels, size: int, seed: int) -> NDArray[np.bool_]:
    """Draw a stratified sample: each class in proportion to its size.

    Each class gives at least one image and keeps at least one, so the sample may be larger or
    smaller than `size` if classes are tiny. Images of a class are ranked by numbers from integer
    arithmetic alone, so every platform draws the same ones.

    Args:
        labels: int64 [n].
        size: number of images to draw.
        seed: of the draw.

    Returns:
        bool [n], True for the images drawn.

    Examples:
        >>> labels = np.repeat([0, 1], [60, 30])
        >>> mask = stratified_mask(labels, 9, seed=0)
        >>> np.bincount(labels[mask])
        array([6, 3])
    """
    mask = np.zeros(len(labels), bool)
    if not size:
        return mask
    keys = _split_mix_64(seed, len(labels)) >> np.uint64(8)
    order = np.lexsort((keys, labels))
    counts = np.bincount(labels)
    starts = np.cumsum(counts) - counts
    for start, quota in zip(starts, _quotas(counts, size), strict=True):
        mask[order[start : start + quota]] = True
    return mask


def _split_mix_64(seed: int, count: int) -> NDArray[np.uint64]:
    """Return the first `count` numbers of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    step = 0x9E3779B97F4A7C15
    x = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(step) + np.uint64(seed % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _quotas(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the number of images to draw from each class, by largest remainder."""
    total = int(counts.sum())
    quotas = counts * size // total
    remainders = counts * size % total
    largest = np.argsort(-remainders, kind="stable")[: size - int(quotas.sum())]
    quotas[largest] += 1
    return np.clip(quotas, np.minimum(counts, 1), np.maximum(counts - 1, 0)).clip(max=counts)
