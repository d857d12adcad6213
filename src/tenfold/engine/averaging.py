"""Averages of weights over the steps of a training, and the batch statistics that fit them."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tenfold.core.backend import keras
from tenfold.data import Dataset
from tenfold.engine.arrays import ArrayData
from tenfold.engine.device_data import DeviceData
from tenfold.engine.inputs import InputAdapter
from tenfold.networks.augmentation import augment
from tenfold.networks.recipes import Recipe


def average_weights(optimizer: keras.optimizers.Optimizer, recipe: Recipe, steps: int) -> None:
    """Let an optimizer average the weights, as the fields ``ema`` and ``swa`` of a recipe say.

    Keras's optimizers hold an exponential moving average among their variables. The equal weights
    of ``swa`` are the same update with a momentum that depends on the step; for it, a private
    method of the optimizer is replaced. ``tests/engine/test_averaging.py`` compares both with the
    mean of the weights that Keras's own ``fit`` passes through.

    Args:
        optimizer: not built yet.
        recipe: the settings.
        steps: of the whole training.

    Source:
        Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018).
    """
    if not (recipe.ema or recipe.swa):
        return
    optimizer.use_ema = True
    if recipe.ema:
        optimizer.ema_momentum = recipe.ema
    if recipe.swa:
        first = steps - max(1, round(recipe.swa * steps))
        optimizer._update_model_variables_moving_average = partial(_update_mean, optimizer, first)


def _update_mean(optimizer: keras.optimizers.Optimizer, first: int, variables: list[Any]) -> None:
    """Update the mean of the weights since a step; before it, follow the weights."""
    ops = keras.ops
    count = ops.cast(ops.maximum(optimizer.iterations - first, 0), "float32")
    pairs = zip(variables, optimizer._model_variables_moving_average, strict=True)
    for variable, average in pairs:
        if average is not None:
            average.assign(average + (variable - average) / (count + 1))


def recompute_statistics(model: keras.Model, recipe: Recipe, dataset: Dataset | ArrayData) -> None:
    """Set the moving mean and variance of batch normalisations to their means over an epoch.

    Those of the training belong to the weights of each step, not to their average.

    Args:
        model: with averaged weights.
        recipe: by which it was trained.
        dataset: its training images.
    """
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    if not norms:
        return
    momenta = {
        id(variable): layer.momentum
        for layer in norms
        for variable in (layer.moving_mean, layer.moving_variance)
    }
    shape, pixels = dataset.image_shape, recipe.input_range
    inputs = InputAdapter(model, shape, len(dataset.class_names), pixels)
    rest = model.non_trainable_variables
    places = [i for i, variable in enumerate(rest) if id(variable) in momenta]

    @partial(jax.jit, static_argnames="size")
    def add_batch(
        total: Any,
        values: Any,
        weights: Any,
        images: jax.Array,
        order: Any,
        step: int,
        *,
        size: int,
    ) -> tuple[Any, Any]:
        indices = lax.dynamic_slice_in_dim(order, step * size, size)
        key = jax.random.fold_in(jax.random.key(recipe.seed), step)
        settings = recipe.augmentation
        change = partial(augment, key, settings=settings) if settings else None
        x = inputs(images[indices], jnp.zeros(size, jnp.int32), change)[0]
        values = [jnp.zeros_like(v) if i in places else v for i, v in enumerate(values)]
        _, values = model.stateless_call(weights, values, x, training=True)
        # A batch enters the zeros with the share 1 - momentum.
        batch = [values[i] / (1 - momenta[id(rest[i])]) for i in places]
        return jax.tree.map(jnp.add, total, batch), values

    total = [jnp.zeros(rest[i].shape) for i in places]
    weights = [variable.value for variable in model.trainable_variables]
    values, batches = [variable.value for variable in rest], 0
    size = min(recipe.batch_size, len(dataset))
    for window in DeviceData(dataset).windows(size, epoch=0):
        draw = np.random.default_rng([recipe.seed, window.number])
        order = jnp.asarray(draw.permutation(window.count).astype(np.int32))
        for step in range(window.count // size):
            total, values = add_batch(total, values, weights, window.images, order, step, size=size)
            batches += 1
    for i, value in zip(places, total, strict=True):
        rest[i].assign(value / batches)
