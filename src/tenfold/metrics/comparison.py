"""Is one better than the other: two networks, or two families of networks, on the same images."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import BoolArray, FloatArray, IntArray, booleans
from tenfold.metrics.resampling import check_resampling, percentiles

_BLOCK = 1 << 22  # resamples times patterns drawn at once, 32 MiB of counts


@dataclass(frozen=True)
class McNemar:
    """How many images only a, and only b, has right, and how probable that is of equals."""

    only_a: int
    only_b: int
    p: float

    def as_json(self) -> dict[str, float | int]:
        """Return the fields as plain JSON; `McNemar(**fields)` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """The accuracy of a minus that of b on n images, from 0 to 1, with its 95 % interval.

    p: how probable a difference as large as this is of equals; visible: the smallest difference
    that these images could show.
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


def mcnemar(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> McNemar:
    """Test whether two networks that saw the same images err equally often, exactly.

    right_a and right_b: bool [n], whether each has the image right. Images that both have right,
    or both wrong, say nothing; of the others either has half if the networks are equals, and p
    is the two-sided binomial probability of a split this uneven. Raises InputError for other
    types, for arrays of different length and for no images.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions
    or percentages", Psychometrika 12 (1947).

    >>> a, b = [True] * 9 + [False], [True] * 3 + [False] * 7
    >>> mcnemar(a, b)
    McNemar(only_a=6, only_b=0, p=0.03125)
    """
    from scipy.special import bdtr

    a, b = booleans("right_a", right_a, "n"), booleans("right_b", right_b, "n")
    _check_same_images(a, b)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p = min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
    return McNemar(only_a, only_b, p)


def accuracy_difference(
    right_a: npt.ArrayLike, right_b: npt.ArrayLike, resamples: int = 10_000, seed: int = 0
) -> Difference:
    """Return the mean accuracy of networks a minus that of networks b, on the same images.

    right_a: bool [networks_a, n] and right_b: bool [networks_b, n], whether each network, such
    as one a seed, has the image right; column i is the same image in both.

    The interval is the percentile bootstrap's. Images are resampled jointly for all networks;
    the networks of each side are resampled too, for that other seeds would give others. A side of
    one network has no such spread: the interval then is about that network, not about its
    recipe. Of few networks the bootstrap understates their spread, by √(1 - 1/networks).

    p is `mcnemar`'s for one network a side; otherwise twice the smaller share of resamples on
    either side of 0, both with one added. visible is 1.96 standard errors, the standard deviation
    of the resampled differences: smaller differences are lost in chance, and it is 0 where all
    networks agree on every image. Same seed, same result.

    Raises InputError for other types, for arrays of different n, for no images and unless
    resamples >= 1 and seed >= 0.

    Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993); of networks and
    images together: Davison and Hinkley, "Bootstrap methods and their application" (1997).

    >>> a, b = [[True] * 95 + [False] * 5], [[True] * 85 + [False] * 15]
    >>> difference = accuracy_difference(a, b)
    >>> round(difference.value, 3), round(difference.p, 4), difference.low > 0
    (0.1, 0.002, True)
    """
    a = booleans("right_a", right_a, "networks, n")
    b = booleans("right_b", right_b, "networks, n")
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
            f"right_a has {a.shape[-1]} images, right_b has {b.shape[-1]}; both must be of the same"
        )


def _two_sided(differences: FloatArray) -> float:
    fewest = min((differences <= 0).sum(), (differences >= 0).sum())
    return min(1.0, 2 * float(fewest + 1) / (len(differences) + 1))


def _resampled_differences(
    a: BoolArray, b: BoolArray, resamples: int, rng: np.random.Generator
) -> FloatArray:
    """Return the difference of mean accuracies in each resample of networks and images.

    Images that the same networks have right are exchangeable, so that it is enough to draw how
    many images show each pattern. All sums are of whole numbers, hence exact: equal is equal.
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
    """Return how often each network is drawn of as many draws: int64 [resamples, networks]."""
    return rng.multinomial(networks, np.full(networks, 1 / networks), resamples)


def _patterns(right: BoolArray) -> tuple[FloatArray, IntArray]:
    """Return the distinct columns of right as rows, and how many images show each."""
    columns, counts = np.unique(right, axis=1, return_counts=True)
    return columns.T.astype(np.float64), counts
