"""Shared by all figures: colours, sizes, plain axes, input checks."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Array = npt.NDArray[Any]

# Okabe and Ito's colours, distinct for every kind of colour blindness (jfly.uni-koeln.de, 2008).
BLUE, VERMILLION = "#0072B2", "#D55E00"
INK, QUIET, RULE = "#222222", "#6B6B6B", "#E4E4E4"

DPI = 200

TIMES = " \N{MULTIPLICATION SIGN} "
"""Between the numbers of a shape."""


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, width and height in inches."""
    from matplotlib.figure import Figure

    return Figure((width, height), dpi=DPI, facecolor="white", layout="constrained")


def plain_axes(axes: Axes, title: str) -> None:
    """Reduce axes to a title, the lower edge and light horizontal rules."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_facecolor("none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(labelsize=8.5, labelcolor=QUIET, color=QUIET, length=3)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def set_ticks(axis: Axis) -> None:
    """Set about six ticks at round values."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], min_n_ticks=3))


def percent_ticks(axis: Axis) -> None:
    """Format shares as percentages, with enough decimals to distinguish the ticks."""
    from matplotlib.ticker import PercentFormatter

    set_ticks(axis)
    ticks = axis.get_majorticklocs()
    decimals = max(0, ceil(-log10(100 * (ticks[1] - ticks[0])) - 1e-6))
    axis.set_major_formatter(PercentFormatter(1.0, decimals, symbol=" %"))


def footnote(figure: Figure, text: str) -> None:
    """Write a line in grey at the bottom left."""
    figure.supxlabel(text, x=0.012, ha="left", fontsize=7.5, color=QUIET)


def numbers(name: str, values: npt.ArrayLike) -> Array:
    """Return finite numbers as float64 ``[n]``.

    Raises:
        InputError: they are not; the message begins with `name`.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a row of numbers") from None
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name} must be a row of at least one number, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite, got nan or inf")
    return array


def shares(name: str, values: npt.ArrayLike, slack: float = 0.0) -> Array:
    """Return shares in [0, 1] as float64 ``[n]``.

    Args:
        name: of the array, for messages.
        values: the shares.
        slack: by how much they may exceed 1.

    Raises:
        InputError: a value is not finite or out of range.
    """
    array = numbers(name, values)
    if array.min() < 0 or array.max() > 1 + slack:
        raise InputError(f"{name} must lie in [0, 1], got {array.min():g} to {array.max():g}")
    return array


def names_of_classes(class_names: Sequence[str] | None, classes: int) -> list[str]:
    """Return one name per class, by default "0", "1", "2", ..."""
    names = [str(name) for name in (range(classes) if class_names is None else class_names)]
    if len(names) != classes:
        raise InputError(f"class_names must name {classes} classes, got {len(names)}")
    return names


def count(n: int, noun: str) -> str:
    """Format a number of things: "1 image", "1,000 images".

    >>> count(1, "image"), count(1000, "image")
    ('1 image', '1,000 images')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
