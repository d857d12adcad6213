"""``fit``: the fast counterpart of ``keras.Model.fit`` for MNIST-format data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.device_data import DeviceData
from tenfold.engine.epoch import run_epoch
from tenfold.engine.program import Logs, Program
from tenfold.engine.state import State, read_state, write_state
from tenfold.networks.recipes import Augmentation


def fit(
    model: keras.Model,
    data: Dataset,
    *,
    validation: Dataset | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int = 0,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    initial_epoch: int = 0,
) -> keras.callbacks.History:
    """Train a compiled Keras model, whole epochs as one compiled program.

    Equivalent to ``model.fit``, with the same meaning of every argument; the model is trained in
    place. The images stay on the device as uint8 and are scaled to [0, 1] inside the
    program; a model that begins with ``Rescaling`` receives them unscaled. Labels are one-hot
    encoded if the loss requires it. The last, smaller batch is used too.

    Callbacks are called as in Keras at the start and end of training, epochs and validation.
    Batch callbacks are called a few times a second, with the index of the latest batch.

    Args:
        model: compiled, with an input of ``[pixels]``, ``[height, width]`` or
            ``[height, width, 1]`` and one softmax output per class.
        data: images uint8 ``[n, height, width]`` and labels to train on.
        validation: evaluated after each epoch, as ``val_loss`` and ``val_`` metrics.
        epochs: the epoch at which training stops.
        batch_size: images per step.
        shuffle: draw a new order of the images for each epoch.
        seed: decides the order and the augmentation. Initial weights and dropout are the
            model's own: see ``keras.utils.set_random_seed``.
        augmentation: random changes of the training images.
        callbacks: Keras callbacks.
        verbose: as in Keras: 0 silent, 1 progress bar, 2 one line per epoch.
        initial_epoch: the epoch at which training starts.

    Returns:
        The Keras ``History``, whose ``.history`` has one list per metric.

    Raises:
        InputError: the model is not compiled or does not fit the data, or an argument is out of
            range. A loss of NaN raises nothing: it is in the history, as in Keras.

    Example:
        >>> import keras, tenfold
        >>> data = tenfold.load("mnist")
        >>> model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
        >>> model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        >>> history = tenfold.fit(model, data.train[:960], epochs=2, verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']
    """
    _check(data, epochs, batch_size)
    program = Program(
        [model], data.shape[1:], len(data.class_names), min(batch_size, len(data)), augmentation
    )
    callback_list = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=epochs,
        steps=-(-len(data) // program.batch_size),
        model=model,
    )
    train = DeviceData(data)
    held_out = None if validation is None else DeviceData(validation)
    model.stop_training = False
    logs: dict[str, float] = {}
    callback_list.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        callback_list.on_epoch_begin(epoch)
        logs = _train_epoch(program, train, epoch, seed, shuffle, callback_list)
        if held_out is not None:
            logs |= _validate(program, held_out, callback_list)
        callback_list.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callback_list.on_train_end(logs)
    history: keras.callbacks.History = model.history
    return history


def _train_epoch(
    program: Program, data: DeviceData, epoch: int, seed: int, shuffle: bool, callbacks: Any
) -> dict[str, float]:
    """One epoch from the model's values and back into them, also when it is interrupted."""
    latest = read_state(program.model)
    logs: dict[str, float] = {}

    def on_steps(state: State, images: int, running: Logs) -> bool:
        nonlocal latest, logs
        latest, logs = state, as_floats(running)
        callbacks.on_train_batch_end(-(-images // program.batch_size) - 1, logs)
        return bool(program.model.stop_training)

    callbacks.on_train_batch_begin(0)
    try:
        run_epoch(program, latest, data, epoch, [seed], shuffle=shuffle, on_steps=on_steps)
    finally:
        # An interrupted step has consumed its arrays: then the model keeps its values.
        if not any(value.is_deleted() for value in jax.tree.leaves(latest)):
            write_state(program.model, latest)
    return logs


def _validate(program: Program, data: DeviceData, callbacks: Any) -> dict[str, float]:
    callbacks.on_test_begin()
    logs = as_floats(program.evaluate(read_state(program.model), data))
    callbacks.on_test_end(logs)
    return {f"val_{name}": value for name, value in logs.items()}


def as_floats(logs: Logs) -> dict[str, float]:
    """Logs of one network as Python floats."""
    return {name: float(np.asarray(value)) for name, value in logs.items()}


def _check(data: Dataset, epochs: int, batch_size: int) -> None:
    if not isinstance(data, Dataset):
        raise InputError(
            f"data: got {type(data).__name__}; give a Dataset, such as tenfold.load('mnist').train"
        )
    if len(data) == 0:
        raise InputError("data: no images; give at least one")
    if batch_size < 1:
        raise InputError(f"batch_size: {batch_size}; give a whole number from 1")
    if epochs < 1:
        raise InputError(f"epochs: {epochs}; give a whole number from 1")
