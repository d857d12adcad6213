"""The traced steps of training and evaluation, for one network or several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
from jax import lax

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.engine.cpu.flatten import flatten_elementwise, flattened
from tenfold.engine.cpu.lowering import with_lowering_rules
from tenfold.engine.device_data import Labels
from tenfold.engine.inputs import InputAdapter
from tenfold.engine.state import State
from tenfold.networks.augmentation import augment
from tenfold.networks.recipes import Augmentation


class Steps:
    """Loops over training and evaluation steps, to be compiled.

    Args:
        model: a built and compiled ``keras.Model``.
        inputs: adapts pixels and labels to the model.
        augmentation: random changes of the training images.
        networks: None for one network, else the length of the leading axis of its states.
        split: divides the images and labels of a step among devices.
    """

    def __init__(
        self,
        model: keras.Model,
        inputs: InputAdapter,
        augmentation: Augmentation,
        networks: int | None,
        split: Callable[[Any], Any] = lambda batch: batch,
    ) -> None:
        self.model, self.networks = model, networks
        self.augmentation = augmentation
        self._input, self._split = inputs, split
        self._leading = 0 if networks is None else 1

    def train(
        self,
        state: State,
        images: jax.Array,
        labels: Labels,
        order: jax.Array,
        keys: jax.Array,
        epoch: int,
        start: int,
        stop: int,
        *,
        size: int,
    ) -> tuple[State, dict[str, jax.Array]]:
        """Train on batches from ``start`` to ``stop`` of an order of the images.

        Args:
            state: with a leading axis if networks are several, like ``order`` and ``keys``.
            images: uint8 ``[n, pixels]``.
            labels: int ``[n]``, or with their weights as a pair.
            order: int ``[m]``, indices of the images.
            keys: PRNG keys of the epoch, folded with the number of the step.
            epoch: counted from 0.
            start: the first step.
            stop: the step after the last.
            size: images per step.

        Returns:
            The state after the steps, and the logs of the epoch so far.
        """

        shapes = jax.tree.map(lambda value: value.shape[self._leading :], state)
        returned: set[str] = set()

        def one(state: State, x: jax.Array, y: Labels, key: jax.Array) -> State:
            change = partial(self._augment, key, epoch) if self.augmentation else None
            batch = self._input(x, y, change)
            state = jax.tree.map(lambda value, shape: value.reshape(shape), state, shapes)
            lists = (state.trainable, state.non_trainable, state.optimizer, state.metrics)
            with _faster_updates(self.model):
                logs, lists = self.model.train_step(lists, batch)
            returned.update(logs)
            new: State = jax.tree.map(flattened, State(*lists))
            return new

        def step(i: jax.Array, state: State) -> State:
            indices = lax.dynamic_slice_in_dim(order, i * size, size, axis=-1)
            x = images.at[indices].get(mode="promise_in_bounds")
            y = jax.tree.map(lambda a: a.at[indices].get(mode="promise_in_bounds"), labels)
            x, y = self._split((x, y))
            step_keys = self._fold(keys, i) if self.augmentation else keys
            new: State = self._each(one, (0, 0, 0, 0))(state, x, y, step_keys)
            return new

        # Carried flattened, so that elementwise updates are long loops (see cpu/flatten.py).
        state = jax.tree.map(lambda value: flattened(value, self._leading), state)
        state = lax.fori_loop(start, stop, step, state)
        state = jax.tree.map(
            lambda value, shape: value.reshape(*value.shape[: self._leading], *shape), state, shapes
        )
        return state, self._logs(state.metrics, returned)

    def test(
        self,
        state: State,
        images: jax.Array,
        labels: Labels,
        start: int,
        stop: int,
        *,
        size: int,
    ) -> tuple[State, dict[str, jax.Array]]:
        """Evaluate batches from ``start`` to ``stop`` of the images, in order; see ``train``."""
        returned: set[str] = set()

        def one(state: State, x: jax.Array, y: Labels) -> State:
            batch = self._input(x, y)
            lists = (state.trainable, state.non_trainable, state.metrics)
            with _faster_updates(self.model):
                logs, lists = self.model.test_step(lists, batch)
            returned.update(logs)
            return State(state.trainable, state.non_trainable, [], lists[2])

        def step(i: jax.Array, state: State) -> State:
            x = lax.dynamic_slice_in_dim(images, i * size, size)
            y = jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, i * size, size), labels)
            new: State = self._each(one, (0, None, None))(state, x, y)
            return new

        state = lax.fori_loop(start, stop, step, state)
        return state, self._logs(state.metrics, returned)

    def _each(self, function: Callable[..., Any], axes: tuple[int | None, ...]) -> Any:
        """Map the function over networks; arguments with axis 0 are stacked.

        On CPUs, networks with convolutions are mapped by a loop in the same program, which is
        faster than convolutions batched by vmap.
        """
        if self.networks is None:
            return function
        if not (_has_convolutions(self.model) and jax.default_backend() == "cpu"):
            return jax.vmap(function, axes)

        def looped(*args: Any) -> Any:
            def one(stacked: list[Any]) -> Any:
                rest = iter(stacked)
                return function(
                    *(
                        arg if axis is None else next(rest)
                        for arg, axis in zip(args, axes, strict=True)
                    )
                )

            return lax.map(one, [a for a, axis in zip(args, axes, strict=True) if axis == 0])

        return looped

    def _fold(self, keys: jax.Array, i: jax.Array) -> jax.Array:
        folded: jax.Array = self._each(jax.random.fold_in, (0, None))(keys, i)
        return folded

    def _augment(self, key: jax.Array, epoch: int, pixels: jax.Array) -> jax.Array:
        return augment(key, pixels, self.augmentation, epoch)

    def _logs(self, metrics: list[jax.Array], returned: set[str]) -> dict[str, jax.Array]:
        """The values of the metrics, which are all that the step returned by name."""

        def results(values: list[jax.Array]) -> dict[str, jax.Array]:
            mapping = list(zip(self.model.metrics_variables, values, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                return dict(self.model.get_metrics_result())

        logs: dict[str, jax.Array] = self._each(results, (0,))(metrics)
        if returned != logs.keys():
            names = ", ".join(sorted(returned ^ logs.keys()))
            raise InputError(
                f"the model's own train_step, test_step or compute_metrics changes its logs by "
                f"{names}, which only metrics can: add a keras.metrics.Mean, or use model.fit"
            )
        return logs


@contextmanager
def _faster_updates(model: keras.Model) -> Iterator[None]:
    """Replace two methods of a model and its optimizer while a step is traced.

    ``optimizer.stateless_apply`` computes on flattened arrays; on CPUs,
    ``model.compute_loss_and_updates`` uses faster lowering rules. Both are methods that
    ``train_step`` and ``test_step`` of Keras 3.12 to 3.15 call on JAX; Keras has no hook
    for either. ``tests/engine/test_workarounds.py`` fails if they are no longer called.
    """
    optimizer, original = model.optimizer, model.compute_loss_and_updates

    def compute_loss_and_updates(*args: Any, training: bool = False, **named: Any) -> Any:
        def call(args: Any, named: Any) -> Any:
            return original(*args, training=training, **named)

        return with_lowering_rules(call)(args, named)

    optimizer.stateless_apply = flatten_elementwise(optimizer.stateless_apply)
    if jax.default_backend() == "cpu":
        model.compute_loss_and_updates = compute_loss_and_updates
    try:
        yield
    finally:
        model.__dict__.pop("compute_loss_and_updates", None)
        optimizer.__dict__.pop("stateless_apply", None)


def _has_convolutions(model: keras.Model) -> bool:
    return any(len(weight.shape) == 4 for weight in model.weights)
