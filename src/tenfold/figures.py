"""Pictures of data, training and predictions.

Every function returns a matplotlib Figure made without pyplot: no window, no backend, no figure
left open, and the reader's own matplotlib settings stay as they are.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from math import ceil, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.errors import InputError
from tenfold.files import atomic_write
from tenfold.scores import top_k

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

Array = npt.NDArray[Any]

# Okabe and Ito's colours, told apart with every kind of colour blindness (jfly.uni-koeln.de, 2008).
BLUE, VERMILLION = "#0072B2", "#D55E00"
INK, QUIET, RULE = "#222222", "#6B6B6B", "#E4E4E4"

DPI = 200
GALLERY_LIMIT = 1000
_SUFFIXES = {".png": "png", ".svg": "svg"}
_LARGEST_SIDE = 2**16 - 1  # pixels, the limit of matplotlib's renderer
_TITLE_POINTS = 8.0
_TITLE_LETTER = 0.66 * _TITLE_POINTS * DPI / 72  # pixels, the width of a bold letter
_TITLE_LINE = ceil(1.35 * _TITLE_POINTS * DPI / 72)


def gallery(
    images: npt.ArrayLike,
    titles: Sequence[object] | None = None,
    columns: int = 10,
    title_colors: Sequence[str] | None = None,
) -> Figure:
    """Show images in rows, each pixel as a square of its own, with a title above each.

    images: [n, height, width] or one image [height, width], uint8 or floats in [0, 1]. They are
    shown as stored, 0 black and the maximum white, so that inverted data look inverted.
    titles and title_colors: one for each image; a title may have several lines.

    Raises InputError for anything else, for no images and for more than 1000.

    >>> figure = gallery(np.zeros((3, 28, 28), np.uint8), titles=[5, 0, 4])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5', '0', '4']
    """
    pixels = _images(images)
    n = len(pixels)
    figure = _tiles(
        pixels,
        _per_image("titles", titles, n),
        columns,
        colors=_per_image("title_colors", title_colors, n),
    )
    figure.set_label(_count(n, "image"))
    return figure


def predictions(
    images: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    columns: int = 5,
) -> Figure:
    """Show images with the predicted class and its probability, and below these the label.

    A wrong prediction is marked by a cross, a frame, bold type and colour.

    images: [n, height, width]; probabilities: [n, classes]; labels: integers [n].
    class_names: one for each class, "0", "1", "2", ... if not given.
    Raises InputError for arrays that do not fit one another.

    >>> figure = predictions(np.zeros((1, 28, 28)), [[0.1, 0.9]], labels=[0])
    >>> print(figure.axes[0].texts[0].get_text())
    ✗ 1  90.0 %
    label 0
    """
    pixels = _images(images)
    winners, chances = top_k(probabilities, 1)
    classes = np.shape(probabilities)[1]
    if len(winners) != len(pixels):
        raise InputError(f"probabilities has {len(winners)} rows for {len(pixels)} images")
    names = _names(class_names, classes)
    predicted, confidence = winners[:, 0], chances[:, 0]
    titles = [f"{names[k]}  {_confidence(p)}" for k, p in zip(predicted, confidence, strict=True)]
    wrong = np.zeros(len(pixels), dtype=bool)
    if labels is not None:
        truth = _labels(labels, len(pixels), len(names))
        wrong = predicted != truth
        titles = [
            f"{'✗ ' if miss else ''}{title}\nlabel {names[label]}"
            for title, label, miss in zip(titles, truth, wrong, strict=True)
        ]
    figure = _tiles(pixels, titles, columns, framed=wrong)
    known = "" if labels is None else f", {wrong.sum()} wrong"
    figure.set_label(f"Predictions for {_count(len(pixels), 'image')}{known}")
    return figure


def learning_curves(history: DataFrame, title: str | None = None) -> Figure:
    """Draw loss and accuracy after each epoch, train against validation.

    history: one row an epoch and seed, with the columns epoch, seed, loss, accuracy and, where
    there was validation, val_loss and val_accuracy. Of several seeds each has a thin line, and
    their mean a thick one in a band of ± one standard deviation (n - 1).

    Where seeds stopped at different epochs the mean is that of those still in training.

    Raises InputError for a history without rows, without one of the first four columns, or with
    two rows for one epoch and seed.

    >>> import pandas
    >>> figure = learning_curves(pandas.DataFrame(
    ...     {"epoch": [1, 2], "seed": [0, 0], "loss": [0.3, 0.1], "accuracy": [0.91, 0.97]}))
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['Loss', 'Accuracy']
    """
    missing = [name for name in ("epoch", "seed", "loss", "accuracy") if name not in history]
    if missing:
        raise InputError(
            f"history lacks the column {missing[0]!r}, it has {', '.join(map(str, history))}"
        )
    if history.empty:
        raise InputError("history has no rows: nothing was trained")
    if history.duplicated(["epoch", "seed"]).any():
        raise InputError("history has more than one row for the same epoch and seed")
    figure = _figure(8.6, 3.5 if title is None else 3.8)
    left, right = figure.subplots(1, 2)
    ends = [_curves(left, history, "loss"), _curves(right, history, "accuracy")]
    if title is not None:
        figure.suptitle(title, x=0.012, ha="left", fontsize=11, color=INK, weight="bold")
    seeds = history.groupby("epoch")["seed"].size()
    if seeds.max() > 1:
        fewest = "" if seeds.min() == seeds.max() else f"{seeds.min()} to "
        figure.supxlabel(
            f"thick: mean of {fewest}{seeds.max()} seeds; band: ± 1 standard deviation; "
            "thin: single seeds",
            x=0.012,
            ha="left",
            fontsize=7.5,
            color=QUIET,
        )
    epochs = _count(int(history["epoch"].nunique()), "epoch")
    figure.set_label(f"Learning curves over {epochs}. {' '.join(ends)}")
    return figure


def confusion_matrix(counts: npt.ArrayLike, class_names: Sequence[str] | None = None) -> Figure:
    """Draw a confusion matrix with the count of images in every cell.

    counts: integers [classes, classes], true class down, predicted class across. Right
    predictions, on the diagonal, are pale blue; wrong ones take a scale of their own, from white
    to the deepest orange for the most frequent confusion. Empty cells stay empty.

    Raises InputError unless counts is square and not negative, and has a name for each class.

    >>> figure = confusion_matrix([[5, 1], [0, 4]], ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5', '1', '4']
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise InputError(f"counts must have the shape [classes, classes], got {table.shape}")
    if table.dtype.kind not in "iu" or (table < 0).any():
        raise InputError(f"counts must be integers from 0 up, got {table.dtype}")
    names = _names(class_names, len(table))
    roomy = len(table) <= 20
    side = max(2.4, (0.46 if roomy else 0.36) * len(table))
    margin = 0.9 + 0.06 * max(map(len, names))
    figure = _figure(side + margin, side + margin + 0.15)
    axes = figure.subplots()
    axes.imshow(_confusion_shades(table), interpolation="nearest")
    for true, predicted in zip(*table.nonzero(), strict=True):
        count = str(table[true, predicted])
        axes.text(
            predicted,
            true,
            count,
            ha="center",
            va="center",
            fontsize=(8.5 if roomy else 6.0) - 1.5 * (len(count) > 4),
            color=INK,
        ).set_in_layout(False)
    _confusion_axes(axes, names)
    total, wrong = int(table.sum()), int(table.sum() - np.trace(table))
    axes.set_title(
        f"{wrong:,} of {total:,} images wrong", loc="left", fontsize=10, color=INK, pad=8
    )
    figure.set_label(f"Confusion matrix of {len(table)} classes: {axes.get_title(loc='left')}")
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure to a PNG or SVG file, as the suffix says: the whole file, or nothing.

    The same figure gives the same bytes. Raises InputError for any other suffix.
    """
    kind = _SUFFIXES.get(Path(path).suffix.lower())
    if kind is None:
        raise InputError(f"a picture's name ends in .png or .svg, got {str(path)!r}")
    content = _render(figure, kind)
    with atomic_write(Path(path), "wb") as file:
        file.write(content)


def to_png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file, 200 pixels to the inch.

    >>> to_png(gallery(np.zeros((28, 28), np.uint8)))[:4]
    b'\\x89PNG'
    """
    return _render(figure, "png")


def to_html(figure: Figure, alt: str | None = None) -> str:
    """Return a figure as an HTML img tag that holds its PNG, for notebooks and reports.

    `alt` is the text for those who cannot see it; without one, the figure's own label is used.

    >>> to_html(gallery(np.zeros((28, 28), np.uint8)))[:33]
    '<img alt="1 image" width="148" sr'
    """
    png = _render(figure, "png")
    text = html.escape(alt if alt is not None else str(figure.get_label()), quote=True)
    width = round(figure.get_figwidth() * DPI / 2)  # two device pixels to each CSS pixel
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<img alt="{text}" width="{width}" src="data:image/png;base64,{source}" '
        'style="max-width: 100%; height: auto">'
    )


