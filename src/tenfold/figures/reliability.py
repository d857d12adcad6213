"""Reliability diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tenfold.core.errors import InputError
from tenfold.figures.common import (
    BLUE,
    QUIET,
    VERMILLION,
    Array,
    footnote,
    new_figure,
    plain_axes,
    set_ticks,
    shares,
)
from tenfold.metrics import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = ((BLUE, "o"), (VERMILLION, "D"))
_LABEL_WIDTH = 1 / 16  # of the axes, the least distance of two confidences
_OFFSET = 0.016  # of the axes' width, between two series
_SLACK = 0.01  # a row of bfloat16 probabilities can exceed 1 by this much


def reliability(series: Mapping[str, Reliability]) -> Figure:
    """Draw accuracy minus confidence, with its 95 % interval, bin by bin.

    This is the reliability diagram (DeGroot and Fienberg, 1983) with its diagonal made horizontal,
    over the rank of the images. A network that is correct on 99 % of the images is confident of
    most, so over confidence itself nearly all bins share the upper right corner. By rank every
    image has equal room, an interval that misses the line shows a miscalibrated bin, and the mean
    distance from the line is the expected calibration error. The mean confidence of each bin is
    written below, in one row per series.

    Args:
        series: one or two named sets of bins from `tenfold.metrics.reliability`, such as before
            and after temperature scaling.

    Raises:
        InputError: there are no series or more than two, or the lengths of arrays differ.

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
    ranges = [
        _draw_gaps(axes, table, position, len(tables), name)
        for position, (name, table) in enumerate(zip(series, tables, strict=True))
    ]
    _finish_reliability(axes, len(tables))
    sizes = sorted({int(n) for table in tables for n in table["n"]})
    size = " to ".join(dict.fromkeys((f"{sizes[0]:,}", f"{sizes[-1]:,}")))
    footnote(
        figure, f"each bin holds {size} images; bars: 95 % interval; numbers: mean confidence, %"
    )
    figure.set_label(
        f"Reliability in bins of {size} images. "
        f"Accuracy minus confidence: {', '.join(ranges)} points."
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


def _draw_gaps(axes: Axes, table: dict[str, Array], position: int, of: int, name: str) -> str:
    """Draw one series, next to the other if there are two, and return its range as text."""
    color, marker = _STYLES[position]
    widths = table["n"] / table["n"].sum()
    middles = np.cumsum(widths) - widths / 2
    at = middles + _OFFSET * (position - (of - 1) / 2)
    low, gap, high = (100 * (table[f] - table["confidence"]) for f in ("low", "accuracy", "high"))
    axes.vlines(at, low, high, color=color, linewidth=1.3)
    axes.plot(at, gap, marker, color=color, markersize=4.2, label=name, linestyle="")
    last = -1.0
    for middle, confidence in zip(middles, table["confidence"], strict=True):
        if middle - last < _LABEL_WIDTH:
            continue
        last = middle
        axes.annotate(
            _floor_percent(confidence),
            (middle, 0),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, -5 - 10 * position),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            color=color,
        )
    return f"{name} {gap.min():.1f} to {gap.max():.1f}"


def _floor_percent(confidence: float) -> str:
    """Format a mean confidence in percent, rounded down, with decimals where they matter.

    >>> [_floor_percent(p) for p in (0.8536, 0.99736, 0.99999, 1.0)]
    ['85.3', '99.73', '> 99.99', '100']
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
