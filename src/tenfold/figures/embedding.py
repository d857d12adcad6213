"""A dataset in the plane, and the mean image of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.figures.common import INK, QUIET, Array, count, names_of_classes, new_figure
from tenfold.figures.images import gallery

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of Okabe and Ito (jfly.uni-koeln.de, 2008); the letter tells classes of one colour apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")


_FEWEST = 8
_EXTRA = {"tsne": "scikit-learn", "umap": "umap-learn"}
_TITLES = {"pca": "First two principal components", "tsne": "t-SNE", "umap": "UMAP"}


def embedding(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    class_names: Sequence[str] | None = None,
    *,
    method: str = "pca",
    seed: int = 0,
) -> Figure:
    """Draw each image as the name of its class, at its place in a plane.

    Principal component analysis, ``pca``, is the linear map to the plane that keeps the most
    variance; distances mean what they seem. ``tsne`` and ``umap`` keep neighbours together;
    sizes of groups and distances between them mean nothing, and another seed gives another map.

    Args:
        features: ``[n, ...]`` with at least 2 numbers each, such as pixels or activations.
        labels: integers ``[n]``.
        class_names: one per class, by default "0", "1", "2", ...; the first letter is drawn.
        method: ``pca``; ``tsne``, which needs scikit-learn, or ``umap``, which needs umap-learn.
        seed: of ``tsne`` and ``umap``.

    Raises:
        InputError: the shapes do not match, there are fewer than 3 images (8 for ``tsne`` and
            ``umap``), a value is not finite, or the package of the method is not installed.

    Source: Hotelling, "Analysis of a complex of statistical variables into principal components"
    (1933); van der Maaten and Hinton, "Visualizing data using t-SNE" (2008); McInnes, Healy and
    Melville, "UMAP: uniform manifold approximation and projection" (2018).

    >>> points = np.array([[0.0, 0, 9], [0, 1, 0], [5, 1, 0], [6, 0, 0]])
    >>> embedding(points, [0, 0, 1, 1]).get_label()
    '4 images of 2 classes at their first 2 principal components, 100 % of the variance'
    """
    values = np.asarray(features, dtype=np.float64)
    true = np.asarray(labels)
    if values.ndim < 2 or len(values) < 3 or values[0].size < 2:
        raise InputError(f"features: shape {list(values.shape)}; give [n, 2 or more], n from 3")
    if true.shape != values.shape[:1] or true.dtype.kind not in "iu":
        raise InputError(f"labels: shape {list(true.shape)}; give {len(values)} whole numbers")
    if not np.isfinite(values).all():
        raise InputError("features must be finite, got nan or inf")
    classes = int(true.max()) + 1
    names = names_of_classes(class_names, len(class_names or range(classes)))
    points, how = _points(values.reshape(len(values), -1), method, seed)
    figure = new_figure(5.6, 4.4)
    axes: Any = figure.subplots()
    for label in np.unique(true):
        color = _COLORS[label % len(_COLORS)]
        for x, y in points[true == label]:
            axes.text(x, y, names[label][:1], color=color, fontsize=7, ha="center", va="center")
    axes.update_datalim(points)
    axes.margins(0.03)
    axes.autoscale_view()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right", "left", "bottom"]].set_color(QUIET)
    axes.set_title(_TITLES[method], loc="left", fontsize=10, color=INK)
    figure.set_label(
        f"{count(len(values), 'image')} of {len(np.unique(true))} classes at their {how}"
    )
    return figure


def _points(rows: Array, method: str, seed: int) -> tuple[Array, str]:
    """Return a place in the plane for each row, ``[n, 2]``, and what it is."""
    if method == "pca":
        points, kept = _principal_components(rows)
        return points, f"first 2 principal components, {100 * kept:.0f} % of the variance"
    if method not in _EXTRA:
        raise InputError(f"method: {method!r}; give one of {', '.join(_TITLES)}")
    if len(rows) < _FEWEST:
        raise InputError(f"features: {len(rows)} images; {method} takes {_FEWEST} or more")
    return _mapper(method, len(rows), seed).fit_transform(rows), f"places in {_TITLES[method]}"


def _mapper(method: str, n: int, seed: int) -> Any:
    """Return an estimator with ``fit_transform``, of a package that may not be installed."""
    try:
        if method == "tsne":
            from sklearn.manifold import TSNE

            return TSNE(2, init="pca", random_state=seed, perplexity=min(30.0, (n - 1) / 3))
        from umap import UMAP

        return UMAP(n_neighbors=min(15, n - 1), init="pca", random_state=seed, n_jobs=1)
    except ImportError:
        raise InputError(
            f"method: {method} needs {_EXTRA[method]}, which is not installed; "
            "pip install 'tenfold[embedding]', or choose method='pca'"
        ) from None


def _principal_components(rows: Array) -> tuple[Array, float]:
    """Return the first two components ``[n, 2]`` and their share of the variance."""
    from scipy.linalg import eigh

    centred = rows - rows.mean(axis=0)
    flat = len(rows) < rows.shape[1]  # the smaller of two products has the same eigenvalues
    product = centred @ centred.T if flat else centred.T @ centred
    last = [len(product) - 2, len(product) - 1]  # of ascending values: the two largest
    values, vectors = eigh(product, subset_by_index=last)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    points = vectors * np.sqrt(values) if flat else centred @ vectors
    return points, float(values.sum() / (np.trace(product) or 1.0))


def mean_images(
    images: npt.ArrayLike, labels: npt.ArrayLike, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw the mean image of each class.

    Args:
        images: uint8 ``[n, height, width]``.
        labels: integers ``[n]``; each class has at least one image.
        class_names: one per class, by default "0", "1", "2", ...

    Raises:
        InputError: the shapes do not match, or a class has no image.

    >>> mean_images(np.zeros((4, 28, 28), np.uint8), [0, 1, 1, 0]).axes[0].texts[1].get_text()
    '1'
    """
    pixels, true = np.asarray(images), np.asarray(labels)
    if pixels.ndim != 3 or true.shape != pixels.shape[:1]:
        raise InputError(f"images: shape {list(pixels.shape)} with labels {list(true.shape)}")
    classes = int(true.max()) + 1 if class_names is None else len(class_names)
    names = names_of_classes(class_names, classes)
    counts = np.bincount(true, minlength=classes)
    if not counts.all():
        raise InputError(f"labels: class {names[int(counts.argmin())]} has no image; name others")
    means = [pixels[true == k].mean(axis=0).round().astype(np.uint8) for k in range(classes)]
    return gallery(np.stack(means), titles=names, columns=min(10, classes))
