"""Compiled training and evaluation of whole epochs, for one network or several at once."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.core.backend import keras
from tenfold.engine.device_data import DeviceData, Labels, Window
from tenfold.engine.devices import Devices
from tenfold.engine.inputs import InputAdapter
from tenfold.engine.randomness import epoch_keys, folded, shuffled
from tenfold.engine.state import State, copied, read_state
from tenfold.engine.steps import Steps
from tenfold.engine.xla import compiler_options
from tenfold.networks.recipes import Augmentation, Recipe

SEGMENT_SECONDS = 0.4
"""Time between two reports of running logs."""

EVALUATION_BATCH = 250
"""Images per step of evaluation and prediction."""

Logs = dict[str, np.ndarray]


class Program:
    """The compiled steps of one architecture.

    Args:
        models: compiled networks of one architecture, whose missing variables are created here.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of classes of the labels.
        batch_size: images per step.
        augmentation: random changes of the training images.
        networks: number of networks trained at once; by default one per model. States have a
            leading axis of this length if it is more than one.
        pixels: the range the networks are fed pixels in, ``unit`` or ``byte``.
        labels: their encoding, as for ``InputAdapter``.

    Raises:
        InputError: the model is not compiled, does not fit the images, or has another number
            of outputs than there are classes.
    """

    def __init__(
        self,
        models: Sequence[keras.Model],
        image_shape: tuple[int, ...],
        classes: int,
        batch_size: int,
        augmentation: Augmentation | None = None,
        networks: int | None = None,
        pixels: str = "unit",
        labels: str = "index",
    ) -> None:
        self.model = model = models[0]
        networks = len(models) if networks is None else networks
        self.image_shape = image_shape
        self.classes = classes
        self.batch_size = batch_size
        self.augmentation = augmentation or Augmentation()
        self.networks = networks = networks if networks > 1 else None
        self._input = InputAdapter(model, image_shape, classes, pixels, labels)
        self.geometry = self._input.geometry
        self._input.build(model)
        model.reset_metrics()
        self.fresh_metrics = read_state(model).metrics
        if networks is not None:
            self.fresh_metrics = [
                jnp.broadcast_to(value, (networks, *value.shape)) for value in self.fresh_metrics
            ]
        self._steps_a_second: float | None = None
        self._devices = Devices(networks)
        self._on_devices: tuple[Window, Window] | None = None
        steps = Steps(model, self._input, self.augmentation, networks, self._devices.split)
        divided = self._devices.divided
        self._train = jax.jit(
            divided(steps.train, rows=(0, 3, 4)),  # state, order, keys
            donate_argnums=0,
            static_argnames="size",
            compiler_options=compiler_options(optimize=True),
        )
        self._test = jax.jit(
            divided(steps.test, rows=(0,)),
            static_argnames="size",
            compiler_options=compiler_options(),
        )
        self._ahead: Thread | None = None
        self._compiled_ahead = False
        for other in models[1:]:
            self._input.build(other)

    @classmethod
    def from_recipe(
        cls,
        models: Sequence[keras.Model],
        recipe: Recipe,
        image_shape: tuple[int, ...],
        classes: int,
        networks: int | None = None,
        labels: str = "index",
    ) -> Program:
        """The program that trains networks of a recipe; see the class for the arguments."""
        return cls(
            models,
            image_shape,
            classes,
            recipe.batch_size,
            recipe.augmentation,
            networks,
            recipe.input_range,
            labels,
        )

    def new_state(self, model: keras.Model) -> State:
        """The state of another compiled network of this architecture, which is built."""
        self._input.build(model)
        model.reset_metrics()
        return read_state(model)

    def train_epoch(
        self,
        state: State,
        data: DeviceData,
        epoch: int,
        seeds: Sequence[int],
        shuffle: bool = True,
        indices: np.ndarray | None = None,
        then: DeviceData | None = None,
        segment: int | None = None,
    ) -> Generator[tuple[State, int, Logs], State | None]:
        """Train one epoch; called by ``run_epoch`` only, which describes the arguments.

        Args:
            then: the data that is evaluated next, whose program is compiled in a thread.

        Yields:
            State, images seen and running logs. A state that is sent back replaces it.
        """
        unsigned = np.array([seed % 2**32 for seed in seeds], np.uint32)
        keys = epoch_keys(unsigned if self.networks else unsigned[0], epoch)
        state, before = self._devices.placed(self._fresh(state, state.optimizer)), 0
        for window in map(self._place, data.windows(self.batch_size, epoch if shuffle else None)):
            number = () if data.whole else (window.number,)
            n = window.count if indices is None else indices.shape[1]
            orders = np.stack([shuffled(n, (seed, epoch, *number), shuffle) for seed in seeds])
            if indices is not None:
                orders = np.take_along_axis(indices.astype(np.int32), orders, axis=1)
            window_keys = folded(keys, len(data) + 1 + window.number) if number else keys
            steps = self._train_window(state, window, orders, window_keys, epoch, segment)
            replaced: State | None = None
            with suppress(StopIteration):
                while True:
                    state, seen, logs = steps.send(replaced)
                    if then is not None and not self._compiled_ahead:
                        self._compile_ahead(state, data, then)
                    replaced = yield state, before + seen, logs
                    state = state if replaced is None else replaced
            before += n

    def _train_window(
        self,
        state: State,
        window: Window,
        orders: np.ndarray,
        keys: jax.Array,
        epoch: int,
        segment: int | None,
    ) -> Generator[tuple[State, int, Logs], State | None]:
        """Train on the images of a window, in the orders int ``[networks, images]``."""
        images, labels, batch, n = window.images, window.labels, self.batch_size, orders.shape[1]
        whole, rest = divmod(n, batch)
        # A window that is not full is padded to the shape of the others, to share their program.
        padding = max(0, len(images) - n) if window.count == n else 0
        padded = np.pad(orders, ((0, 0), (0, padding)))
        order = jnp.asarray(padded if self.networks else padded[0])
        step = 0
        while step < whole:
            stop = min(whole, step + (segment or self._segment()))
            began = time.perf_counter()
            arrays = (images, labels, order, keys)
            state, logs = self._train(state, *arrays, epoch, step, stop, size=batch)
            logs = jax.device_get(logs)
            self._steps_a_second = (stop - step) / (time.perf_counter() - began)
            step = stop
            state = (yield state, step * batch, logs) or state
        if rest:
            self._wait()
            tail = order[..., whole * batch : n]
            keys = folded(keys, n)
            state, logs = self._train(state, images, labels, tail, keys, epoch, 0, 1, size=rest)
            yield state, n, jax.device_get(logs)

    def evaluate(self, state: State, data: DeviceData, batch: int = EVALUATION_BATCH) -> Logs:
        """Loss and metrics over a dataset in batches; every image counts once."""
        *_, logs = self._evaluate(state, data, batch)  # each has the sums of all before
        return jax.device_get(logs)  # type: ignore[no-any-return]

    def evaluation_steps(self, state: State, data: DeviceData, batch: int) -> Iterator[Logs]:
        """The running logs of ``evaluate`` after each batch of this size."""
        return map(jax.device_get, self._evaluate(state, data, batch, segment=1))

    def _evaluate(
        self, state: State, data: DeviceData, batch: int, segment: int | None = None
    ) -> Iterator[dict[str, jax.Array]]:
        """The running logs after each segment of so many steps; None for all of a window."""
        self._wait()
        state = self._devices.placed(self._fresh(state, []))
        for window in map(self._place, data.windows(batch)):
            for images, labels, steps, size in _batches(window, batch):
                for step in range(0, steps, segment or steps):
                    stop = step + (segment or steps)
                    state, logs = self._test(state, images, labels, step, stop, size=size)
                    yield logs

    def _place(self, window: Window) -> Window:
        """Copy a window to all devices, or remember that it was."""
        if not self._devices.are_several:
            return window
        if self._on_devices is None or self._on_devices[0] is not window:
            images, labels = self._devices.copied((window.images, window.labels))
            self._on_devices = (window, replace(window, images=images, labels=labels))
        return self._on_devices[1]

    def _compile_ahead(self, state: State, data: DeviceData, then: DeviceData) -> None:
        """Start compiling the step of the last, smaller batch and the evaluation in a thread."""
        self._compiled_ahead = True
        several = self._devices.are_several  # shapes alone do not say where arrays are
        if data.whole is not None and then.whole is not None and not several:
            shapes = _shapes(state)  # the arrays are consumed meanwhile
            self._ahead = Thread(target=self._compile, args=(shapes, data.whole, then.whole))
            self._ahead.start()

    def _compile(self, state: State, window: Window, then: Window) -> None:
        leading = () if self.networks is None else (self.networks,)
        rest = window.count % self.batch_size
        if rest:
            arrays = _shapes((window.images, window.labels))
            order = np.zeros((*leading, rest), np.int32)
            keys = jax.eval_shape(epoch_keys, np.zeros(leading, np.uint32), 0)
            self._train.lower(state, *arrays, order, keys, 0, 0, 1, size=rest).compile()
        state = State(state.trainable, state.non_trainable, [], state.metrics)
        for images, labels, steps, size in _batches(then, EVALUATION_BATCH):
            self._test.lower(state, images, labels, 0, steps, size=size).compile()

    def _wait(self) -> None:
        """Wait for the compiling thread, as Keras cannot trace a model in two threads at once."""
        if self._ahead is not None:
            self._ahead.join()
            self._ahead = None

    def _fresh(self, state: State, optimizer: list[jax.Array]) -> State:
        """The state at the beginning of an epoch or evaluation, with metrics of no images."""
        return State(state.trainable, state.non_trainable, optimizer, copied(self.fresh_metrics))

    def _segment(self) -> int:
        if self._steps_a_second is None:
            return 16
        return max(1, int(self._steps_a_second * SEGMENT_SECONDS))


def _batches(window: Window, batch: int) -> Iterator[tuple[jax.Array, Labels, int, int]]:
    """Images, labels, number of batches and batch size: the full batches, then the remainder."""
    size = min(batch, window.count)
    whole, rest = divmod(window.count, size)
    yield window.images, window.labels, whole, size
    if rest:
        tail = slice(whole * size, window.count)
        yield window.images[tail], jax.tree.map(lambda a: a[tail], window.labels), 1, rest


def _shapes(arrays: Any) -> Any:
    shape: Any = jax.ShapeDtypeStruct
    return jax.tree.map(lambda array: shape(array.shape, array.dtype), arrays)
