"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping
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
    count,
    footnote,
    new_figure,
    percent_ticks,
    plain_axes,
    set_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

History = Mapping[str, Array]


def learning_curves(
    history: DataFrame | Mapping[str, npt.ArrayLike], title: str | None = None
) -> Figure:
    """Draw loss and accuracy after each epoch, train against validation.

    With several seeds each has a thin line, and their mean a thick one in a band of ± one standard
    deviation (n - 1). If seeds stopped at different epochs, the mean is over those still training.

    Args:
        history: columns by name, with one row per epoch and seed: epoch, seed, loss, accuracy and,
            if there was validation, val_loss and val_accuracy.
        title: above both axes.

    Raises:
        InputError: the history has no rows, lacks one of the first four columns, or has two rows
            for one epoch and seed.

    >>> figure = learning_curves(
    ...     {"epoch": [1, 2], "seed": [0, 0], "loss": [0.3, 0.1], "accuracy": [0.91, 0.97]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['Loss', 'Accuracy']
    """
    columns = {str(name): np.asarray(values) for name, values in history.items()}
    _check_history(columns)
    figure = new_figure(8.6, 3.5 if title is None else 3.8)
    left, right = figure.subplots(1, 2)
    ends = [_curves(left, columns, "loss"), _curves(right, columns, "accuracy")]
    if title is not None:
        figure.suptitle(title, x=0.012, ha="left", fontsize=11, color=INK, weight="bold")
    epochs, seeds = np.unique(columns["epoch"], return_counts=True)
    if seeds.max() > 1:
        fewest = "" if seeds.min() == seeds.max() else f"{seeds.min()} to "
        footnote(
            figure,
            f"thick: mean of {fewest}{seeds.max()} seeds; band: ± 1 standard deviation; "
            "thin: single seeds",
        )
    figure.set_label(f"Learning curves over {count(len(epochs), 'epoch')}. {' '.join(ends)}")
    return figure


def _check_history(history: History) -> None:
    missing = [name for name in ("epoch", "seed", "loss", "accuracy") if name not in history]
    if missing:
        raise InputError(f"history lacks the column {missing[0]!r}, it has {', '.join(history)}")
    rows = list(zip(history["epoch"].tolist(), history["seed"].tolist(), strict=True))
    if not rows:
        raise InputError("history has no rows: nothing was trained")
    if len(set(rows)) < len(rows):
        raise InputError("history has more than one row for the same epoch and seed")


def _curves(axes: Axes, history: History, column: str) -> str:
    """Draw one measure, train and validation, and return its last values as text."""
    from matplotlib.ticker import MaxNLocator

    plain_axes(axes, column.capitalize())
    ends = []
    sources = (("train", column, BLUE), ("validation", f"val_{column}", VERMILLION))
    for name, source, color in sources:
        end = _curve(axes, history, source, color) if source in history else None
        if end is not None:
            ends.append((end[1], name, _end_text(*end, history, source), color))
    first, last = float(history["epoch"].min()), float(history["epoch"].max())
    pad = min(0.9, max(0.4, 0.03 * (last - first)))
    axes.set_xlim(first - pad, last + pad)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch", fontsize=9, color=QUIET)
    (percent_ticks if column == "accuracy" else set_ticks)(axes.yaxis)
    if not ends:
        text = "diverged: no finite value"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=QUIET)
    _label_ends(axes, ends)
    described = ", ".join(f"{name} {text}" for _, name, text, _ in ends) or "no finite value"
    return f"{column.capitalize()}: {described}."


def _curve(axes: Axes, history: History, column: str, color: str) -> tuple[float, float] | None:
    """Draw a column over epochs, and return the last finite point of its mean."""
    epochs, table, rows = _by_epoch(history, column)
    # A seed that stopped has no row and drops out of the mean; one that diverged ends it.
    complete = np.isfinite(table).sum(axis=1) == rows
    if not complete.any():
        return None
    mean = np.full(len(epochs), np.nan)
    mean[complete] = np.nanmean(table[complete], axis=1)
    if table.shape[1] > 1:
        spread = np.zeros(len(epochs))
        several = complete & (rows > 1)
        spread[several] = np.nanstd(table[several], axis=1, ddof=1)
        highest = 1.0 if column.endswith("accuracy") else np.inf
        low, high = np.maximum(mean - spread, 0.0), np.minimum(mean + spread, highest)
        axes.fill_between(epochs, low, high, color=color, alpha=0.16, linewidth=0)
        dot = "." if len(epochs) == 1 else ""
        axes.plot(epochs, table, color=color, linewidth=0.6, alpha=0.4, marker=dot)
    marker = "o" if len(epochs) <= 12 else ""
    axes.plot(epochs, mean, color=color, linewidth=1.8, marker=marker, markersize=3.5)
    last = np.flatnonzero(complete)[-1]
    return float(epochs[last]), float(mean[last])


def _by_epoch(history: History, column: str) -> tuple[Array, Array, Array]:
    """Return epochs ``[e]``, a column ``[e, seeds]`` with NaN for gaps, and rows ``[e]``."""
    epochs, of_epoch, rows = np.unique(history["epoch"], return_inverse=True, return_counts=True)
    seeds, of_seed = np.unique(history["seed"], return_inverse=True)
    values = history[column].astype(float)
    table = np.full((len(epochs), len(seeds)), np.nan)
    table[of_epoch, of_seed] = np.where(np.isfinite(values), values, np.nan)
    return epochs.astype(float), table, rows


def _end_text(epoch: float, value: float, history: History, column: str) -> str:
    """Format the last value of a curve, or that it diverged before the end."""
    later = history["epoch"][history["epoch"] > epoch]
    if not later.size:
        return f"{100 * value:.2f} %" if "accuracy" in column else f"{value:.4f}"
    last = history[column][history["epoch"] == later.min()]
    if len(last) == 1:
        return f"diverged, epoch {later.min()}"
    return f"{(~np.isfinite(last)).sum()} of {len(last)} diverged"


def _label_ends(axes: Axes, ends: list[tuple[float, str, str, str]]) -> None:
    """Name each curve to the right of its last value, moved apart where two would overlap."""
    low, high = axes.get_ylim()
    apart = 0.16 * (high - low)
    heights = [end[0] for end in ends]
    if len(ends) == 2 and abs(heights[0] - heights[1]) < apart:
        middle = min(max(sum(heights) / 2, low + apart / 2), high - apart / 2)
        upper = 0 if heights[0] >= heights[1] else 1
        heights[upper], heights[1 - upper] = middle + apart / 2, middle - apart / 2
    for (_, name, text, color), height in zip(ends, heights, strict=True):
        axes.annotate(
            f"{name}\n{text}",
            (1, height),
            xycoords=axes.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            linespacing=1.2,
            color=color,
        )