def _render(figure: Figure, kind: str) -> bytes:
    import matplotlib as mpl

    label = str(figure.get_label())
    # Neither clock nor version in the file, and no random ids in SVG: same figure, same bytes.
    metadata = {
        "png": {"Software": None, "Description": label},
        "svg": {"Date": None, "Creator": None, "Title": label},
    }[kind]
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "tenfold"}):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure((width, height), dpi=DPI, facecolor="white", layout="constrained")


def _tiles(
    images: Array,
    titles: Sequence[object] | None,
    columns: int,
    colors: Sequence[str] | None = None,
    framed: Array | None = None,
) -> Figure:
    """Lay out images [n, height, width] on one pair of axes whose unit is the output pixel."""
    from matplotlib.figure import Figure

    if columns < 1:
        raise InputError(f"columns must be at least 1, got {columns}")
    n, height, width = images.shape
    columns = min(columns, n)
    lines = [] if titles is None else [str(title) for title in titles]
    longest = max((len(line) for title in lines for line in title.split("\n")), default=0)
    scale = _tile_scale(width, columns, longest)
    band = _TITLE_LINE * max((title.count("\n") + 1 for title in lines), default=0)
    gap = 20 if lines else 8
    cell = max(scale * width, ceil(_TITLE_LETTER * longest))
    step_x, step_y = cell + gap, scale * height + band + gap
    across, down = columns * step_x + gap, ceil(n / columns) * step_y + gap
    if max(across, down) > _LARGEST_SIDE:
        raise InputError(
            f"{n} images in {columns} columns need {across} x {down} pixels, at most "
            f"{_LARGEST_SIDE} a side can be drawn; choose other columns or fewer images"
        )

    figure = Figure((across / DPI, down / DPI), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for i, image in enumerate(images):
        x = gap + i % columns * step_x + (cell - scale * width) // 2
        y = gap + i // columns * step_y + band
        right, bottom = x + scale * width, y + scale * height
        axes.imshow(
            image[..., None].repeat(3, axis=2),  # RGB is drawn as it is; a colormap rounds
            interpolation="nearest",
            extent=(x, right, bottom, y),
        )
        marked = framed is not None and bool(framed[i])
        if lines:
            axes.text(
                (x + right) / 2,
                y - 0.4 * _TITLE_LINE,
                lines[i],
                ha="center",
                va="baseline",
                fontsize=_TITLE_POINTS,
                linespacing=1.15,
                color=VERMILLION if marked else colors[i] if colors else INK,
                weight="bold" if marked else "normal",
            )
        if marked:
            _frame(axes, x, y, right, bottom)
    axes.set(xlim=(0, across), ylim=(down, 0), aspect="auto")
    return figure


def _tile_scale(width: int, columns: int, longest: int) -> int:
    """Return output pixels per image pixel: larger for few images and for long titles."""
    wanted = max(_TITLE_LETTER * longest, 1200 / columns, 112)
    return max(1, ceil(min(wanted, 280) / width))


def _frame(axes: Axes, left: float, top: float, right: float, bottom: float) -> None:
    from matplotlib.patches import Rectangle

    thick = 1.6
    out = thick * DPI / 72 / 2
    axes.add_patch(
        Rectangle(
            (left - out, top - out),
            right - left + 2 * out,
            bottom - top + 2 * out,
            fill=False,
            edgecolor=VERMILLION,
            linewidth=thick,
        )
    )


def _curves(axes: Axes, history: DataFrame, column: str) -> str:
    """Draw one measure, train and validation where there is any, and say where it ends."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    _plain_axes(axes, column.capitalize())
    percent = column == "accuracy"
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
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], min_n_ticks=3))
    if percent:
        ticks = axes.get_yticks()
        decimals = max(0, ceil(-log10(100 * (ticks[1] - ticks[0])) - 1e-6))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals, symbol=" %"))
    if not ends:
        axes.text(
            0.5,
            0.5,
            "diverged: no finite value",
            transform=axes.transAxes,
            ha="center",
            color=QUIET,
        )
    _label_ends(axes, ends)
    described = ", ".join(f"{name} {text}" for _, name, text, _ in ends) or "no finite value"
    return f"{column.capitalize()}: {described}."


def _curve(axes: Axes, history: DataFrame, column: str, color: str) -> tuple[float, float] | None:
    """Draw a column over epochs, and return the last finite point of its mean."""
    table = history.pivot(index="epoch", columns="seed", values=column).astype(float)
    table = table.where(np.isfinite(table))
    epochs = table.index.to_numpy(float)
    # A seed that stopped has no row and drops out of the mean; one that diverged ends it.
    rows = history.groupby("epoch")["seed"].size().to_numpy()
    whole = table.notna().sum(axis=1).to_numpy() == rows
    if not whole.any():
        return None
    mean = table.mean(axis=1).where(whole).to_numpy(float)
    if table.shape[1] > 1:
        spread = table.std(axis=1, ddof=1).where(whole).fillna(0).to_numpy(float)
        axes.fill_between(
            epochs, mean - spread, mean + spread, color=color, alpha=0.16, linewidth=0
        )
        dot = "." if len(epochs) == 1 else ""
        axes.plot(epochs, table.to_numpy(), color=color, linewidth=0.6, alpha=0.4, marker=dot)
    marker = "o" if len(epochs) <= 12 else ""
    axes.plot(epochs, mean, color=color, linewidth=1.8, marker=marker, markersize=3.5)
    last = np.flatnonzero(whole)[-1]
    return float(epochs[last]), float(mean[last])


def _end_text(epoch: float, value: float, history: DataFrame, column: str) -> str:
    """Write the last value of a curve, or that it ended before the training did."""
    later = history["epoch"][history["epoch"] > epoch]
    if later.empty:
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


def _plain_axes(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_facecolor("white")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(QUIET)
    axes.tick_params(labelsize=8.5, labelcolor=QUIET, color=QUIET, length=3)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def _confusion_shades(table: Array) -> Array:
    """Return a colour for each cell: RGB in [0, 1], [classes, classes, 3]."""
    from matplotlib.colors import to_rgb

    off = table * ~np.eye(len(table), dtype=bool)
    # The square root keeps rare confusions visible beside the most frequent one.
    # The deepest orange leaves dark figures a contrast of 4.5 (WCAG 2.2, level AA).
    depth = 0.85 * np.sqrt(off / max(1, off.max()))[..., None]
    shades = 1 - depth * (1 - np.array(to_rgb(VERMILLION)))
    shades[np.eye(len(table), dtype=bool)] = 1 - 0.16 * (1 - np.array(to_rgb(BLUE)))
    return np.asarray(shades)


def _confusion_axes(axes: Axes, names: list[str]) -> None:
    turned = max(map(len, names)) > 3
    axes.set_xticks(range(len(names)), names, rotation=45 if turned else 0, ha="center")
    if turned:
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=8.5, labelcolor=INK, length=0)
    axes.set_xlabel("predicted", fontsize=9.5, color=QUIET)
    axes.set_ylabel("true", fontsize=9.5, color=QUIET)
    edges = np.arange(len(names) - 1) + 0.5
    axes.hlines(edges, -0.5, len(names) - 0.5, color=RULE, linewidth=0.8)
    axes.vlines(edges, -0.5, len(names) - 0.5, color=RULE, linewidth=0.8)
    for spine in axes.spines.values():
        spine.set_color(RULE)


def _images(images: npt.ArrayLike) -> Array:
    """Return images as uint8 [n, height, width]."""
    try:
        array = np.asarray(images)
    except ValueError:
        raise InputError("images must have one size, [n, height, width]") from None
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim != 3 or 0 in array.shape[1:]:
        raise InputError(f"images must have the shape [n, height, width], got {array.shape}")
    if not 1 <= len(array) <= GALLERY_LIMIT:
        raise InputError(f"a picture shows 1 to {GALLERY_LIMIT} images, got {len(array)}")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise InputError(f"images must be uint8 or floats in [0, 1], got {array.dtype}")
    if array.dtype.kind == "f" and not ((array >= 0) & (array <= 1)).all():
        raise InputError(f"float images must lie in [0, 1], got {array.min()} to {array.max()}")
    return array if array.dtype == np.uint8 else np.rint(255 * array).astype(np.uint8)


def _labels(labels: npt.ArrayLike, n: int, classes: int) -> Array:
    array = np.asarray(labels)
    if array.shape != (n,) or array.dtype.kind not in "iu":
        raise InputError(
            f"labels must be {n} integers, one for each image, got {array.dtype} {array.shape}"
        )
    if array.min() < 0 or array.max() >= classes:
        raise InputError(
            f"labels must be from 0 to {classes - 1}, got {array.min()} to {array.max()}"
        )
    return array


def _names(class_names: Sequence[str] | None, classes: int) -> list[str]:
    names = [str(name) for name in (range(classes) if class_names is None else class_names)]
    if len(names) != classes:
        raise InputError(f"class_names must name {classes} classes, got {len(names)}")
    return names


def _per_image(name: str, values: Sequence[Any] | None, n: int) -> Sequence[Any] | None:
    if values is not None and len(values) != n:
        raise InputError(f"{name} has {len(values)} entries for {n} images")
    return values


def _confidence(probability: float) -> str:
    """Write a probability in percent, never rounded up to a certainty.

    >>> _confidence(0.987), _confidence(0.99999)
    ('98.7 %', '> 99.9 %')
    """
    return "> 99.9 %" if 0.9995 <= probability < 1 else f"{100 * probability:.1f} %"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
