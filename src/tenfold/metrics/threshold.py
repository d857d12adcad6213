"""Selective prediction with guaranteed risk: a threshold that bounds the error rate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, log, log1p

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import IntArray, between_0_and_1
from tenfold.metrics.classification import top_confidence
from tenfold.metrics.score import CONFIDENCE
from tenfold.metrics.selective_prediction import acceptance_steps


@dataclass(frozen=True)
class Threshold:
    """The lowest top probability at which an image is accepted, and how it was chosen.

    Attributes:
        value: the threshold.
        error_rate: the largest share of accepted images that may be wrong.
        accepted: images accepted, of those it was chosen on.
        n: images it was chosen on.
        errors: wrong images among the accepted.
    """

    value: float
    error_rate: float
    accepted: int
    n: int
    errors: int

    def as_json(self) -> dict[str, float | int]:
        """Return the fields as plain JSON; `Threshold(**fields)` reads them back.

        >>> Threshold(0.9, 0.005, 4900, 5000, 11).as_json()
        {'value': 0.9, 'error_rate': 0.005, 'accepted': 4900, 'n': 5000, 'errors': 11}
        """
        return asdict(self)


def choose_threshold(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    error_rate: float = 0.005,
    confidence: float = CONFIDENCE,
) -> Threshold:
    """Return the lowest top probability above which at most `error_rate` of images are wrong.

    The bound applies to further images from the same distribution, and holds with the stated
    confidence over the choice of the n images. Selection with guaranteed risk: a binary search of
    at most ⌈log₂ n⌉ steps over the distinct top probabilities accepts a threshold if its exact
    binomial upper bound (Clopper and Pearson, 1934) is at most error_rate; each step gets an equal
    share of the failure probability 1 - confidence.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1, of images that the network was neither
            trained on nor will be evaluated on.
        labels: integers ``[n]``.
        error_rate: between 0 and 1.
        confidence: between 0 and 1.

    Raises:
        InputError: as `log_loss`; error_rate or confidence is out of range; n images are too few
            for this rate; no threshold satisfies the bound.

    Source: Geifman and El-Yaniv, "Selective classification for deep neural networks" (2017).

    >>> choose_threshold([[0.9, 0.1]] * 99 + [[0.4, 0.6]], [0] * 100, error_rate=0.05)
    Threshold(value=0.9, error_rate=0.05, accepted=99, n=100, errors=0)
    """
    between_0_and_1("error_rate", error_rate)
    between_0_and_1("confidence", confidence)
    top, correct = top_confidence(probabilities, labels)
    steps = _search_steps(len(correct))
    failure = (1 - confidence) / steps
    fewest = _images_without_error(error_rate, failure)
    if fewest > len(correct):
        raise InputError(_too_few(len(correct), error_rate, confidence))
    thresholds, accepted, errors = acceptance_steps(top, correct)
    candidates = np.flatnonzero(accepted >= fewest)
    lowest = _lowest(candidates, accepted, errors, error_rate, failure, steps)
    if lowest is None:
        first = candidates[0]
        raise InputError(_too_wrong(int(accepted[first]), int(errors[first]), error_rate))
    value, count, wrong = float(thresholds[lowest]), int(accepted[lowest]), int(errors[lowest])
    return Threshold(value, error_rate, count, len(correct), wrong)


def _lowest(
    candidates: IntArray,
    accepted: IntArray,
    errors: IntArray,
    error_rate: float,
    failure: float,
    steps: int,
) -> int | None:
    """Return the index of the lowest threshold among the candidates that the search accepts.

    The result satisfies the bound; lower thresholds may too, as the search is binary.
    """
    from scipy.special import bdtr

    lowest, first, last = None, 0, len(candidates) - 1
    for _ in range(steps):
        if first > last:
            break
        middle = (first + last) // 2
        index = int(candidates[middle])
        # The upper bound is at most error_rate exactly where this probability is small enough.
        if bdtr(errors[index], int(accepted[index]), error_rate) <= failure:
            lowest, first = index, middle + 1
        else:
            last = middle - 1
    return lowest


def _search_steps(n: int) -> int:
    return max(1, (n - 1).bit_length())  # ⌈log₂ n⌉


def _images_without_error(error_rate: float, failure: float) -> int:
    """Return the fewest images, all correct, that prove the rate: (1 - rate)^n <= failure."""
    return ceil(log(failure) / log1p(-error_rate))


def _images_needed(n: int, error_rate: float, confidence: float) -> int:
    """Return the fewest images, at least n, for which `choose_threshold` can succeed."""
    steps = _search_steps(n)
    while True:
        n = max(n, _images_without_error(error_rate, (1 - confidence) / steps))
        if _search_steps(n) == steps:
            return n
        steps += 1
        n = max(n, 2 ** (steps - 1) + 1)


def _too_few(n: int, error_rate: float, confidence: float) -> str:
    needed = _images_needed(n, error_rate, confidence)
    return (
        f"an error rate of {100 * error_rate:g} % with {100 * confidence:g} % confidence takes at "
        f"least {needed:,} images, even with none wrong, got {n:,}; give more images or a larger "
        "error_rate"
    )


def _too_wrong(accepted: int, errors: int, error_rate: float) -> str:
    return (
        f"no threshold bounds the error rate by {100 * error_rate:g} %: of the "
        f"{accepted:,} most confident images {errors:,} are wrong "
        f"({100 * errors / accepted:.2f} %); give more images, allow a larger error_rate or train "
        "a better network"
    )
