"""Epochs of ``fit`` with Keras callbacks, whose batch hooks see every step if they are used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.engine.device_data import DeviceData
from tenfold.engine.epoch import run_epoch
from tenfold.engine.program import Logs, Program
from tenfold.engine.state import State, read_state, write_state
from tenfold.engine.tensorboard_summary import without_tensorflow

_TRAIN_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
_PASSES = 1 << 21  # stream of random numbers, different from those of seeds
_TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")


class CallbackEpochs:
    """Trains and evaluates single epochs of a model in place, and calls its callbacks.

    Steps run a few hundred at a time. If a callback has a hook for batches, they run one by one:
    the model has the values of each step while the hook runs, and what the hook changes counts.

    Args:
        program: of one model.
        data: the training images.
        callbacks: of the user, one or several.
        verbose: as in Keras.
        epochs: the epoch at which training stops.
        count: images of an epoch; None for all.
        test_batch: images per step of validation; None for as many as in training.
        test_epochs: validate after epochs whose number this divides, or after these.

    Raises:
        InputError: an epoch of ``count`` images needs all of them on the device.
    """

    def __init__(
        self,
        program: Program,
        data: DeviceData,
        callbacks: Any,
        verbose: int | str,
        epochs: int,
        count: int | None = None,
        test_batch: int | None = None,
        test_epochs: int | Collection[int] = 1,
    ) -> None:
        if count is not None and data.whole is None:
            raise InputError("steps_per_epoch: the images do not fit on the device; leave it out")
        self._program, self._data, self._count = program, data, count
        self._test_batch = test_batch or program.batch_size
        self._test_epochs = test_epochs
        self._steps = -(-(count or len(data)) // program.batch_size)
        own = keras.tree.flatten(callbacks) if callbacks else []
        without_tensorflow(own, program.model)
        self._each_step = _use_hooks(own, _TRAIN_HOOKS)
        self._each_test_step = _use_hooks(own, _TEST_HOOKS)
        self._callbacks = keras.callbacks.CallbackList(
            own,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=1 if verbose == "auto" else verbose,
            epochs=epochs,
            steps=self._steps,
            model=program.model,
        )

    def run(
        self, epochs: range, seed: int, shuffle: bool, validation: DeviceData | None
    ) -> keras.callbacks.History:
        """Train the epochs; the history of their logs.

        Args:
            epochs: their numbers.
            seed: decides the order of the images and the augmentation.
            shuffle: draw a new order for each epoch.
            validation: evaluated after epochs; None for nothing.
        """
        model, callbacks = self._program.model, self._callbacks
        model.stop_training = False
        logs: dict[str, float] = {}
        callbacks.on_train_begin()
        start = getattr(model, "_initial_epoch", None) or epochs.start  # of BackupAndRestore
        for epoch in range(start, epochs.stop):
            callbacks.on_epoch_begin(epoch)
            logs = self._train(epoch, seed, shuffle)
            if validation is not None and self._is_tested(epoch + 1):
                logs |= self._validate(validation)
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        model.optimizer.finalize_variable_values(model.trainable_weights)
        callbacks.on_train_end(logs)
        history: keras.callbacks.History = model.history
        return history

    def _train(self, epoch: int, seed: int, shuffle: bool) -> dict[str, float]:
        """One epoch from the model's values and back into them, also when it is interrupted."""
        program, callbacks, model = self._program, self._callbacks, self._program.model
        latest, logs = read_state(model), dict[str, float]()

        def on_steps(state: State, images: int, running: Logs) -> State | bool:
            nonlocal latest, logs
            latest, logs = state, as_floats(running)
            step = -(-images // program.batch_size)
            if not self._each_step:
                callbacks.on_train_batch_end(step - 1, logs)
                return bool(model.stop_training)
            write_state(model, state)
            callbacks.on_train_batch_end(step - 1, logs)
            if model.stop_training:
                latest = read_state(model)
                return True
            if step < self._steps:
                callbacks.on_train_batch_begin(step)
            latest = read_state(model)
            return latest

        callbacks.on_train_batch_begin(0)
        if self._each_step:
            latest = read_state(model)
        segment = 1 if self._each_step else None
        try:
            run_epoch(
                program,
                latest,
                self._data,
                epoch,
                [seed],
                shuffle=shuffle,
                indices=self._indices(epoch, seed, shuffle),
                on_steps=on_steps,
                segment=segment,
            )
        finally:
            # An interrupted step has consumed its arrays: then the model keeps its values.
            if not any(value.is_deleted() for value in jax.tree.leaves(latest)):
                write_state(model, latest)
        return logs

    def _indices(self, epoch: int, seed: int, shuffle: bool) -> npt.NDArray[np.int64] | None:
        """The images ``[1, count]`` of an epoch, where the one before ended.

        As in Keras, the last epoch of a pass over the images has fewer if none are left.
        """
        if self._count is None:
            return None
        number, part = divmod(epoch, -(-len(self._data) // self._count))
        order = np.arange(len(self._data))
        if shuffle:
            order = np.random.default_rng([seed % 2**32, _PASSES, number]).permutation(order)
        return order[None, part * self._count : (part + 1) * self._count]

    def _is_tested(self, number: int) -> bool:
        """Whether validation follows the epoch of this number, from 1."""
        every = self._test_epochs
        return number % every == 0 if isinstance(every, int) else number in every

    def _validate(self, data: DeviceData) -> dict[str, float]:
        """Loss and metrics of the model on a dataset, with the prefix ``val_``."""
        program, callbacks = self._program, self._callbacks
        callbacks.on_test_begin()
        state = read_state(program.model)
        if self._each_test_step:
            logs: Logs = {}
            steps = program.evaluation_steps(state, data, self._test_batch)
            for step in range(-(-len(data) // self._test_batch)):
                callbacks.on_test_batch_begin(step)
                logs = next(steps)
                callbacks.on_test_batch_end(step, as_floats(logs))
        else:
            logs = program.evaluate(state, data, self._test_batch)
        floats = as_floats(logs)
        callbacks.on_test_end(floats)
        return {f"val_{name}": value for name, value in floats.items()}


def as_floats(logs: Logs) -> dict[str, float]:
    """Logs of one network as Python floats."""
    return {name: float(np.asarray(value)) for name, value in logs.items()}


def _use_hooks(callbacks: Sequence[Any], names: Sequence[str]) -> bool:
    """Whether a callback does something in one of these hooks of batches."""
    return any(
        not getattr(hook, "_is_default", False)
        and not (hook.__module__.startswith("keras.") and _acts_by_epoch(callback))
        for callback in callbacks
        for hook in (getattr(callback, name) for name in names)
    )


def _acts_by_epoch(callback: Any) -> bool:
    """Whether a callback of Keras acts at the end of epochs only, with its arguments."""
    frequencies = [getattr(callback, name, "epoch") for name in ("save_freq", "update_freq")]
    return frequencies == ["epoch", "epoch"]
