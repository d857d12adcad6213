"""Risk-coverage curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.figures.common import (
    BLUE,
    INK,
    QUIET,
    VERMILLION,
    Array,
    new_figure,
    percent_ticks,
    plain_axes,
    shares,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 500  # per line, at most


def risk_coverage(
    curves: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    operating_point: tuple[float, float] | None = None,
) -> Figure:
    """Draw risk-coverage curves: the error rate of the accepted images against their share.

    A line has at most 500 points: the first, last, lowest and highest of each column, so that no
    peak is lost (Jugel et al., 2014). The axis begins where the risk exceeds 0.

    Args:
        curves: of each network its coverage ``[n]``, increasing, and its risk ``[n]``, both in
            [0, 1] (El-Yaniv and Wiener, 2010).
        operating_point: the coverage and risk of a threshold.

    Raises:
        InputError: there are no curves, their lengths differ, or a value is outside [0, 1].

    >>> figure = risk_coverage([([0.5, 1.0], [0.0, 0.01])], (0.5, 0.0))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['accepts 50.0 %,\\n0.00 % of them wrong', 'all accepted\\n1.00 %']
    """
    lines = [_line(curve) for curve in curves]
    if not lines:
        raise InputError("curves must hold at least one network's coverage and risk")
    figure = new_figure(6.0, 3.5)
    axes = figure.subplots()
    plain_axes(axes, "Wrong among the accepted images (risk)")
    marked = "" if operating_point is None else f" {_mark(axes, operating_point)}."
    _draw_risks(axes, lines, _start(lines, operating_point))
    axes.set_xlabel("accepted images (coverage)", fontsize=9, color=QUIET)
    ends = sorted(float(risk[-1]) for _, risk in lines)
    end = " to ".join(dict.fromkeys(f"{100 * value:.2f}" for value in (ends[0], ends[-1])))
    axes.annotate(
        f"all accepted\n{end} %",
        (1, ends[len(ends) // 2]),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=BLUE,
    )
    figure.set_label(f"Risk against coverage. All accepted: {end} % wrong.{marked}")
    return figure


def _line(curve: tuple[npt.ArrayLike, npt.ArrayLike]) -> tuple[Array, Array]:
    try:
        x, y = curve
    except (TypeError, ValueError):
        raise InputError("each of curves must be a pair: coverage [n] and risk [n]") from None
    coverage, risk = shares("coverage", x), shares("risk", y)
    if len(coverage) != len(risk):
        raise InputError(f"coverage has {len(coverage)} entries for {len(risk)} of risk")
    if (np.diff(coverage) < 0).any():
        raise InputError("coverage must increase from entry to entry")
    return coverage, risk


def _draw_risks(axes: Axes, lines: list[tuple[Array, Array]], start: float) -> None:
    """Draw one line per network, from a coverage on."""
    single = len(lines) == 1
    top = 1e-4
    for coverage, risk in lines:
        x, y = coverage[coverage >= start], risk[coverage >= start]
        points = _extremes(y)
        axes.plot(
            x[points],
            y[points],
            color=BLUE,
            linewidth=1.4 if single else 0.8,
            alpha=1 if single else 0.7,
            zorder=2,
        )
        top = max(top, float(y.max()))
    axes.set(xlim=(start, 1), ylim=(0, 1.15 * top))
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)


def _start(lines: list[tuple[Array, Array]], point: tuple[float, float] | None) -> float:
    """Return the coverage, in tenths, below which the risk of every network is negligible."""
    negligible = 0.02 * max(float(risk[-1]) for _, risk in lines)
    starts = [1.0 if point is None else point[0]]
    for coverage, risk in lines:
        low = np.flatnonzero(risk <= negligible)
        starts.append(float(coverage[low[-1]]) if len(low) else 0.0)
    return float(np.clip(np.floor(10 * min(starts) - 1e-9) / 10, 0.0, 0.9))


def _extremes(values: Array) -> Array:
    """Return indices of the first, last, lowest and highest value of each of 125 columns."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    extremes = [
        part[[0, -1, int(values[part].argmin()), int(values[part].argmax())]]
        for part in np.array_split(np.arange(len(values)), POINTS // 4)
    ]
    return np.unique(extremes)


def _mark(axes: Axes, point: tuple[float, float]) -> str:
    """Mark the operating point and return its description."""
    pair = shares("operating_point", point)
    if len(pair) != 2:
        raise InputError(f"operating_point must be coverage and risk, got {len(pair)} numbers")
    coverage, risk = pair.tolist()
    accepts, wrong = f"accepts {100 * coverage:.1f} %", f"{100 * risk:.2f} % of them wrong"
    axes.plot([coverage], [risk], "o", color=VERMILLION, markersize=6, clip_on=False, zorder=4)
    axes.annotate(
        f"{accepts},\n{wrong}",
        (coverage, risk),
        xytext=(-8, 12),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=INK,
    )
    return f"{accepts}, {wrong}"
