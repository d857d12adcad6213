"""Networks and compiled programs that all estimators of one architecture share.

A program is compiled for the shapes of its arrays. Rows are padded to whole batches and few
different numbers of them, so that the folds of a cross-validation have the same shapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import RLock
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold import engine, networks
from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.engine.arrays import ArrayData
from tenfold.engine.program import EVALUATION_BATCH
from tenfold.networks.recipes import Recipe

LOCK = RLock()
"""Held while Keras models are built and traced, which threads cannot do at once."""

MOST_PROGRAMS = 32

Array = Any
"""Of NumPy or JAX."""

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Weights:
    """The variables of a trained network.

    Attributes:
        trainable: weights.
        rest: moving averages and states of random generators.
    """

    trainable: list[Array]
    rest: list[Array]


@dataclass(frozen=True)
class Layers:
    """The layers of the user's own network; of none for tenfold's networks.

    Attributes:
        key: as JSON without their names, which differ from one model to the next.
        text: as JSON, to build them again.
    """

    key: str = ""
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class Architecture:
    """What decides a compiled program, and builds its networks.

    Attributes:
        settings: the recipe as JSON, without what is part of the state.
        layers: of the user's own network.
        image_shape: of a row.
        classes: number of classes.
        rows: on which the length of a schedule depends; 0 without a schedule.
    """

    settings: str
    layers: Layers
    image_shape: tuple[int, ...]
    classes: int
    rows: int = 0

    @property
    def recipe(self) -> Recipe:
        """The recipe, without what is part of the state."""
        return Recipe.from_json(json.loads(self.settings))

    def build(self, seed: int, learning_rate: float | None = None) -> keras.Model:
        """Build and compile a network."""
        recipe = self.recipe
        if learning_rate is not None:
            recipe = recipe.replace(learning_rate=learning_rate)

        def own(seed: int) -> keras.Model:
            with networks.seeded(seed):
                return networks.from_json(self.layers.text)

        build, rows = own if self.layers.text else None, max(1, self.rows)
        return engine.build_networks(recipe, self.image_shape, self.classes, rows, [seed], build)[0]


def find_architecture(
    recipe: Recipe, layers: Layers, image_shape: tuple[int, ...], classes: int, rows: int
) -> Architecture:
    """Find what decides the program of a recipe.

    A constant learning rate is part of the state, and the number of epochs decides nothing; a
    schedule, and an average over the last steps, are compiled into the program with both.

    Args:
        recipe: of the network.
        layers: of the user's own network.
        image_shape: of a row.
        classes: number of classes.
        rows: number of rows, padded.
    """
    neutral = recipe.replace(name="shared", seed=0, summary="", published=None)
    if is_constant := recipe.schedule == "constant" and not recipe.swa:
        neutral = neutral.replace(learning_rate=None, epochs=1)
    settings = json.dumps(neutral.to_json(), sort_keys=True)
    return Architecture(settings, layers, image_shape, classes, 0 if is_constant else rows)


def find_layers(
    recipe: Recipe, image_shape: tuple[int, ...], build: Callable[[int], keras.Model] | None
) -> Layers:
    """Find the layers of the user's own network; those of tenfold's need not be stored.

    Args:
        recipe: of the network.
        image_shape: of a row.
        build: builds the network from a seed, if it is a function.

    Raises:
        InputError: there are layers that cannot be stored.
    """
    if not networks.is_own_network(recipe.network):
        return Layers()
    model = build(0) if build else networks.build(recipe.network, {}, image_shape, 0, 0)
    return Layers(_without_names(model), networks.to_json(model))


def _without_names(model: keras.Model) -> str:
    """The layers as JSON with numbers for their names."""
    numbers = {layer.name: i for i, layer in enumerate([model, *model._flatten_layers()])}

    def renamed(config: Any) -> Any:
        if isinstance(config, Mapping):
            return {
                key: numbers.get(value, value)
                if key == "name" and isinstance(value, str)
                else renamed(value)
                for key, value in config.items()
            }
        if isinstance(config, (list, tuple)):
            is_reference = len(config) == 3 and isinstance(config[0], str)  # layer, node, tensor
            first = [numbers.get(config[0], config[0])] if is_reference else []
            return [*first, *(renamed(value) for value in config[len(first) :])]
        return config

    return json.dumps(renamed(json.loads(networks.to_json(model))))


class Shared:
    """The programs of one architecture.

    Args:
        architecture: what decides them.
    """

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._recipe = recipe = architecture.recipe
        shape = architecture.image_shape
        self._model = architecture.build(0)
        self._program = engine.Program.from_recipe(
            [self._model], recipe, shape, architecture.classes
        )
        self._predict = engine.Probabilities(self._model, shape, recipe.input_range, recipe.tta)

    def train(
        self,
        data: ArrayData,
        weights: npt.NDArray[np.float32],
        epochs: range,
        seed: int,
        learning_rate: float | None,
        start: Weights | None,
        optimizer: list[Array] | None,
    ) -> tuple[Weights, list[Array], list[float]]:
        """Train a new network, or go on with the training of one.

        Args:
            data: rows as ``padded`` makes them.
            weights: likewise.
            epochs: their numbers.
            seed: of initial weights, order, dropout and augmentation.
            learning_rate: a constant one; None for that of the optimizer or schedule.
            start: weights to begin with; None for new ones.
            optimizer: its variables; None for new ones.

        Returns:
            Weights, the variables of the optimizer, and the loss of each epoch.

        Raises:
            InputError: the loss became NaN or infinite.
        """
        model = self._architecture.build(seed, learning_rate)
        state = self._program.new_state(model)
        if start is not None:
            state = replace(state, trainable=start.trainable, non_trainable=start.rest)
        if optimizer is not None:
            state = replace(state, optimizer=optimizer)
        state = jax.tree.map(jnp.array, state)
        losses: list[float] = []
        batches = len(data) // self._program.batch_size
        device = engine.DeviceData(
            data, weights, capacity=_capacity(batches) * self._program.batch_size
        )
        for epoch in epochs:
            state, logs = engine.run_epoch(self._program, state, device, epoch, [seed])
            losses.append(float(logs["loss"]))
            if not np.isfinite(losses[-1]):
                raise InputError(
                    f"the loss became NaN or infinite in epoch {epoch + 1}; lower learning_rate, "
                    "or scale X"
                )
        engine.write_state(model, state)
        model.optimizer.finalize_variable_values(model.trainable_variables)
        if self._recipe.ema or self._recipe.swa:
            engine.recompute_statistics(model, self._recipe, data)
        final: engine.State = jax.device_get(engine.read_state(model))
        return Weights(final.trainable, final.non_trainable), final.optimizer, losses

    def predict(self, weights: Weights, rows: Rows) -> npt.NDArray[np.float32]:
        """Probabilities ``[n, classes]`` of rows; batches are padded to one size."""
        variables = [*self._model.trainable_variables, *self._model.non_trainable_variables]
        for variable, value in zip(variables, [*weights.trainable, *weights.rest], strict=True):
            variable.assign(value)
        padding = np.zeros((-len(rows) % EVALUATION_BATCH, *rows.shape[1:]), np.float32)
        return self._predict(self._model, np.concatenate([rows, padding]))[: len(rows)]


shared = lru_cache(MOST_PROGRAMS)(Shared)


@lru_cache(MOST_PROGRAMS)
def find_pixels(architecture: Architecture) -> str:
    """The range of pixels, ``unit`` or ``byte``, that an architecture takes.

    Raises:
        InputError: the user's own network does not tell.
    """
    shape, names = architecture.image_shape, tuple(map(str, range(architecture.classes)))
    images = np.random.default_rng(0).integers(0, 256, (len(names), *shape)).astype(np.uint8)
    data = ArrayData(images, np.arange(len(names)), names)
    return engine.resolve_pixels(architecture.recipe, architecture.build(0), data).name


def padded(
    rows: Rows,
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    classes: int,
    batch: int,
    seed: int,
) -> tuple[ArrayData, npt.NDArray[np.float32]]:
    """Rows and their weights, padded to whole batches by copies of some with a weight of 0.

    Copies keep the statistics of a batch normalisation.

    Args:
        rows: as they are fed.
        labels: of the rows, from 0.
        weights: of the rows in the loss; the mean of those that are not padding becomes 1.
        classes: number of classes.
        batch: rows per step.
        seed: of the copies.
    """
    n, total = len(rows), -(-len(rows) // batch) * batch
    copies = np.random.default_rng([seed, n]).choice(n, total - n)
    order = np.concatenate([np.arange(n), copies])
    scaled = np.zeros(total, np.float32)
    scaled[:n] = weights * (total / weights.sum())  # the loss is a mean over all rows
    names = tuple(map(str, range(classes)))
    return ArrayData(rows[order], labels[order], names), scaled


def _capacity(batches: int) -> int:
    """A number of batches, rounded up to one of few.

    Example:
        >>> [_capacity(batches) for batches in (1, 8, 51, 1001)]
        [8, 8, 56, 1024]
    """
    step = 1 << max(3, batches.bit_length() - 3)
    return -(-batches // step) * step
