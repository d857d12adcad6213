"""Figures with their spread: pure functions from probabilities and labels to scores.

A score is never a bare number: it carries its 95 % interval and the number of images behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.errors import InputError

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95
SMALLEST_PROBABILITY = 1e-7
"""Where `log_loss` clips: Keras's epsilon, so that both report the same loss."""

_SUM_TOLERANCE = 1e-2  # a row of ten bfloat16 probabilities can miss 1 by this much


@dataclass(frozen=True)
class Score:
    """A figure, its 95 % interval, and the number of images behind it.

    `low` and `high` are None where no interval exists (the log loss of a single image).

    >>> Score(0.9812, 0.9783, 0.9837, 10_000).as_percent()
    '98.12 % (97.83 to 98.37)'
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def as_percent(self, digits: int = 2) -> str:
        """Write a proportion in percent, with its interval."""
        return _with_interval(_number(self.value, digits, 100) + " %", self, digits, 100)

    def as_text(self, digits: int = 4) -> str:
        """Write the figure in its own unit, with its interval.

        >>> Score(0.0625, 0.0581, 0.0669, 10_000).as_text()
        '0.0625 (0.0581 to 0.0669)'
        """
        return _with_interval(_number(self.value, digits), self, digits)

    def as_json(self) -> dict[str, float | int | None]:
        """Return the fields as plain JSON; `Score(**fields)` reads them back.

        >>> Score(0.5, 0.25, 0.75, 10).as_json()
        {'value': 0.5, 'low': 0.25, 'high': 0.75, 'n': 10}
        """
        return asdict(self)


@dataclass(frozen=True)
class SeedSummary:
    """The mean of a figure over seeds, its standard deviation, and the 95 % interval of the mean.

    `n` counts seeds. One seed has no spread: `sd`, `low` and `high` are then None.

    >>> SeedSummary(0.9812, 0.0005, 0.9808, 0.9816, 8).as_percent()
    '98.12 ± 0.05 % (98.08 to 98.16)'
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    n: int

    def as_percent(self, digits: int = 2) -> str:
        """Write a proportion in percent: mean ± standard deviation, and the interval of the mean.

        >>> SeedSummary(0.9812, None, None, None, 1).as_percent()
        '98.12 %'
        """
        spread = "" if self.sd is None else f" ± {_number(self.sd, digits, 100)}"
        mean = _number(self.mean, digits, 100)
        return _with_interval(f"{mean}{spread} %", self, digits, 100)

    def as_text(self, digits: int = 4) -> str:
        """Write mean ± standard deviation in the figure's own unit, and the interval of the mean.

        >>> SeedSummary(0.06, 0.002, 0.0583, 0.0617, 8).as_text()
        '0.0600 ± 0.0020 (0.0583 to 0.0617)'
        """
        spread = "" if self.sd is None else f" ± {_number(self.sd, digits)}"
        return _with_interval(_number(self.mean, digits) + spread, self, digits)

    def as_json(self) -> dict[str, float | int | None]:
        """Return the fields as plain JSON; `SeedSummary(**fields)` reads them back."""
        return asdict(self)


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson score interval of the proportion `successes / n`.

    With p = successes / n and z the normal quantile of (1 + confidence) / 2:

        (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)

    Unlike p ± z √(p(1 - p)/n) it stays within [0, 1] and does not shrink to a point at p = 1.

    Raises InputError unless n >= 1, 0 <= successes <= n and 0 < confidence < 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).

    >>> low, high = wilson_interval(9812, 10_000)
    >>> f"{low:.4f} {high:.4f}"
    '0.9783 0.9837'
    """
    if n < 1:
        raise InputError(f"n must be at least 1, got {n}")
    if not 0 <= successes <= n:
        raise InputError(f"successes must be from 0 to n = {n}, got {successes}")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be between 0 and 1, got {confidence}")
    from scipy.special import ndtri

    p = successes / n
    z = float(ndtri((1 + confidence) / 2))
    centre = p + z * z / (2 * n)
    reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The bounds hold in exact arithmetic; rounding can miss them by one part in 1e16.
    return max(0.0, min(p, (centre - reach) / scale)), min(1.0, max(p, (centre + reach) / scale))


def accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images whose most probable class is the label, with Wilson interval.

    probabilities: [n, classes]; labels: integers [n]. Of equal probabilities the lowest class
    counts as predicted. Raises InputError for arrays that do not fit one another, for values
    that are not finite and for no images.

    >>> accuracy([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]], [0, 1, 0, 1]).as_percent()
    '75.00 % (30.06 to 95.44)'
    """
    return top_k_accuracy(probabilities, labels, 1)


