"""Losses along a line and in a plane, against closed forms."""

import numpy as np
import pytest

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.figures.landscape import filter_normalised

START, END = [np.zeros((3, 2)), np.ones(2)], [np.full((3, 2), 2.0), np.ones(2)]


def square(weights):
    return float((weights[0] ** 2).sum())


def test_the_line_goes_from_start_through_the_weights_as_far_again():
    axes = figures.loss_landscape(square, END, START, points=5).axes[0]
    places, losses = axes.lines[0].get_data()
    np.testing.assert_allclose(places, [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(losses, 24 * places**2)


def test_directions_have_filters_as_long_as_those_of_the_network():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(5, 5, 3, 4)), rng.normal(size=4), rng.normal(size=(6, 2))]
    directions = filter_normalised(weights, rng)
    for w, d in zip(weights, directions, strict=True):
        rows = [a.reshape(-1, a.shape[-1]) for a in (w, d)]
        lengths = [np.linalg.norm(a, axis=0) for a in rows]
        np.testing.assert_allclose(lengths[1], lengths[0] if w.ndim > 1 else 0)


def test_the_plane_does_not_depend_on_the_scale_of_the_weights():
    """A network of relu units whose two layers are scaled by 9 and by 1 / 9 is the same."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))

    def loss(weights):
        return float(((np.maximum(x @ weights[0], 0) @ weights[1] - y) ** 2).mean())

    first, second = rng.normal(size=(4, 5)), rng.normal(size=(5, 2))
    labels = [
        figures.loss_landscape(loss, [c * first, second / c], points=5, seed=1).get_label()
        for c in (1.0, 9.0)
    ]
    assert labels[0] == labels[1]
    assert f"{loss([first, second]):.3g} at the weights" in labels[0]


def test_a_flat_loss_is_drawn_too():
    assert "from 1 to 1" in figures.loss_landscape(lambda _: 1.0, END, points=3).get_label()


@pytest.mark.parametrize(
    ("loss", "weights", "start", "options", "message"),
    [
        (square, END, [np.zeros((3, 2))], {}, "start: shapes"),
        (square, END, None, {"points": 2}, "points: 2"),
        (square, END, None, {"radius": 0}, "radius: 0"),
        (square, [np.ones(3)], None, {}, "no array of two axes"),
        (lambda _: np.nan, END, None, {"points": 3}, "choose a smaller radius"),
    ],
)
def test_what_has_no_landscape_is_refused(loss, weights, start, options, message):
    with pytest.raises(InputError, match=message):
        figures.loss_landscape(loss, weights, start, **options)
