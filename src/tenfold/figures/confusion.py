"""Confusion matrices."""

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
    RULE,
    VERMILLION,
    Array,
    names_of_classes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# At the highest opacity ink keeps a contrast of 4.5 (WCAG 2.2, level AA), on a dark page too.
_DIAGONAL, _HIGHEST = 0.16, 0.55
_FEW = 20  # classes, at most, for large cells and digits
_MANY = 100  # classes, from which cells shrink and lose their counts and names


def confusion_matrix(
    counts: npt.ArrayLike, class_names: Sequence[str] | None = None, name: str = ""
) -> Figure:
    """Draw a confusion matrix with the count of images in every cell.

    Hits on the diagonal are pale blue; other cells are shaded from white to orange for the most
    frequent confusion. Empty cells stay empty.

    Args:
        counts: integers ``[true class, predicted class]``.
        class_names: one per class, by default "0", "1", "2", ...
        name: of the network and its images, for the title.

    Raises:
        InputError: counts is not square, negative, or has another number of names.

    >>> figure = confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5', '1', '4']
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise InputError(f"counts must have the shape [classes, classes], got {table.shape}")
    if table.dtype.kind not in "iu" or (table < 0).any():
        raise InputError(f"counts must be integers from 0 up, got {table.dtype}")
    names = names_of_classes(class_names, len(table))
    side = max(2.4, (0.46 if len(table) <= _FEW else 0.36) * min(len(table), _MANY))
    margin = 0.9 + 0.06 * max(map(len, names))
    figure = new_figure(side + margin, side + margin + 0.15)
    axes = figure.subplots()
    _shade(axes, table)
    _confusion_axes(axes, names)
    if len(table) <= _MANY:
        _write_counts(axes, table)
    total, wrong = int(table.sum()), int(table.sum() - np.trace(table))
    title = f"{name}{': ' * bool(name)}{wrong:,} of {total:,} images wrong"
    axes.set_title(title, loc="left", fontsize=10, color=INK, pad=8)
    figure.set_label(f"Confusion matrix of {len(table)} classes: {title}")
    return figure


def _shade(axes: Axes, table: Array) -> None:
    """Colour the diagonal and the nonempty other cells by opacity, for any background."""
    from matplotlib.collections import PolyCollection

    diagonal = np.eye(len(table), dtype=bool)
    wrong = np.where(diagonal, 0, table)
    # The square root keeps rare confusions visible next to the most frequent one.
    hits = diagonal & (table > 0)
    opacity = np.where(hits, _DIAGONAL, _HIGHEST * np.sqrt(wrong / max(1, wrong.max())))
    # Drawn cell by cell: an image of the same cells takes seconds to resample for 47 classes.
    cells = np.argwhere(opacity > 0)
    if not len(cells):  # Matplotlib refuses to draw no cells
        return
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    colors = [BLUE if true == predicted else VERMILLION for true, predicted in cells]
    squares = PolyCollection(
        cells[:, None, ::-1] + corners, alpha=opacity[opacity > 0], linewidth=0, zorder=0
    )
    squares.set_facecolor(colors)
    axes.add_collection(squares)


def _write_counts(axes: Axes, table: Array) -> None:
    size = 8.5 if len(table) <= _FEW else 6.0
    for true, predicted in zip(*table.nonzero(), strict=True):
        count = str(table[true, predicted])
        text = axes.text(predicted, true, count, ha="center", va="center", color=INK)
        text.set_fontsize(size - 1.5 * (len(count) > 4))
        text.set_in_layout(False)


def _confusion_axes(axes: Axes, names: list[str]) -> None:
    rotated = max(map(len, names)) > 3
    shown = range(0, len(names), -(-len(names) // _MANY))
    labels = [names[i] for i in shown]
    axes.set_xticks(shown, labels, rotation=45 if rotated else 0, ha="center")
    if rotated:
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(shown, labels)
    axes.set_aspect("equal")
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    axes.tick_params(labelsize=8.5, labelcolor=INK, length=0)
    axes.set_xlabel("predicted", fontsize=9.5, color=QUIET)
    axes.set_ylabel("true", fontsize=9.5, color=QUIET)
    edges = np.arange(len(names) - 1 if len(names) <= _MANY else 0) + 0.5
    axes.hlines(edges, -0.5, len(names) - 0.5, color=RULE, linewidth=0.8)
    axes.vlines(edges, -0.5, len(names) - 0.5, color=RULE, linewidth=0.8)
    for spine in axes.spines.values():
        spine.set_color(RULE)