def top_k_accuracy(probabilities: npt.ArrayLike, labels: npt.ArrayLike, k: int) -> Score:
    """Return the share of images whose label is among the k most probable classes.

    probabilities: [n, classes]; labels: integers [n]. The interval is Wilson's; equal
    probabilities are ranked as in `top_k`. Raises InputError as `accuracy` and `top_k` do.

    >>> top_k_accuracy([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], [1, 2], k=2).value
    0.5
    """
    checked, truth = _probabilities_and_labels(probabilities, labels)
    indices, _ = top_k(checked, k)
    hits = int((indices == truth[:, None]).any(axis=1).sum())
    return Score(hits / len(truth), *wilson_interval(hits, len(truth)), len(truth))


def log_loss(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the mean negative log-likelihood of the labels in nats, with its t interval.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

        loss_i = -ln p_i[label_i],   mean ± t(n - 1) · sd / √n,   the lower end not below 0

    Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras does, so that one image costs at most
    16.1 nats. A single image has no interval. The loss is that of Good, "Rational decisions"
    (1952), the interval Student's, "The probable error of a mean" (1908).

    Raises InputError as `accuracy` does, and for rows that are no probabilities, such as logits.

    >>> log_loss([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 1, 1]).as_text(2)
    '0.44 (0.00 to 1.18)'
    """
    checked, truth = _probabilities_and_labels(probabilities, labels)
    _check_distributions(checked)
    likelihood = checked[np.arange(len(truth)), truth]
    losses = -np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))
    mean, _, low, high = _mean_interval(losses)
    return Score(mean, None if low is None else max(0.0, low), high, len(truth))


def confusion_matrix(predicted: npt.ArrayLike, labels: npt.ArrayLike, classes: int) -> IntArray:
    """Count the images of each pair of label and prediction: int64 [true class, predicted class].

    predicted and labels: integers [n] from 0 to classes - 1. Raises InputError for anything
    else, for arrays of different length and for no images.

    >>> confusion_matrix([0, 1, 1, 1], [0, 1, 0, 1], classes=2).tolist()
    [[1, 1], [0, 2]]
    """
    if classes < 1:
        raise InputError(f"classes must be at least 1, got {classes}")
    guesses = _class_indices("predicted", predicted, classes)
    truth = _class_indices("labels", labels, classes)
    if len(guesses) != len(truth):
        raise InputError(f"predicted has {len(guesses)} entries, labels has {len(truth)}")
    counts = np.bincount(truth * classes + guesses, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def top_k(probabilities: npt.ArrayLike, k: int) -> tuple[IntArray, FloatArray]:
    """Return the k most probable classes of each image and their probabilities, highest first.

    probabilities: [n, classes]; both results: [n, k]. Of equal probabilities the lower class
    comes first. Raises InputError unless 1 <= k <= classes, and for values that are not finite.

    >>> indices, values = top_k([[0.2, 0.5, 0.2, 0.1]], k=3)
    >>> indices.tolist(), values.tolist()
    ([[1, 0, 2]], [[0.5, 0.2, 0.2]])
    """
    checked = _probabilities(probabilities)
    if not 1 <= k <= checked.shape[1]:
        raise InputError(f"k must be from 1 to {checked.shape[1]}, the number of classes, got {k}")
    indices = np.argsort(-checked, axis=1, kind="stable")[:, :k].astype(np.int64)
    return indices, np.take_along_axis(checked, indices, axis=1)


def over_seeds(values: Sequence[float] | Array) -> SeedSummary:
    """Summarise one figure over seeds: mean, standard deviation (n - 1), t interval of the mean.

        mean ± t(n - 1) · sd / √n

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).
    Raises InputError for no values and for values that are not finite.

    >>> over_seeds([0.981, 0.983, 0.982]).as_percent()
    '98.20 ± 0.10 % (97.95 to 98.45)'
    """
    figures = _numbers("values", values)
    if figures.ndim != 1 or figures.size == 0:
        raise InputError(f"values must be a row of at least one number, got shape {figures.shape}")
    if not np.isfinite(figures).all():
        raise InputError(f"values must be finite, got {figures.tolist()}")
    return SeedSummary(*_mean_interval(figures), len(figures))


def _mean_interval(
    values: FloatArray,
) -> tuple[float, float | None, float | None, float | None]:
    """Return mean, standard deviation and the ends of the t interval of values [n]."""
    from scipy.special import stdtrit

    mean = float(values.mean())
    n = len(values)
    if n == 1:
        return mean, None, None, None
    sd = float(values.std(ddof=1))
    reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / sqrt(n)
    return mean, sd, mean - reach, mean + reach


def _numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be an array, and its rows of one length") from None
    if array.dtype.kind in "cOSUMm":
        raise InputError(f"{name} must be real numbers, got {array.dtype}")
    return array.astype(np.float64)


def _probabilities(probabilities: npt.ArrayLike) -> FloatArray:
    array = _numbers("probabilities", probabilities)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(f"probabilities must have the shape [n, classes], got {array.shape}")
    bad = int((~np.isfinite(array)).any(axis=1).sum())
    if bad:
        raise InputError(f"probabilities must be finite, {bad} of {len(array)} rows are not")
    return array


def _check_distributions(probabilities: FloatArray) -> None:
    off_range = (probabilities < 0).any(axis=1) | (probabilities > 1 + _SUM_TOLERANCE).any(axis=1)
    off_sum = np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE
    bad = int((off_range | off_sum).sum())
    if bad:
        raise InputError(
            f"probabilities must be from 0 to 1 with sum 1, {bad} of {len(probabilities)} rows "
            "are not; does the network end in a softmax?"
        )


def _class_indices(name: str, values: npt.ArrayLike, classes: int) -> IntArray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be a row of integers [n]") from None
    if array.ndim == 2:
        raise InputError(
            f"{name} must be integers [n], got shape {array.shape}; of one-hot labels take "
            ".argmax(axis=1)"
        )
    if array.ndim != 1:
        raise InputError(f"{name} must be integers [n], got shape {array.shape}")
    if array.size == 0:
        raise InputError(f"{name} is empty: there are no images to score")
    if array.dtype.kind not in "iu":
        raise InputError(f"{name} must be integers, got {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise InputError(f"{name} must be from 0 to {classes - 1}, got {low} to {high}")
    return array.astype(np.int64)


def _probabilities_and_labels(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, IntArray]:
    checked = _probabilities(probabilities)
    truth = _class_indices("labels", labels, checked.shape[1])
    if len(checked) != len(truth):
        raise InputError(f"probabilities has {len(checked)} rows, labels has {len(truth)}")
    return checked, truth


def _number(value: float, digits: int, scale: int = 1) -> str:
    return f"{scale * value:.{digits}f}"


def _with_interval(text: str, figure: Score | SeedSummary, digits: int, scale: int = 1) -> str:
    if figure.low is None or figure.high is None:
        return text
    low, high = (_number(end, digits, scale) for end in (figure.low, figure.high))
    return f"{text} ({low} to {high})"
