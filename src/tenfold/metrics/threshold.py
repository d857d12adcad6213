"""The threshold that keeps a promise: at most so many wrong among the images accepted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, log, log1p

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import IntArray, between_0_and_1
from tenfold.metrics.classification import top_label
from tenfold.metrics.score import CONFIDENCE
from tenfold.metrics.selection import acceptance_steps


@dataclass(frozen=True)
class Threshold:
    """The top probability, `value`, from which on an image is accepted, and what it promises.

    error_rate: the share of accepted images that may be wrong; accepted and errors: how many of
    the n images it was chosen on are accepted, and how many of those are wrong.
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
    """Return the lowest top probability from which on at most `error_rate` of images are wrong.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n], of images
    that the network was not trained on and that no score is reported for.

    The promise is of images to come that are drawn as these were, and holds with the stated
    confidence over the choice of these. Selection with guaranteed risk: a binary search over the
    distinct top probabilities, of ⌈log₂ n⌉ steps at most, accepts a threshold whose exact
    binomial upper bound (Clopper and Pearson, 1934) is at most error_rate; each step has its
    share, one of ⌈log₂ n⌉, of the doubt 1 - confidence.

    Raises InputError as `log_loss` does, unless error_rate and confidence are between 0 and 1,
    where n images are too few to show such a rate, and where no threshold of the search does.

    Source: Geifman and El-Yaniv, "Selective classification for deep neural networks" (2017).

    >>> choose_threshold([[0.9, 0.1]] * 99 + [[0.4, 0.6]], [0] * 100, error_rate=0.05)
    Threshold(value=0.9, error_rate=0.05, accepted=99, n=100, errors=0)
    """
    between_0_and_1("error_rate", error_rate)
    between_0_and_1("confidence", confidence)
    certainty, right = top_label(probabilities, labels)
    steps = _search_steps(len(right))
    doubt = (1 - confidence) / steps
    fewest = _images_without_error(error_rate, doubt)
    if fewest > len(right):
        raise InputError(_too_few(len(right), error_rate, confidence))
    thresholds, accepted, errors = acceptance_steps(certainty, right)
    candidates = np.flatnonzero(accepted >= fewest)
    found = _lowest(candidates, accepted, errors, error_rate, doubt, steps)
    if found is None:
        first = candidates[0]
        raise InputError(_too_wrong(int(accepted[first]), int(errors[first]), error_rate))
    value, count, wrong = float(thresholds[found]), int(accepted[found]), int(errors[found])
    return Threshold(value, error_rate, count, len(right), wrong)


def _lowest(
    candidates: IntArray,
    accepted: IntArray,
    errors: IntArray,
    error_rate: float,
    doubt: float,
    steps: int,
) -> int | None:
    """Return the last of the candidates, steps of descending threshold, that holds; None if none.

    A binary search: what is returned holds; that what comes after does not is only likely.
    """
    from scipy.special import bdtr

    found, first, last = None, 0, len(candidates) - 1
    for _ in range(steps):
        if first > last:
            break
        middle = (first + last) // 2
        step = int(candidates[middle])
        # The upper bound is at most error_rate just where so few errors are so improbable.
        if bdtr(errors[step], int(accepted[step]), error_rate) <= doubt:
            found, first = step, middle + 1
        else:
            last = middle - 1
    return found


def _search_steps(n: int) -> int:
    return max(1, (n - 1).bit_length())  # ⌈log₂ n⌉


def _images_without_error(error_rate: float, doubt: float) -> int:
    """Return the fewest images that, all of them right, show the error rate: (1 - r)^n <= doubt."""
    return ceil(log(doubt) / log1p(-error_rate))


def _images_needed(n: int, error_rate: float, confidence: float) -> int:
    """Return the fewest images, n or more, of which `choose_threshold` can keep the promise."""
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
        f"no threshold is sure to keep the error rate at {100 * error_rate:g} %: of the "
        f"{accepted:,} most confident images {errors:,} are wrong "
        f"({100 * errors / accepted:.2f} %); give more images, allow a larger error_rate or train "
        "a better network"
    )
