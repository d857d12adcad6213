"""Galleries of images, of predictions, and of weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.image_shape import CHANNELS
from tenfold.figures.common import BLUE, DPI, INK, VERMILLION, Array, count, names_of_classes
from tenfold.figures.tiles import TITLE_POINTS, draw_tiles
from tenfold.metrics import top_k

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GALLERY_LIMIT = 1000
WEIGHTS_LIMIT = 64
_FOOT = 60  # pixels for the colour bar below weights


def gallery(
    images: npt.ArrayLike,
    titles: Sequence[object] | None = None,
    columns: int = 10,
    title_colors: Sequence[str] | None = None,
) -> Figure:
    """Show images in rows, each pixel as a square, with a title above each image.

    Images are shown as stored, 0 black and the maximum white, so that inverted data look inverted.

    Args:
        images: ``[n, height, width]`` or ``[height, width]``, uint8 or floats in [0, 1]; coloured
            ones ``[n, height, width, 3]``.
        titles: one per image; a title may have several lines.
        columns: images per row.
        title_colors: one per image.

    Raises:
        InputError: the images have another type or shape, or are none or more than 1000.

    >>> figure = gallery(np.zeros((3, 28, 28), np.uint8), titles=[5, 0, 4])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5', '0', '4']
    """
    pixels = _images(images)
    n = len(pixels)
    figure = draw_tiles(
        _rgb(pixels),
        _per_image("titles", titles, n),
        columns,
        colors=_per_image("title_colors", title_colors, n),
    )
    figure.set_label(count(n, "image"))
    return figure


def predictions(
    images: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    columns: int = 5,
) -> Figure:
    """Show images with the predicted class, its probability, and the label.

    A wrong prediction has a cross, a frame, bold type and another colour.

    Args:
        images: ``[n, height, width]`` or ``[n, height, width, 3]``.
        probabilities: ``[n, classes]``.
        labels: integers ``[n]``.
        class_names: one per class, by default "0", "1", "2", ...
        columns: images per row.

    Raises:
        InputError: the shapes do not match.

    >>> figure = predictions(np.zeros((1, 28, 28)), [[0.1, 0.9]], labels=[0])
    >>> print(figure.axes[0].texts[0].get_text())
    ✗ 1  90.0 %
    label 0
    """
    pixels = _images(images)
    top, highest = top_k(probabilities, 1)
    classes = np.shape(probabilities)[1]
    if len(top) != len(pixels):
        raise InputError(f"probabilities has {len(top)} rows for {len(pixels)} images")
    names = names_of_classes(class_names, classes)
    predicted, confidence = top[:, 0], highest[:, 0]
    titles = [
        f"{names[k]}  {format_confidence(p)}" for k, p in zip(predicted, confidence, strict=True)
    ]
    wrong = np.zeros(len(pixels), dtype=bool)
    if labels is not None:
        true = _labels(labels, len(pixels), len(names))
        wrong = predicted != true
        titles = [
            f"{'✗ ' if miss else ''}{title}\nlabel {names[label]}"
            for title, label, miss in zip(titles, true, wrong, strict=True)
        ]
    figure = draw_tiles(_rgb(pixels), titles, columns, framed=wrong)
    errors = "" if labels is None else f", {wrong.sum()} wrong"
    figure.set_label(f"Predictions for {count(len(pixels), 'image')}{errors}")
    return figure


def weights(
    weights: npt.ArrayLike, columns: int = 16, titles: Sequence[object] | None = None
) -> Figure:
    """Show the weights of the first layer as images, one per unit or filter.

    The first 64 are shown. White is 0, blue negative, vermillion positive; the largest magnitude
    shown has the full colour.

    Args:
        weights: floats ``[n, height, width]``, from each pixel to a unit, or of each filter.
        columns: images per row.
        titles: one per unit or filter.

    Raises:
        InputError: another shape, no weights, or weights that are not finite.

    >>> weights(np.full((512, 28, 28), -0.25)).get_label()
    'Weights, 64 of 512, colours from -0.25 to 0.25'
    """
    array = _signed(weights)
    n = len(array)
    titles = _per_image("titles", titles, n)
    shown = array[:WEIGHTS_LIMIT]
    largest = float(np.abs(shown).max())
    figure = draw_tiles(
        _diverging(shown / (largest or 1.0)), titles and titles[:WEIGHTS_LIMIT], columns, foot=_FOOT
    )
    _draw_scale(figure.axes[0], f"{largest:.2g}")
    part = f"{len(shown)} of {n}" if n > len(shown) else f"{n}"
    figure.set_label(f"Weights, {part}, colours from -{largest:.2g} to {largest:.2g}")
    return figure


def _rgb(pixels: Array) -> Array:
    """Return grey or coloured images as RGB [n, height, width, 3]."""
    return pixels if pixels.ndim == 4 else pixels[..., None].repeat(3, axis=3)


def _images(images: npt.ArrayLike) -> Array:
    """Return images as uint8 [n, height, width] or [n, height, width, 3]."""
    try:
        array = np.asarray(images)
    except ValueError:
        raise InputError("images must have one size, [n, height, width]") from None
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if not (array.ndim == 3 or array.shape[3:] == (CHANNELS,)) or 0 in array.shape[1:]:
        raise InputError(
            f"images must have the shape [n, height, width] or [n, height, width, 3], got "
            f"{array.shape}"
        )
    if not 1 <= len(array) <= GALLERY_LIMIT:
        raise InputError(f"a picture shows 1 to {GALLERY_LIMIT} images, got {len(array)}")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise InputError(f"images must be uint8 or floats in [0, 1], got {array.dtype}")
    if array.dtype.kind == "f" and not ((array >= 0) & (array <= 1)).all():
        raise InputError(f"float images must lie in [0, 1], got {array.min()} to {array.max()}")
    return array if array.dtype == np.uint8 else np.rint(255 * array).astype(np.uint8)


def _signed(weights: npt.ArrayLike) -> Array:
    """Return weights as float64 [n, height, width]."""
    array = np.asarray(weights)
    if array.ndim != 3 or array.size == 0:
        raise InputError(f"weights must have the shape [n, height, width], got {array.shape}")
    if array.dtype.kind != "f":
        raise InputError(f"weights must be floats, got {array.dtype}")
    if not np.isfinite(array).all():
        raise InputError("weights must be finite, got nan or inf")
    return array.astype(np.float64)


def _diverging(values: Array) -> Array:
    """Map values in [-1, 1] to colours: uint8 RGB in a further axis."""
    from matplotlib.colors import to_rgb

    full = np.where(values[..., None] < 0, to_rgb(BLUE), to_rgb(VERMILLION))
    colors = 255 * (1 - np.abs(values)[..., None] * (1 - full))
    return np.asarray(np.rint(colors), np.uint8)


def _draw_scale(axes: Axes, largest: str) -> None:
    """Draw a colour bar below the weights."""
    bottom, _ = axes.get_ylim()
    left, thick = 20 + 0.62 * TITLE_POINTS * DPI / 72 * (len(largest) + 2), 16
    long = min(240, axes.get_xlim()[1] - 2 * left)
    middle = bottom - _FOOT / 2
    ramp = _diverging(np.linspace(-1, 1, 2 * 60 + 1)[None])
    axes.imshow(
        ramp,
        interpolation="none",
        extent=(left, left + long, middle + thick / 2, middle - thick / 2),
    )
    for x, text, side in (
        (left - 12, f"\N{MINUS SIGN}{largest}", "right"),
        (left + long + 12, f"+{largest}", "left"),
    ):
        axes.text(x, middle, text, ha=side, va="center", fontsize=TITLE_POINTS, color=INK)


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


def _per_image(name: str, values: Sequence[Any] | None, n: int) -> Sequence[Any] | None:
    if values is not None and len(values) != n:
        raise InputError(f"{name} has {len(values)} entries for {n} images")
    return values


def format_confidence(probability: float) -> str:
    """Format a probability in percent without rounding it to 100.

    >>> format_confidence(0.987), format_confidence(0.99999)
    ('98.7 %', '> 99.9 %')
    """
    return "> 99.9 %" if 0.9995 <= probability < 1 else f"{100 * probability:.1f} %"
