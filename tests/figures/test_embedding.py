"""Datasets in the plane, and mean images."""

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA

from tenfold import figures
from tenfold.core.errors import InputError


def test_embedding_draws_each_image_at_its_principal_components():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(40, 3, 5)) * [5, 3, 1, 1, 1], np.arange(40) % 3
    figure = figures.embedding(features, labels, ["ant", "bee", "cow"])
    texts = figure.axes[0].texts
    order = np.argsort(labels, kind="stable")
    pca = PCA(2).fit(features.reshape(40, -1))
    expected = pca.transform(features.reshape(40, -1))[order]
    drawn = np.array([text.get_position() for text in texts])
    np.testing.assert_allclose(np.abs(drawn), np.abs(expected), atol=1e-9)  # signs are free
    assert [text.get_text() for text in texts] == ["abc"[k] for k in labels[order]]
    assert f"{100 * pca.explained_variance_ratio_.sum():.0f} % of the variance" in (
        figure.get_label()
    )


def test_images_that_are_all_equal_are_drawn_too():
    assert "0 % of the variance" in figures.embedding(np.ones((4, 9)), [0, 1, 0, 1]).get_label()


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.zeros((2, 5)), [0, 1], "n from 3"),
        (np.zeros(5), [0] * 5, "give \\[n, 2 or more\\]"),
        (np.zeros((4, 5)), [0, 1], "give 4 whole numbers"),
        (np.zeros((4, 5)), [0.5] * 4, "give 4 whole numbers"),
    ],
)
def test_what_cannot_be_embedded_is_refused(features, labels, message):
    with pytest.raises(InputError, match=message):
        figures.embedding(features, labels)


def test_mean_images_are_the_means_of_the_classes():
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8), np.arange(30) % 3
    figure = figures.mean_images(images, labels, ["a", "b", "c"])
    shown = [artist.get_array()[..., 0] for artist in figure.axes[0].images]
    expected = [images[labels == k].mean(axis=0).round() for k in range(3)]
    np.testing.assert_array_equal(shown, expected)
    with pytest.raises(InputError, match="class d has no image"):
        figures.mean_images(images, labels, ["a", "b", "c", "d"])


def test_lines_draw_each_curve_with_its_own_dashes():
    figure = figures.lines(
        [1, 10, 100], {"a": [1, 2, 3], "b": [3, 2, 1]}, "rate", "Loss", log_x=True
    )
    axes = figure.axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1, 2, 3], [3, 2, 1]]
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "rate")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert {"1", "10", "100"} <= {text.get_text() for text in axes.get_xticklabels()}


def test_whole_numbers_have_ticks_at_whole_numbers():
    axes = figures.lines([1, 2, 3], {"a": [1, 2, 3]}, "epoch", "Loss").axes[0]
    shown = [tick for tick in axes.get_xticks() if 1 <= tick <= 3]
    assert shown == [1, 2, 3]


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "curves: 0; give 1 to 4"),
        ({name: [1, 2] for name in "abcde"}, "curves: 5; give 1 to 4"),
        ({"a": [1, 2, 3]}, "a has 3 values for 2 of x"),
        ({"a": [1, np.nan]}, "a must be finite"),
    ],
)
def test_curves_that_cannot_be_drawn_are_refused(curves, message):
    with pytest.raises(InputError, match=message):
        figures.lines([1, 2], curves, "x", "y")


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_neighbours_stay_neighbours(method):
    pytest.importorskip("umap" if method == "umap" else "sklearn")
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    features = rng.normal(size=(60, 8)) + 20 * np.eye(8)[labels]
    figure = figures.embedding(features, labels, method=method)
    drawn = np.array([text.get_position() for text in figure.axes[0].texts])
    distances = np.linalg.norm(drawn[:, None] - drawn, axis=2) + np.diag([np.inf] * 60)
    assert (labels[distances.argmin(axis=1)] == labels).all()
    again = figures.embedding(features, labels, method=method)
    assert [t.get_position() for t in again.axes[0].texts] == [tuple(xy) for xy in drawn]


def test_methods_that_are_unknown_or_not_installed_are_refused(monkeypatch):
    features = np.random.default_rng(0).normal(size=(9, 4))
    with pytest.raises(InputError, match="'pcs'; give one of pca, tsne, umap"):
        figures.embedding(features, [0] * 9, method="pcs")
    with pytest.raises(InputError, match="5 images; tsne takes 8 or more"):
        figures.embedding(features[:5], [0] * 5, method="tsne")
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    monkeypatch.setitem(sys.modules, "umap", None)
    for method, package in (("tsne", "scikit-learn"), ("umap", "umap-learn")):
        with pytest.raises(InputError, match=f"{package}, which is not installed; pip install"):
            figures.embedding(features, [0] * 9, method=method)
