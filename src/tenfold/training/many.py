"""Many networks of one recipe in one program, and the answers of trained ones."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt

from tenfold import networks
from tenfold.recipes import Recipe
from tenfold.training.compiling import compile_network
from tenfold.training.program import (
    EVALUATION_BATCH,
    Program,
    State,
    model_input_shape,
    read_state,
    scale_images,
    stack_states,
)


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


def make_program(
    models: Sequence[keras.Model], recipe: Recipe, image_shape: tuple[int, int], classes: int
) -> tuple[Program, State]:
    """The program that trains these networks together, and the state it starts from."""
    together = len(models) if len(models) > 1 else None
    program = Program(
        models[0], image_shape, classes, recipe.batch_size, recipe.augmentation, together
    )
    if together is None:
        return program, read_state(models[0])
    for model in models[1:]:
        program.build(model)
    return program, stack_states([read_state(model) for model in models])


def probabilities(
    models: Sequence[keras.Model], images: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Every network's probabilities of images, each scaled as in training.

    Args:
        models: networks of one architecture.
        images: uint8 ``[n, height, width]``.

    Returns:
        float32 ``[networks, n, classes]``.
    """
    template = models[0]
    shape = images.shape[1:]
    inputs = model_input_shape(template, (shape[0], shape[1]))

    def answer(weights: list[jax.Array], rest: list[jax.Array], pixels: jax.Array) -> jax.Array:
        x = scale_images(template, pixels).reshape(pixels.shape[0], *inputs)
        outputs: jax.Array = template.stateless_call(weights, rest, x, training=False)[0]
        return outputs

    compiled = jax.jit(answer)
    size = min(EVALUATION_BATCH, len(images))
    padded = np.concatenate([images, np.zeros((-len(images) % size, *shape), np.uint8)])
    result = np.empty((len(models), len(padded), template.output_shape[-1]), np.float32)
    for i, model in enumerate(models):
        weights = [v.value for v in model.trainable_variables]
        rest = [v.value for v in model.non_trainable_variables]
        for start in range(0, len(padded), size):
            batch = jnp.asarray(padded[start : start + size])
            result[i, start : start + size] = compiled(weights, rest, batch)
    return result[:, : len(images)]
