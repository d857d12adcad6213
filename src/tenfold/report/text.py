"""Figures, dates and counts in words."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from tenfold.metrics import Score, SeedSummary, over_seeds


def share(score: Score | None, digits: int = 2) -> dict[str, Any]:
    """A proportion in percent and its interval apart, for a cell of a table.

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


def text(score: Score, digits: int = 4) -> dict[str, str]:
    """A figure in its own unit and its interval apart, for a cell of a table.

    Example:
        >>> text(Score(0.0625, 0.0581, 0.0669, 10_000))
        {'value': '0.0625', 'interval': '0.0581 to 0.0669'}
    """
    return {
        "value": f"{score.value:.{digits}f}",
        "interval": _range(score.low, score.high, digits, 1),
    }


def over_networks(
    found: Sequence[Score], *, percent: bool = False, digits: int = 2
) -> dict[str, str]:
    """A score of one network, or of several: the value, its spread, and its interval.

    Example:
        >>> over_networks([Score(0.98, 0.97, 0.99, 500)], percent=True)
        {'value': '98.00 %', 'spread': '', 'interval': '97.00 to 99.00'}
    """
    scale, unit = (100, " %") if percent else (1, "")
    figure: Score | SeedSummary = found[0]
    spread, value = "", found[0].value
    if len(found) > 1:
        figure = over_seeds([score.value for score in found])
        spread, value = f"± {scale * (figure.sd or 0):.{digits}f}", figure.mean
    return {
        "value": f"{scale * value:.{digits}f}{unit}",
        "spread": spread,
        "interval": _range(_at_least_0(figure.low), figure.high, digits, scale),
    }


def _at_least_0(low: float | None) -> float | None:
    """The t interval of few seeds can reach below 0, where no score of a report is."""
    return None if low is None else max(0.0, low)


def _range(low: float | None, high: float | None, digits: int, scale: int) -> str:
    if low is None or high is None:
        return ""
    return f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"


def day(time: str) -> str:
    """A time of ISO 8601 as people write it.

    Example:
        >>> day("2026-11-22T08:55:19+00:00")
        '22 November 2026, 08:55'
    """
    moment = datetime.datetime.fromisoformat(time)
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def duration(seconds: float) -> str:
    """Seconds in words.

    Example:
        >>> duration(12.94), duration(754)
        ('12.9 s', '12 min 34 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def times(n: int) -> str:
    """How often.

    Example:
        >>> times(1), times(2), times(5)
        ('once', 'twice', '5 times')
    """
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
