"""Build the networks of a recipe, one per seed, for one program to train at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tenfold import networks
from tenfold.core.backend import keras
from tenfold.core.image_shape import ImageShape
from tenfold.engine.compile import compile_network
from tenfold.networks.recipes import Recipe


def build_networks(
    recipe: Recipe,
    image_shape: ImageShape,
    classes: int,
    images: int,
    seeds: Sequence[int],
    build: Callable[[int], keras.Model] | None = None,
    multi_label: bool = False,
) -> list[keras.Model]:
    """Build and compile one network per seed.

    Args:
        recipe: network, loss, optimizer and schedule.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of classes.
        images: number of training images, which decides the length of the schedule.
        seeds: of the initial weights.
        build: builds a network from a seed; by default the network that the recipe names.
        multi_label: whether an image may have several classes.
    """

    def named(seed: int) -> keras.Model:
        arguments = recipe.arguments
        return networks.build(recipe.network, arguments, image_shape, classes, seed, multi_label)

    models = []
    for seed in seeds:
        model = (build or named)(seed)
        compile_network(model, recipe, images, multi_label)
        models.append(model)
    return models
