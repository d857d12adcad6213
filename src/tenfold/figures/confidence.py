"""Judgement: how far confidence can be trusted, and what declining to answer buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    footnote,
    new_figure,
    percent_ticks,
    plain_axes,
    set_ticks,
    shares,
)
from tenfold.metrics import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 500  # a line, at most
_STYLES = ((BLUE, "o"), (VERMILLION, "D"))
_LABEL = 1 / 16  # of the width, the least room for a confidence
_ASIDE = 0.016  # of the width, between two series
_SLACK = 0.01  # by which the sum of a row of bfloat16 probabilities misses 1


def reliability(series: Mapping[str, Reliability]) -> Figure:
    """Draw how far accuracy lies from confidence, with its 95 % interval, bin by bin.

    series: one or two named sets of bins, before and after temperature scaling for example, as
    `tenfold.metrics.reliability` makes them.

    This is the reliability diagram (DeGroot and Fienberg, 1983) with its diagonal laid flat, over
    the images' rank. A network that is right on 99 % of the images is nearly sure of most, so
    over confidence itself nearly all bins share the upper right corner. By rank every image has
    equal room, an interval that misses the line shows a bin's confidence to be wrong, and the
    mean distance from the line is the expected calibration error. The bins' confidences stand
    below, a row for each series.

    Raises InputError for no series or more than two, and for arrays that do not fit one another.

    >>> from tenfold import metrics
    >>> probabilities = [[0.7, 0.3]] * 5 + [[0.9, 0.1]] * 5
    >>> bins = metrics.reliability(probabilities, [0, 0, 0, 1, 1] + [0] * 5, 2)
    >>> print(reliability({"before": bins}).get_label())
    Reliability in bins of 5 images. Accuracy minus confidence: before -10.0 to 10.0 points.
    """
    if not 1 <= len(series) <= len(_STYLES):
        raise InputError(f"a reliability diagram shows one or two series, got {len(series)}")
    tables = [_table(name, bins) for name, bins in series.items()]
    figure = new_figure(7.2, 3.5 + 0.14 * len(tables))
    axes = figure.subplots()
    plain_axes(axes, "Accuracy minus confidence, percentage points")
    axes.axhline(0, color=QUIET, linewidth=0.9, zorder=1.5)
    said = [
        _draw_gaps(axes, table, place, len(tables), name)
        for place, (name, table) in enumerate(zip(series, tables, strict=True))
    ]
    _finish_reliability(axes, len(tables))
    sizes = sorted({int(n) for table in tables for n in table["n"]})
    size = " to ".join(dict.fromkeys((f"{sizes[0]:,}", f"{sizes[-1]:,}")))
    footnote(
        figure, f"each bin holds {size} images; bars: 95 % interval; numbers: mean confidence, %"
    )
    figure.set_label(
        f"Reliability in bins of {size} images. "
        f"Accuracy minus confidence: {', '.join(said)} points."
    )
    return figure


def _table(name: str, bins: Reliability) -> dict[str, Array]:
    """Return the arrays of a series, float64 [bins]."""
    table = {
        field: shares(f"{field} of {name!r}", getattr(bins, field), slack)
        for field, slack in (("confidence", _SLACK), ("accuracy", 0), ("low", 0), ("high", 0))
    }
    table["n"] = np.asarray(bins.n)
    lengths = {field: np.shape(array) for field, array in table.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the arrays of {name!r} must have one length, got {lengths}")
    if table["n"].dtype.kind not in "iu" or (table["n"] < 1).any():
        raise InputError(f"n of {name!r} must be counts of at least one image")
    return table


def _draw_gaps(axes: Axes, table: dict[str, Array], place: int, of: int, name: str) -> str:
    """Draw one series, beside the other where there are two, and say how far it reaches."""
    color, marker = _STYLES[place]
    widths = table["n"] / table["n"].sum()
    middles = np.cumsum(widths) - widths / 2
    at = middles + _ASIDE * (place - (of - 1) / 2)
    low, gap, high = (100 * (table[f] - table["confidence"]) for f in ("low", "accuracy", "high"))
    axes.vlines(at, low, high, color=color, linewidth=1.3)
    axes.plot(at, gap, marker, color=color, markersize=4.2, label=name, linestyle="")
    last = -1.0
    for middle, confidence in zip(middles, table["confidence"], strict=True):
        if middle - last < _LABEL:
            continue
        last = middle
        axes.annotate(
            _sure(confidence),
            (middle, 0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, -5 - 10 * place),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            color=color,
        )
    return f"{name} {gap.min():.1f} to {gap.max():.1f}"


def _sure(confidence: float) -> str:
    """Write a mean confidence in percent, rounded down, with decimals where they matter.

    >>> _sure(0.8536), _sure(0.99736), _sure(0.99999), _sure(1.0)
    ('85.3', '99.73', '> 99.99', '100')
    """
    if confidence >= 1:
        return "100"
    if confidence > 0.9999:
        return "> 99.99"
    decimals = 2 if confidence >= 0.99 else 1
    return f"{np.floor(10 ** (2 + decimals) * confidence) / 10**decimals:.{decimals}f}"


def _finish_reliability(axes: Axes, rows: int) -> None:
    axes.margins(y=0.12)
    low, high = axes.get_ylim()
    axes.set(xlim=(0, 1), ylim=(min(low, -0.5), max(high, 0.5)), xticks=[])
    set_ticks(axes.yaxis)
    label = "images, from least to most confident"
    axes.set_xlabel(label, fontsize=9, color=QUIET, labelpad=6 + 10 * rows)
    for height, side, text in ((0.98, "top", "underconfident"), (0.02, "bottom", "overconfident")):
        axes.text(
            0.998,
            height,
            text,
            transform=axes.transAxes,
            ha="right",
            va=side,
            fontsize=8.5,
            color=QUIET,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.01, 1.0),
        ncols=rows,
        frameon=False,
        fontsize=8.5,
        handletextpad=0.1,
        columnspacing=1.2,
        borderpad=0.2,
        labelcolor="linecolor",
    )


def risk_coverage(
    curves: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    operating_point: tuple[float, float] | None = None,
) -> Figure:
    """Draw the share of wrong predictions among accepted images against the share accepted.

    curves: for each network its coverage [n], increasing, and its risk [n], both shares in
    [0, 1] (El-Yaniv and Wiener, 2010). operating_point: the coverage and risk of a threshold.
    A line has at most 500 points: the first, last, lowest and highest of each column, so that no
    peak is lost (Jugel et al., 2014). The picture begins where the risk does.

    Raises InputError for no curves, and for arrays that are no shares or do not fit one another.

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
    said = "" if operating_point is None else f" {_mark(axes, operating_point)}."
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
    figure.set_label(f"Risk against coverage. All accepted: {end} % wrong.{said}")
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
    """Draw the lines from a coverage on, one a network."""
    single = len(lines) == 1
    top = 1e-4
    for coverage, risk in lines:
        x, y = coverage[coverage >= start], risk[coverage >= start]
        kept = _extremes(y)
        axes.plot(
            x[kept],
            y[kept],
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
    """Return the tenth of coverage below which no network's risk leaves the ground."""
    ground = 0.02 * max(float(risk[-1]) for _, risk in lines)
    starts = [1.0 if point is None else point[0]]
    for coverage, risk in lines:
        low = np.flatnonzero(risk <= ground)
        starts.append(float(coverage[low[-1]]) if len(low) else 0.0)
    return float(np.clip(np.floor(10 * min(starts) - 1e-9) / 10, 0.0, 0.9))


def _extremes(values: Array) -> Array:
    """Return indices of the first, last, lowest and highest value of each of 125 columns."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    kept = [
        part[[0, -1, int(values[part].argmin()), int(values[part].argmax())]]
        for part in np.array_split(np.arange(len(values)), POINTS // 4)
    ]
    return np.unique(kept)


def _mark(axes: Axes, point: tuple[float, float]) -> str:
    """Mark the operating point, and say what it means."""
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
