"""What the layers of a network make of one image."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.figures.common import (
    BLUE,
    DPI,
    INK,
    QUIET,
    RULE,
    TIMES,
    VERMILLION,
    Array,
    names_of_classes,
)
from tenfold.figures.images import format_confidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHANNELS_LIMIT, UNITS_LIMIT, CLASSES_LIMIT = 12, 512, 10
_WIDTH, _TITLE, _SPACE, _TOP = 7.2, 0.24, 0.14, 1.7  # inches
_UNITS_A_ROW = 64


def activations(
    image: npt.ArrayLike,
    layers: Sequence[tuple[str, npt.ArrayLike]],
    probabilities: npt.ArrayLike,
    class_names: Sequence[str] | None = None,
    evidence: npt.ArrayLike | None = None,
) -> Figure:
    """Draw an image, the output of each layer for it, and the answer.

    Each channel of a convolution is a picture; each unit of a dense layer is a square. No colour
    is 0, blue negative, vermillion positive; the largest magnitude of a layer has the full colour.
    Of more than 12 channels or 512 units, the strongest are drawn.

    Args:
        image: uint8 ``[height, width]`` or ``[height, width, 3]``.
        layers: name and output of each, ``[units]``, ``[steps, features]`` or
            ``[height, width, channels]``.
        probabilities: of the classes, ``[classes]``.
        class_names: one per class, by default "0", "1", "2", ...
        evidence: where in the image it lies, ``[height, width]`` in [-1, 1], as occlusion maps are.

    Raises:
        InputError: the shapes do not match, or a value is not finite.

    >>> figure = activations(np.zeros((28, 28), np.uint8), [("dense", [0.0, 2.0])], [0.1, 0.9])
    >>> figure.get_label()
    'dense: 2 units; answer 1, 90.0 %'
    """
    from matplotlib.figure import Figure

    pixels, answer = np.asarray(image), np.asarray(probabilities, np.float64)
    _check(pixels, answer, evidence)
    names = names_of_classes(class_names, len(answer))
    drawn = [_Layer(name, np.asarray(values, np.float64)) for name, values in layers]
    height = _TOP + sum(_TITLE + layer.height + _SPACE for layer in drawn)
    figure = Figure((_WIDTH, height), dpi=DPI, facecolor="white")

    def place(left: float, top: float, wide: float, tall: float) -> Axes:
        return figure.add_axes(
            (left / _WIDTH, 1 - (top + tall) / height, wide / _WIDTH, tall / height)
        )

    _draw_image(place(0.05, 0.3, 1.2, 1.2), pixels, "Image")
    if evidence is not None:
        _draw_image(place(1.55, 0.3, 1.2, 1.2), pixels, "Evidence", np.asarray(evidence))
    _draw_answer(place(3.9, 0.3, 2.7, 1.2), answer, names)
    top = _TOP
    for layer in drawn:
        layer.draw(place(0.05, top + _TITLE, layer.width, layer.height))
        top += _TITLE + layer.height + _SPACE
    best = int(answer.argmax())
    figure.set_label(
        f"{'; '.join(layer.title for layer in drawn)}; answer {names[best]}, "
        f"{format_confidence(answer[best])}".removeprefix("; ")
    )
    return figure


def _check(pixels: Array, answer: Array, evidence: npt.ArrayLike | None) -> None:
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or pixels.shape[2:] == (3,)):
        raise InputError(
            f"image: {pixels.dtype} {list(pixels.shape)}; give uint8 [height, width] or "
            "[height, width, 3]"
        )
    if answer.ndim != 1 or len(answer) < 2 or not ((answer >= 0) & (answer <= 1)).all():
        raise InputError(f"probabilities: shape {list(answer.shape)}; give [classes], from 0 to 1")
    if evidence is not None and np.shape(evidence) != pixels.shape[:2]:
        raise InputError(
            f"evidence: shape {list(np.shape(evidence))}; the image has {list(pixels.shape[:2])}"
        )


class _Layer:
    """A layer as tiles in rows: channels as pictures, or units as squares."""

    def __init__(self, name: str, values: Array) -> None:
        if values.ndim not in (1, 2, 3) or values.size == 0:
            raise InputError(f"{name}: shape {list(values.shape)}; give 1 to 3 axes")
        if not np.isfinite(values).all():
            raise InputError(f"{name}: its output is not finite")
        self.largest = float(np.abs(values).max())
        tiles = np.moveaxis(values, -1, 0) if values.ndim == 3 else values[None]
        noun, n, limit = "channels", len(tiles), CHANNELS_LIMIT
        if values.ndim == 1:
            tiles = values[:, None, None]
            noun, n, limit = "units", len(values), UNITS_LIMIT
        self.title = f"{name}: {TIMES.join(map(str, values.shape))}"
        self.title += "" if values.ndim > 1 else " units"
        if n > limit:
            strength = np.abs(tiles).max(axis=(1, 2))
            tiles = tiles[np.sort(np.argsort(-strength, kind="stable")[:limit])]
            self.title += f", the {limit} strongest {noun}"
        self.tiles: Array = tiles / (self.largest or 1.0)
        self.columns: int = min(len(tiles), _UNITS_A_ROW if values.ndim == 1 else CHANNELS_LIMIT)
        smallest = _UNITS_A_ROW if values.ndim == 1 else CHANNELS_LIMIT
        self.cell: float = (_WIDTH - 0.1) / smallest
        rows, columns = (int(side) for side in self.tiles.shape[1:])
        longer = max(rows, columns)
        self.shape = self.cell * rows / longer, self.cell * columns / longer

    @property
    def height(self) -> float:
        return self.shape[0] * ceil(len(self.tiles) / self.columns)

    @property
    def width(self) -> float:
        return self.shape[1] * self.columns

    def draw(self, axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        tall, wide = self.shape
        margin = 0.06 * self.cell
        for i, tile in enumerate(self.tiles):
            row, column = divmod(i, self.columns)
            left, top = column * wide, row * tall
            box = (left, left + wide - margin, top + tall - margin, top)
            if tile.size > 1:
                axes.imshow(_colours(tile), interpolation="none", extent=box)
            face = tuple(_colours(tile)[0, 0] / 255) if tile.size == 1 else "none"
            size = (wide - margin, tall - margin)
            frame = Rectangle((left, top), *size, facecolor=face, edgecolor=RULE, linewidth=0.5)
            frame.set_clip_on(False)
            axes.add_patch(frame)
        axes.set(xlim=(0, self.width), ylim=(self.height, 0), aspect="auto")
        axes.set_axis_off()
        axes.set_title(self.title, loc="left", fontsize=8.5, color=INK, pad=3)
        axes.text(
            (_WIDTH - 0.1),
            -0.06,
            f"colours from \N{MINUS SIGN}{self.largest:.2g} to {self.largest:.2g}",
            fontsize=7,
            color=QUIET,
            ha="right",
        )


def _colours(values: Array) -> Array:
    """Map values in [-1, 1] to RGBA: uint8 in a further axis; the magnitude is the opacity."""
    from matplotlib.colors import to_rgb

    hue = np.where(values[..., None] < 0, to_rgb(BLUE), to_rgb(VERMILLION))
    rgba = np.concatenate([hue, np.abs(values)[..., None]], axis=-1)
    return np.asarray(np.rint(255 * rgba), np.uint8)


def _draw_image(axes: Axes, pixels: Array, title: str, evidence: Array | None = None) -> None:
    cmap = None if pixels.ndim == 3 else "gray"
    alpha = 1.0 if evidence is None else 0.25
    axes.imshow(pixels, cmap=cmap, vmin=0, vmax=255, interpolation="none", alpha=alpha)
    if evidence is not None:
        axes.imshow(_colours(np.clip(evidence, -1, 1)), interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(RULE)
    axes.set_title(title, loc="left", fontsize=8.5, color=INK, pad=3)


def _draw_answer(axes: Axes, answer: Array, names: list[str]) -> None:
    """Draw the probabilities as bars: of all classes, or of the ten most probable."""
    shown = np.arange(len(answer))
    if len(answer) > CLASSES_LIMIT:
        shown = np.argsort(-answer, kind="stable")[:CLASSES_LIMIT]
    best = int(answer.argmax())
    colors = [VERMILLION if k == best else QUIET for k in shown]
    axes.barh(range(len(shown)), answer[shown], color=colors, height=0.7)
    for place, k in enumerate(shown):
        if answer[k] >= 0.01:
            text = format_confidence(answer[k])
            axes.text(answer[k] + 0.02, place, text, fontsize=7, color=INK, va="center")
    axes.set_yticks(range(len(shown)), [names[k][:16] for k in shown], fontsize=7)
    axes.tick_params(labelcolor=INK, length=0)
    axes.set_xticks([])
    axes.set(xlim=(0, 1.2), ylim=(len(shown) - 0.5, -0.5), facecolor="none")
    axes.spines[:].set_visible(False)
    axes.set_title("Answer", loc="left", fontsize=8.5, color=INK, pad=3)
