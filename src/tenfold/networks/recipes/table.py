"""The named recipes; a new one is one entry of the table."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping

from tenfold.core.errors import InputError
from tenfold.networks.recipes.augmentation import Augmentation
from tenfold.networks.recipes.recipe import Published, Recipe


def recipe(name: str) -> Recipe:
    """Look up a recipe by name.

    Raises:
        InputError: the name is unknown; the message suggests the nearest.

    Example:
        >>> recipe("logistic").epochs
        5
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"recipe {name!r} is unknown; {hint}there are {', '.join(RECIPES)}, "
            "or give a Python file as my_network.py:build"
        )
    return RECIPES[name]


_linear = functools.partial(Recipe, schedule="linear", warmup=0.1, batch_size=125)
"""125 divides the 55,000 images: no smaller last batch to compile."""

_conv = functools.partial(_linear, network="conv")
_FOUR_LAYERS = {"kernels": [5, 3, 3, 3], "pooling": [2, 1, 2, 1], "batch_norm": True}
_NO_ACCURACY = Published(note="the tutorial prints no accuracy")

_RECIPES = (
    _conv(
        "instant",
        arguments={"filters": [8, 32], "kernels": 5, "pooling": 2},
        learning_rate=8e-3,
        warmup=0.2,
        epochs=1,
        summary="one epoch of a small convolutional network: 98 % in the shortest time",
    ),
    _conv(
        "quick",
        arguments={"filters": [8, 24], "kernels": 5, "pooling": 2, "batch_norm": True},
        learning_rate=1.5e-2,
        warmup=0.15,
        epochs=2,
        augmentation=Augmentation(shift=1),
        summary="the default: a small convolutional network, 99 % within seconds",
    ),
    _conv(
        "conv",
        arguments={"filters": [24, 32, 48, 64], **_FOUR_LAYERS},
        optimizer="muon",
        learning_rate=2e-2,
        epochs=3,
        augmentation=Augmentation(shift=1, rotation=6, scale=0.06, shear=0.06),
        summary="four convolutions with batch normalisation: 99.5 % within a minute",
    ),
    _conv(
        "tiny",
        arguments={"filters": [8, 10, 12, 12], **_FOUR_LAYERS},
        learning_rate=1e-2,
        epochs=24,
        augmentation=Augmentation(shift=1, rotation=8, scale=0.08, shear=0.08),
        summary="the smallest network: 3,954 parameters",
    ),
    _conv(
        "small",
        arguments={"filters": [16, 24, 32, 24], **_FOUR_LAYERS, "dropout": 0.1},
        learning_rate=1e-2,
        epochs=16,
        augmentation=Augmentation(shift=1, rotation=10, scale=0.1, shear=0.1, elastic=1),
        summary="19,034 parameters, with affine and elastic augmentation",
    ),
    _conv(
        "best",
        arguments={"filters": [32, 64, 64, 128], **_FOUR_LAYERS, "dropout": 0.1},
        optimizer="muon",
        learning_rate=2e-2,
        epochs=10,
        augmentation=Augmentation(shift=2, rotation=10, scale=0.1, shear=0.1, elastic=1),
        summary="four wider convolutions, with affine and elastic augmentation",
    ),
    _conv(
        "fashion",
        arguments={
            "filters": [24, 48, 48, 96, 96],
            "kernels": 3,
            "pooling": [2, 1, 2, 1, 2],
            "padding": "same",  # clothes fill the whole frame
            "batch_norm": True,
            "dropout": 0.2,
        },
        optimizer="muon",
        learning_rate=2e-2,
        epochs=12,
        augmentation=Augmentation(shift=1, flip=0.5),
        summary="five convolutions for Fashion-MNIST, with random flips and shifts",
    ),
    _linear(
        "best-dense",
        arguments={"hidden": [1024, 1024], "batch_norm": True, "gaussian_noise": 0.08},
        learning_rate=2e-3,
        warmup=0.05,
        epochs=24,
        augmentation=Augmentation(shift=1, rotation=10, scale=0.1, shear=0.15, elastic=1),
        summary="two dense layers of 1,024, with Gaussian noise and augmentation",
    ),
    _linear(
        "dense-noise",
        arguments={"hidden": [1000, 500, 250, 250, 250], "batch_norm": True, "gaussian_noise": 0.3},
        learning_rate=2e-3,
        warmup=0.05,
        epochs=60,
        summary="five dense layers with Gaussian noise, without augmentation",
    ),
    _conv(
        "reader",
        arguments={
            "filters": [24, 48, 64],
            "kernels": [5, 3, 5],
            "strides": [2, 1, 2],
            "batch_norm": True,
            "dropout": 0.3,
        },
        learning_rate=6e-3,
        epochs=40,
        augmentation=Augmentation(
            shift=2,
            rotation=12,
            scale=0.12,
            shear=0.25,
            elastic=1.5,
            thickness=1.2,
            blur=0.7,
            noise=0.06,
            clutter=0.15,
        ),
        summary="for digits of any pen, writer and scanner; the packaged network",
    ),
    Recipe(
        "logistic",
        arguments={"hidden": []},
        batch_size=32,
        published=_NO_ACCURACY,
        summary="softmax regression: no hidden layer",
    ),
    Recipe(
        "dense-47",
        arguments={"hidden": [47]},
        batch_size=32,
        published=_NO_ACCURACY,
        summary="one hidden layer of 47",
    ),
    Recipe(
        "dropout",
        arguments={
            "hidden": [64, 128, 32],
            "activation": ["elu", "relu", "elu"],
            "dropout": [0.9, 0.7, 0.0],
        },
        epochs=14,
        published=Published(
            train=0.8814,
            test=0.8787,
            evaluated=True,
            note="the tutorial gives neither batch size nor epochs; with batches of 128 its "
            "training loss of 0.4260 is reached after 14 epochs",
        ),
        summary="three hidden layers with heavy dropout",
    ),
    Recipe(
        "dense-512",
        arguments={"hidden": [512]},
        optimizer="rmsprop",
        published=Published(train=0.989, test=0.9808),
        summary="one hidden layer of 512",
    ),
    Recipe(
        "dense-256",
        arguments={"hidden": [256]},
        loss="sparse_categorical_crossentropy",
        optimizer="rmsprop",
        published=_NO_ACCURACY,
        summary="one hidden layer of 256, sparse labels",
    ),
    Recipe(
        "sigmoid-64",
        arguments={"hidden": [64], "activation": "sigmoid"},
        epochs=20,
        published=Published(
            train=0.9872,
            test=0.9723,
            note="the published log continues a network of ten earlier epochs",
        ),
        summary="one hidden layer of 64, sigmoid activation",
    ),
)

RECIPES: Mapping[str, Recipe] = {entry.name: entry for entry in _RECIPES}
