"""Curves of any quantity over another."""

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
    new_figure,
    numbers,
    percent_ticks,
    plain_axes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ((BLUE, "-"), (VERMILLION, "--"), (INK, ":"), (QUIET, "-."))


def lines(
    x: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    x_label: str,
    y_label: str,
    *,
    log_x: bool = False,
    percent: bool = False,
) -> Figure:
    """Draw up to four named curves over a common axis, told apart by colour and dashes.

    Args:
        x: finite numbers ``[n]``.
        curves: name and values ``[n]`` of each.
        x_label: of the horizontal axis.
        y_label: title above the vertical axis.
        log_x: a logarithmic horizontal axis.
        percent: the values are shares of 1, shown in percent.

    Raises:
        InputError: there are no curves, more than four, or lengths differ.

    >>> figure = lines([0, 1, 2], {"train": [3, 2, 1], "validation": [3, 2, 2]}, "epoch", "Loss")
    >>> figure.get_label()
    'Loss over epoch: train from 3 to 1, validation from 3 to 2.'
    """
    places = numbers("x", x)
    values = {name: numbers(name, curve) for name, curve in curves.items()}
    if not 1 <= len(values) <= len(_STYLES):
        raise InputError(f"curves: {len(values)}; give 1 to {len(_STYLES)}")
    for name, curve in values.items():
        if len(curve) != len(places):
            raise InputError(f"{name} has {len(curve)} values for {len(places)} of x")
    figure = new_figure(5.6, 3.3)
    axes = figure.subplots()
    plain_axes(axes, y_label)
    for (name, curve), (color, style) in zip(values.items(), _STYLES, strict=False):
        dot = "o" if len(curve) <= 12 else ""
        axes.plot(places, curve, style, color=color, marker=dot, markersize=3.5, label=name)
    if log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")  # powers of ten would need mathematical text
    elif np.array_equal(places, np.round(places)):
        axes.locator_params(axis="x", integer=True)
    if percent:
        percent_ticks(axes.yaxis)
    axes.set_xlabel(x_label, fontsize=9, color=QUIET)
    if len(values) > 1:
        axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    ends = [f"{name} from {c[0]:.3g} to {c[-1]:.3g}" for name, c in values.items()]
    figure.set_label(f"{y_label} over {x_label}: {', '.join(ends)}.")
    return figure
