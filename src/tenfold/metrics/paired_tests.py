"""Paired tests: two networks, or two families of networks, on the same images."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.bootstrap import check_resampling, percentiles
from tenfold.metrics.checks import BoolArray, FloatArray, IntArray, booleans

_BLOCK = 1 << 22  # resamples times patterns drawn at once, 32 MiB of counts


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test.

    Attributes:
        only_a: images that only a classifies correctly.
        only_b: images that only b classifies correctly.
        p: two-sided p value.
    """

    only_a: int
    only_b: int
    p: float

    def as_json(self) -> dict[str, float | int]:
        """Return the fields as plain JSON; `McNemar(**fields)` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """The accuracy of a minus that of b, as a share of 1, with its 95 % interval.

    Attributes:
        value: the difference.
        low: lower end of the interval.
        high: upper end.
        p: two-sided p value.
        visible: the smallest difference that these images can show.
        n: images.
    """

    value: float
    low: float
    high: float
    p: float
    visible: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        """Return the fields as plain JSON; `Difference(**fields)` reads them back."""
        return asdict(self)


def mcnemar(correct_a: npt.ArrayLike, correct_b: npt.ArrayLike) -> McNemar:
    """Test exactly whether two networks have the same error rate on the same images.

    Only images that exactly one network classifies correctly carry information. Under the null
    hypothesis each network has half of these; p is the two-sided binomial probability of a split
    at least this uneven.

    Args:
        correct_a: bool ``[n]``, whether a classifies each image correctly.
        correct_b: bool ``[n]``, the same of b.

    Raises:
        InputError: other types, different lengths, or no images.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", Psychometrika 12 (1947).

    >>> a, b = [True] * 9 + [False], [True] * 3 + [False] * 7
    >>> mcnemar(a, b)
    McNemar(only_a=6, only_b=0, p=0.03125)
    """
    from scipy.special import bdtr

    a, b = booleans("correct_a", correct_a, "n"), booleans("correct_b", correct_b, "n")
    _check_same_images(a, b)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
    return McNemar(only_a, only_b, p)


def accuracy_difference(
    correct_a: npt.ArrayLike, correct_b: npt.ArrayLike, resamples: int = 10_000, seed: int = 0
) -> Difference:
    """Return the mean accuracy of networks a minus that of networks b, on the same images.

    The interval is the percentile bootstrap's. Images are resampled jointly for all networks. The
    networks of each side are resampled too, since other seeds would give other networks. A side
    of one network has no such spread: the interval then describes that network, not its recipe.
    With few networks the bootstrap understates their spread, by √(1 - 1/networks).

    With one network a side, p is that of `mcnemar`; otherwise it is twice the smaller share of
    resamples on either side of 0, with one added to both counts. `visible` is 1.96 standard
    errors, the standard deviation of the resampled differences; it is 0 where all networks agree
    on every image.

    Args:
        correct_a: bool ``[networks_a, n]``, whether each network classifies each image correctly.
        correct_b: bool ``[networks_b, n]``; column i is the same image in both.
        resamples: of the bootstrap.
        seed: of the bootstrap; the same seed gives the same result.

    Raises:
        InputError: other types, different n, no images, resamples below 1 or seed below 0.

    Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993); networks and images
    resampled jointly: Davison and Hinkley, "Bootstrap methods and their application" (1997).

    >>> a, b = [[True] * 95 + [False] * 5], [[True] * 85 + [False] * 15]
    >>> difference = accuracy_difference(a, b)
    >>> round(difference.value, 3), round(difference.p, 4), difference.low > 0
    (0.1, 0.002, True)
    """
    a = booleans("correct_a", correct_a, "networks, n")
    b = booleans("correct_b", correct_b, "networks, n")
    _check_same_images(a, b)
    check_resampling(resamples, seed)
    value = float(len(b) * a.sum() - len(a) * b.sum()) / (len(a) * b.size)
    differences = _resampled_differences(a, b, resamples, np.random.default_rng(seed))
    p = mcnemar(a[0], b[0]).p if len(a) == len(b) == 1 else _two_sided(differences)
    visible = 1.96 * float(differences.std())
    return Difference(value, *percentiles(differences), p, visible, a.shape[1])


def _check_same_images(a: BoolArray, b: BoolArray) -> None:
    if a.shape[-1] != b.shape[-1]:
        raise InputError(
            f"correct_a has {a.shape[-1]} images, correct_b has {b.shape[-1]}; both must be of "
            "the same images"
        )


def _two_sided(differences: FloatArray) -> float:
    fewest = min((differences <= 0).sum(), (differences >= 0).sum())
    return min(1.0, 2 * float(fewest + 1) / (len(differences) + 1))


def _resampled_differences(
    a: BoolArray, b: BoolArray, resamples: int, rng: np.random.Generator
) -> FloatArray:
    """Return the difference of mean accuracies in each resample of networks and images.

    Images that the same networks classify correctly are exchangeable, so it suffices to draw how
    many images show each pattern. All sums are of integers, hence exact.
    """
    patterns, counts = _patterns(np.concatenate([a, b]))
    weights = np.concatenate(
        [_drawn(len(a), resamples, rng) * len(b), _drawn(len(b), resamples, rng) * -len(a)], axis=1
    )
    shares = counts / counts.sum()
    size = max(1, _BLOCK // len(shares))
    blocks: list[FloatArray] = [
        rng.multinomial(a.shape[1], shares, len(block)) @ patterns * block
        for block in (weights[i : i + size] for i in range(0, resamples, size))
    ]
    sums: FloatArray = np.concatenate(blocks).sum(axis=1)
    return sums / (len(a) * b.size)


def _drawn(networks: int, resamples: int, rng: np.random.Generator) -> IntArray:
    """Return how often each network is drawn in as many draws: int64 [resamples, networks]."""
    return rng.multinomial(networks, np.full(networks, 1 / networks), resamples)


def _patterns(correct: BoolArray) -> tuple[FloatArray, IntArray]:
    """Return the distinct columns as rows, and the number of images of each."""
    columns, counts = np.unique(correct, axis=1, return_counts=True)
    return columns.T.astype(np.float64), counts
