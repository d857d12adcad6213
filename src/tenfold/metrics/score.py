"""A value with its 95 % interval, over images and over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, sqrt

import numpy as np

from tenfold.core.errors import InputError
from tenfold.metrics.checks import Array, FloatArray, between_0_and_1, numbers

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Score:
    """The value of a metric, its 95 % interval, and the number of images behind it.

    `low` and `high` are None where no interval exists, such as the log loss of a single image.

    >>> Score(0.9812, 0.9783, 0.9837, 10_000).as_percent()
    '98.12 % (97.83 to 98.37)'
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def as_percent(self, digits: int = 2) -> str:
        """Format a proportion in percent, with its interval."""
        return _with_interval(_number(self.value, digits, 100) + " %", self, digits, 100)

    def as_text(self, digits: int = 4) -> str:
        """Format the value in its own unit, with its interval.

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
    """The mean of a metric over seeds, its standard deviation, and the 95 % interval of the mean.

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
        """Format a proportion in percent: mean ± standard deviation, and the interval of the mean.

        >>> SeedSummary(0.9812, None, None, None, 1).as_percent()
        '98.12 %'
        """
        spread = "" if self.sd is None else f" ± {_number(self.sd, digits, 100)}"
        mean = _number(self.mean, digits, 100)
        return _with_interval(f"{mean}{spread} %", self, digits, 100)

    def as_text(self, digits: int = 4) -> str:
        """Format mean ± standard deviation in the metric's unit, and the interval of the mean.

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

    Raises:
        InputError: not n >= 1, 0 <= successes <= n and 0 < confidence < 1.

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
    between_0_and_1("confidence", confidence)
    from scipy.special import ndtri

    p = successes / n
    z = float(ndtri((1 + confidence) / 2))
    centre = p + z * z / (2 * n)
    reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The bounds hold in exact arithmetic; rounding can miss them by one part in 1e16.
    return max(0.0, min(p, (centre - reach) / scale)), min(1.0, max(p, (centre + reach) / scale))


def proportion(successes: int, n: int) -> Score:
    """Return the score `successes / n` with its Wilson interval.

    Raises:
        InputError: as `wilson_interval`.

    >>> proportion(9812, 10_000).as_percent()
    '98.12 % (97.83 to 98.37)'
    """
    low, high = wilson_interval(successes, n)
    return Score(successes / n, low, high, n)


def mean_score(values: FloatArray, highest: float = inf) -> Score:
    """Return the mean of values from 0 to ``highest``, float64 ``[n]``, with its t interval.

    The interval is clipped at 0 and ``highest``; a single value has none.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).

    >>> mean_score(np.array([0.0, 0.0, 1.0, 1.0]), 1).as_text(2)
    '0.50 (0.00 to 1.00)'
    """
    mean, _, low, high = _mean_interval(values, (0.0, highest))
    return Score(mean, low, high, len(values))


def over_seeds(
    values: Sequence[float] | Array, bounds: tuple[float, float] = (-inf, inf)
) -> SeedSummary:
    """Summarise one metric over seeds: mean, standard deviation (n - 1), t interval of the mean.

        mean ± t(n - 1) · sd / √n, within the bounds

    The mean of the metric lies within its bounds, so that clipping the interval at them keeps
    its coverage.

    Args:
        values: the metric of each seed.
        bounds: the lowest and highest value that the metric can have.

    Raises:
        InputError: there are no values, or some are not finite.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).

    >>> over_seeds([0.981, 0.983, 0.982]).as_percent()
    '98.20 ± 0.10 % (97.95 to 98.45)'
    >>> over_seeds([0.99, 0.998], bounds=(0, 1)).as_percent()
    '99.40 ± 0.57 % (94.32 to 100.00)'
    """
    array = numbers("values", values)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"values must be a row of at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"values must be finite, got {array.tolist()}")
    return SeedSummary(*_mean_interval(array, bounds), len(array))


def _mean_interval(
    values: FloatArray, bounds: tuple[float, float]
) -> tuple[float, float | None, float | None, float | None]:
    """Return mean, standard deviation, and the low and high end of the t interval."""
    from scipy.special import stdtrit

    mean = float(values.mean())
    n = len(values)
    if n == 1:
        return mean, None, None, None
    sd = float(values.std(ddof=1))
    reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / sqrt(n)
    return mean, sd, max(bounds[0], mean - reach), min(bounds[1], mean + reach)


def _number(value: float, digits: int, scale: int = 1) -> str:
    return f"{scale * value:.{digits}f}"


def _with_interval(text: str, score: Score | SeedSummary, digits: int, scale: int = 1) -> str:
    if score.low is None or score.high is None:
        return text
    low, high = (_number(end, digits, scale) for end in (score.low, score.high))
    return f"{text} ({low} to {high})"
