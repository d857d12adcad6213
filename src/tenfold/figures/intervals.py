"""Values with intervals, as dots in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.figures.common import (
    INK,
    QUIET,
    RULE,
    VERMILLION,
    Array,
    new_figure,
    numbers,
    percent_ticks,
    plain_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INTERVALS_LIMIT = 60


def intervals(
    names: Sequence[str],
    values: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    title: str,
    xlabel: str,
    highlight: int | None = None,
    percent: bool = True,
) -> Figure:
    """Draw values with their intervals as dots in rows, from top to bottom.

    Args:
        names: one per row, at most 60.
        values: ``[rows]``, shares if percent.
        low: ``[rows]``, lower ends of the intervals.
        high: ``[rows]``, upper ends.
        title: above the axes.
        xlabel: what the values are.
        highlight: index of a row to draw in colour, in bold and with its value.
        percent: whether the values are shares to show in percent.

    Raises:
        InputError: the lengths differ, a value is outside its interval, or there is no such row.

    >>> figure = intervals(["512", "64"], [0.98, 0.97], [0.97, 0.96], [0.99, 0.98],
    ...     title="Units", xlabel="validation accuracy", highlight=0)
    >>> figure.get_label()
    'Units, 2 rows: validation accuracy 97.00 % to 98.00 %. Highlighted: 512, 98.00 %.'
    """
    middle, left, right = _columns(len(names), values, low, high)
    if highlight is not None and not 0 <= highlight < len(names):
        raise InputError(f"highlight must be a row from 0 to {len(names) - 1}, got {highlight}")
    figure = new_figure(4.6 + 0.07 * max(map(len, names)), 0.95 + 0.2 * len(names))
    axes = figure.subplots()
    plain_axes(axes, title)
    _name_rows(axes, names)
    axes.hlines(np.arange(len(names)), left, right, color=QUIET, linewidth=1.1)
    axes.plot(middle, np.arange(len(names)), "o", color=INK, markersize=3.8)
    if percent:
        percent_ticks(axes.xaxis)
    axes.set_xlabel(xlabel, fontsize=9, color=QUIET)
    texts = [f"{100 * value:.2f} %" if percent else f"{value:.4g}" for value in middle]
    worst, best = texts[int(middle.argmin())], texts[int(middle.argmax())]
    label = f"{title}, {len(names)} rows: {xlabel} {worst} to {best}."
    if highlight is not None:
        _highlight(axes, highlight, (middle, left, right), texts[highlight])
        label += f" Highlighted: {names[highlight]}, {texts[highlight]}."
    figure.set_label(label)
    return figure


def _columns(
    n: int, values: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike
) -> tuple[Array, Array, Array]:
    """Return values, low and high as float64 [n]."""
    if not 1 <= n <= INTERVALS_LIMIT:
        raise InputError(f"a picture shows 1 to {INTERVALS_LIMIT} rows, got {n}")
    middle, left, right = numbers("values", values), numbers("low", low), numbers("high", high)
    for name, column in (("values", middle), ("low", left), ("high", right)):
        if len(column) != n:
            raise InputError(f"{name} has {len(column)} entries for {n} names")
    outside = np.flatnonzero((left > middle) | (middle > right))
    if len(outside):
        i = outside[0]
        raise InputError(
            f"row {i} has {middle[i]:g} outside its interval, {left[i]:g} to {right[i]:g}"
        )
    return middle, left, right


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Label the rows from top to bottom, with a grid in both directions."""
    axes.set_yticks(range(len(names)), [str(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.grid(axis="y", color=RULE, linewidth=0.5)


def _highlight(axes: Axes, row: int, columns: tuple[Array, Array, Array], text: str) -> None:
    middle, left, right = (float(column[row]) for column in columns)
    axes.hlines([row], [left], [right], color=VERMILLION, linewidth=2)
    axes.plot([middle], [row], "o", color=VERMILLION, markersize=5.5)
    axes.get_yticklabels()[row].set(color=VERMILLION, fontweight="bold")
    axes.annotate(
        text,
        (1, row),
        xycoords=axes.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        fontweight="bold",
        color=VERMILLION,
    )
