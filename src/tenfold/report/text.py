"""Numbers, dates and durations as text."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from math import inf
from typing import Any

from tenfold.metrics import Score, SeedSummary, over_seeds


def share(score: Score | None, digits: int = 2) -> dict[str, Any]:
    """A proportion in percent and its interval, separately, for a cell of a table.

    Example:
        >>> share(Score(0.9812, 0.9783, 0.9837, 10_000))["interval"]
        '97.83 to 98.37'
    """
    if score is None:
        return {"value": "-", "interval": "", "low": None, "high": None, "at": None}
    return {
        "value": f"{100 * score.value:.{digits}f}",
        "interval": _range(score.low, score.high, digits, 100),
        "low": score.low,
        "high": score.high,
        "at": score.value,
    }


def over_networks(
    scores: Sequence[Score], *, percent: bool = False, digits: int = 2
) -> dict[str, str]:
    """A metric of one network, or of several: the value, its spread, and its interval.

    Example:
        >>> over_networks([Score(0.98, 0.97, 0.99, 500)], percent=True)
        {'value': '98.00 %', 'spread': '', 'interval': '97.00 to 99.00'}
    """
    scale, unit = (100, " %") if percent else (1, "")
    summary: Score | SeedSummary = scores[0]
    spread, value = "", scores[0].value
    if len(scores) > 1:
        summary = over_seeds([score.value for score in scores], (0, 1 if percent else inf))
        spread, value = f"± {scale * (summary.sd or 0):.{digits}f}", summary.mean
    return {
        "value": f"{scale * value:.{digits}f}{unit}",
        "spread": spread,
        "interval": _range(summary.low, summary.high, digits, scale),
    }


def _range(low: float | None, high: float | None, digits: int, scale: int) -> str:
    if low is None or high is None:
        return ""
    return f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"


def day(time: str) -> str:
    """Format a time of ISO 8601.

    Example:
        >>> day("2026-11-22T08:55:19+00:00")
        '22 November 2026, 08:55'
    """
    moment = datetime.datetime.fromisoformat(time)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def duration(seconds: float) -> str:
    """Format a duration.

    Example:
        >>> duration(12.94), duration(754)
        ('12.9 s', '12 min 34 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def times(n: int) -> str:
    """Format a number of repetitions.

    Example:
        >>> times(1), times(2), times(5)
        ('once', 'twice', '5 times')
    """
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
