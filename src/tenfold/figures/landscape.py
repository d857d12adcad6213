"""The loss around the weights of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.figures.common import BLUE, INK, QUIET, VERMILLION, Array, new_figure, plain_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Weights = Sequence[npt.NDArray[Any]]


def loss_landscape(
    loss: Callable[[list[npt.NDArray[Any]]], float],
    weights: Weights,
    start: Weights | None = None,
    *,
    radius: float = 1.0,
    points: int = 21,
    seed: int = 0,
) -> Figure:
    """Draw the loss of a network for weights around those it has.

    With `start`, along the straight line from there (0) to `weights` (1), and as far beyond them
    (2). Without, in a plane through `weights` (0, 0) that two random directions span. Each filter
    of a direction, which is the weights into one unit or channel, has the length of the network's
    own filter (filter normalisation); otherwise a network with larger weights would look flatter
    than it is. Biases and other vectors are not moved.

    Args:
        loss: from weights, as ``model.get_weights()`` returns them, to a number.
        weights: arrays of the trained network; the last axis of each is that of its units.
        start: arrays of the same shapes, such as the weights before training.
        radius: of the plane, in lengths of the filters.
        points: along each axis; the plane takes its square, each a call of `loss`.
        seed: of the directions.

    Raises:
        InputError: shapes differ, no array has two axes, points is below 3, or radius is not
            positive.

    Source: the line, Goodfellow, Vinyals and Saxe, "Qualitatively characterizing neural network
    optimization problems" (2015); the plane, Li et al., "Visualizing the loss landscape of neural
    nets" (2018).

    >>> loss_landscape(lambda w: float((w[0] ** 2).sum()), [np.ones((2, 1))], [np.zeros((2, 1))],
    ...                points=3).get_label()
    'Loss along the line from start, 0 at 0, to the weights, 2 at 1, and beyond, 8 at 2.'
    """
    here = [np.asarray(w, np.float64) for w in weights]
    if points < 3 or not radius > 0:
        raise InputError(f"points: {points}, radius: {radius}; give points from 3, radius above 0")
    if start is None:
        return _plane(loss, here, radius, points, seed)
    origin = [np.asarray(w, np.float64) for w in start]
    shapes = [w.shape for w in origin], [w.shape for w in here]
    if shapes[0] != shapes[1]:
        raise InputError(f"start: shapes {shapes[0]}; the weights have {shapes[1]}"[:300])
    return _line(loss, origin, here, points)


def _line(loss: Callable[..., float], start: list[Array], end: list[Array], points: int) -> Figure:
    places = np.linspace(0, 2, points)
    values = np.array([_at(loss, start, (t, _minus(end, start))) for t in places])
    ends = [_at(loss, start, (t, _minus(end, start))) for t in (0, 1, 2)]
    figure = new_figure(5.6, 3.3)
    axes = figure.subplots()
    plain_axes(axes, "Loss")
    axes.plot(places, values, color=BLUE)
    axes.plot([0, 1], ends[:2], "o", color=VERMILLION, markersize=5)
    for place, text in ((0, "start"), (1, "weights")):
        axes.annotate(
            text, (place, ends[place]), (6, 6), textcoords="offset points", fontsize=8.5, color=INK
        )
    axes.set_xlabel("place along the line", fontsize=9, color=QUIET)
    figure.set_label(
        f"Loss along the line from start, {ends[0]:.3g} at 0, to the weights, {ends[1]:.3g} at 1, "
        f"and beyond, {ends[2]:.3g} at 2."
    )
    return figure


def _plane(
    loss: Callable[..., float], here: list[Array], radius: float, points: int, seed: int
) -> Figure:
    if not any(w.ndim > 1 for w in here):
        raise InputError("weights: no array of two axes or more, so there is no filter to move")
    rng = np.random.default_rng(seed)
    first, second = filter_normalised(here, rng), filter_normalised(here, rng)
    places = np.linspace(-radius, radius, points)
    values = np.array([[_at(loss, here, (a, first), (b, second)) for a in places] for b in places])
    centre = _at(loss, here)
    figure = new_figure(5.6, 4.6)
    axes: Any = figure.subplots()
    levels = _levels(values)
    filled = axes.contourf(places, places, values, levels, cmap="cividis_r", extend="max")
    axes.contour(places, places, values, levels, colors="white", linewidths=0.4, alpha=0.6)
    axes.plot([0], [0], "o", color=VERMILLION, markersize=5)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8.5, labelcolor=QUIET, color=QUIET, length=3)
    axes.spines[:].set_color(QUIET)
    axes.set_title("Loss", loc="left", fontsize=10, color=INK)
    axes.set_xlabel("first direction", fontsize=9, color=QUIET)
    axes.set_ylabel("second direction", fontsize=9, color=QUIET)
    bar = figure.colorbar(filled, ax=axes, shrink=0.8, format="%.2g")
    bar.ax.tick_params(labelsize=8.5, labelcolor=QUIET, color=QUIET, length=3)
    bar.outline.set_visible(False)
    figure.set_label(
        f"Loss in a plane of two random directions: {centre:.3g} at the weights, from "
        f"{np.nanmin(values):.3g} to {np.nanmax(values):.3g} within {radius:g} filter lengths."
    )
    return figure


def filter_normalised(
    weights: Sequence[Array], rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """Return a random direction whose filters are as long as those of the weights.

    Arrays of one axis, such as biases, get the direction 0.

    >>> kernel = np.array([[3.0, 0.0], [4.0, 2.0]])
    >>> kernels, bias = filter_normalised([kernel, np.ones(2)], np.random.default_rng(0))
    >>> np.linalg.norm(kernels, axis=0).round(6).tolist(), bias.tolist()
    ([5.0, 2.0], [0.0, 0.0])
    """
    directions = []
    for w in weights:
        random = rng.normal(size=w.shape)
        if w.ndim < 2:
            directions.append(np.zeros(w.shape))
            continue
        axes = tuple(range(w.ndim - 1))
        length = np.sqrt((random**2).sum(axis=axes))
        directions.append(random * np.sqrt((w**2).sum(axis=axes)) / length)
    return directions


def _minus(a: Sequence[Array], b: Sequence[Array]) -> list[Array]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _at(
    loss: Callable[..., float], weights: Sequence[Array], *steps: tuple[float, Sequence[Array]]
) -> float:
    """The loss after a number of steps from weights, each a factor and a direction."""
    moved = [w + sum(t * d[i] for t, d in steps) for i, w in enumerate(weights)]
    value = float(loss([np.asarray(w, np.float32) for w in moved]))
    if not np.isfinite(value):
        raise InputError(f"loss: {value} near the weights; choose a smaller radius")
    return value


def _levels(values: Array) -> Array:
    """Levels of contours: evenly spaced ranks, as the loss rises steeply at the edge."""
    low, high = float(values.min()), float(values.max())
    levels = np.unique(np.quantile(values, np.linspace(0, 1, 13)))
    return levels if high > low and len(levels) > 1 else np.array([low, low + 1.0])
