"""Several networks of one recipe, which one program trains at once."""

from __future__ import annotations

from collections.abc import Sequence

from tenfold import networks
from tenfold.core.backend import keras
from tenfold.engine.compile import compile_network
from tenfold.networks.recipes import Recipe


def build_networks(
    recipe: Recipe, image_shape: tuple[int, int], classes: int, images: int, seeds: Sequence[int]
) -> list[keras.Model]:
    """Build and compile one network a seed."""
    models = []
    for seed in seeds:
        model = networks.build(recipe.network, recipe.arguments, image_shape, classes, seed)
        compile_network(model, recipe, images)
        models.append(model)
    return models
