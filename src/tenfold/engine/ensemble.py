"""Many networks of one recipe in one program, and the answers of trained ones."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold import networks
from tenfold.core.backend import keras
from tenfold.engine.compile import compile_network
from tenfold.engine.inputs import model_input_shape, scale_images
from tenfold.engine.program import EVALUATION_BATCH, Program
from tenfold.engine.state import State, read_state, stack_states
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


class Forward:
    """The compiled forward pass of one architecture, for any weights of it.

    Args:
        template: a built network.
        image_shape: height and width of the images.
    """

    def __init__(self, template: keras.Model, image_shape: tuple[int, int]) -> None:
        inputs = model_input_shape(template, image_shape)
        self.outputs = template.output_shape[-1]

        def answer(weights: list[jax.Array], rest: list[jax.Array], pixels: jax.Array) -> jax.Array:
            x = scale_images(template, pixels).reshape(pixels.shape[0], *inputs)
            outputs: jax.Array = template.stateless_call(weights, rest, x, training=False)[0]
            return outputs

        self._answer = jax.jit(answer)

    def __call__(
        self, model: keras.Model, images: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """What a network of this architecture puts out: float32 ``[n, classes]``.

        Args:
            model: has the weights.
            images: uint8 ``[n, height, width]``; they are scaled as in training.
        """
        size = min(EVALUATION_BATCH, len(images))
        padding = np.zeros((-len(images) % size, *images.shape[1:]), np.uint8)
        padded = np.concatenate([images, padding])
        weights = [v.value for v in model.trainable_variables]
        rest = [v.value for v in model.non_trainable_variables]
        result = np.empty((len(padded), self.outputs), np.float32)
        for start in range(0, len(padded), size):
            batch = jnp.asarray(padded[start : start + size])
            result[start : start + size] = self._answer(weights, rest, batch)
        return result[: len(images)]
