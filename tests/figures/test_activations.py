"""Layers of a network as tiles."""

import numpy as np
import pytest

from tenfold import figures
from tenfold.core.errors import InputError

IMAGE, ANSWER = np.zeros((28, 28), np.uint8), [0.2, 0.8]


def test_every_kind_of_output_is_drawn():
    rng = np.random.default_rng(0)
    layers = [
        ("conv", rng.normal(size=(6, 4, 20))),
        ("steps", rng.normal(size=(7, 5))),
        ("dense", rng.normal(size=70)),
        ("dead", np.zeros((3, 3, 2))),
    ]
    figure = figures.activations(IMAGE, layers, ANSWER, ["no", "yes"], np.zeros((28, 28)))
    assert figure.get_label().replace("\N{MULTIPLICATION SIGN}", "x") == (
        "conv: 6 x 4 x 20, the 12 strongest channels; steps: 7 x 5; dense: 70 units; "
        "dead: 3 x 3 x 2; answer yes, 80.0 %"
    )
    tiles = [len(axes.images) + len(axes.patches) for axes in figure.axes[3:]]
    assert tiles == [12 + 12, 1 + 1, 70, 2 + 2]


def test_the_strongest_channels_are_drawn_in_their_order():
    values = np.zeros((2, 2, 15))
    values[0, 0] = np.arange(15) - 7  # the weakest are 6, 7, 8
    figure = figures.activations(IMAGE, [("conv", values)], ANSWER)
    opacity = [int(image.get_array()[0, 0, 3]) for image in figure.axes[2].images]
    kept = [k for k in range(-7, 8) if k not in (-1, 0, 1)]
    assert opacity == [round(255 * abs(k) / 7) for k in kept]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGE / 255, [], ANSWER), "image: float64"),
        ((IMAGE, [("a", np.zeros((1, 1, 1, 1)))], ANSWER), "a: shape"),
        ((IMAGE, [("a", [np.nan])], ANSWER), "a: its output is not finite"),
        ((IMAGE, [], [0.5, 1.5]), "probabilities: shape"),
        ((IMAGE, [], ANSWER, None, np.zeros((3, 3))), "evidence: shape"),
        ((IMAGE, [], ANSWER, ["a"]), "class_names must name 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        figures.activations(*arguments)
