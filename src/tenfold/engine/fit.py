"""``fit``: the fast counterpart of ``keras.Model.fit`` for MNIST-format data."""

from __future__ import annotations

from collections.abc import Sequence

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.callbacks import CallbackEpochs
from tenfold.engine.device_data import DeviceData
from tenfold.engine.pixels import PixelRange, find_pixel_range
from tenfold.engine.program import Program
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
    pixels: str | None = None,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    initial_epoch: int = 0,
) -> keras.callbacks.History:
    """Train a compiled Keras model, whole epochs as one compiled program.

    Equivalent to ``model.fit``, with the same meaning of every argument; the model is trained in
    place. The images stay on the device as uint8 and are scaled inside the program. Labels are
    one-hot encoded if the loss requires it. The last, smaller batch is used too.

    Callbacks are called as in Keras. If one has a hook for batches, such as
    ``on_train_batch_end``, the steps run one by one, which is slower: the model has the values of
    each step while the hook runs, and what it changes, such as the learning rate, counts.

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
        pixels: the range in which the model is fed pixels: ``unit`` for [0, 1], ``byte`` for
            [0, 255]. By default the range that the model expects: its operations on pixels before
            the first weights are followed, also in nested models, Lambda layers and
            augmentation; a model without any is fed [0, 1]. The decision is printed unless
            ``verbose`` is 0.
        augmentation: random changes of the training images, in [0, 1].
        callbacks: Keras callbacks.
        verbose: as in Keras: 0 silent, 1 progress bar, 2 one line per epoch.
        initial_epoch: the epoch at which training starts.

    Returns:
        The Keras ``History``, whose ``.history`` has one list per metric.

    Raises:
        InputError: the model is not compiled or does not fit the data, an argument is out of
            range, or the model does not tell which ``pixels`` it expects. A loss of NaN raises
            nothing: it is in the history, as in Keras.

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
    chosen = find_pixel_range(model, data) if pixels is None else _given_range(pixels)
    if verbose != 0 and pixels is None:
        print(chosen.describe())  # noqa: T201
    program = Program(
        [model],
        data.shape[1:],
        len(data.class_names),
        min(batch_size, len(data)),
        augmentation,
        pixels=chosen.name,
    )
    callbacks = keras.tree.flatten(callbacks) if callbacks else []
    callback_list = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=epochs,
        steps=-(-len(data) // program.batch_size),
        model=model,
    )
    training = CallbackEpochs(program, callbacks, callback_list)
    train = DeviceData(data)
    held_out = None if validation is None else DeviceData(validation)
    model.stop_training = False
    logs: dict[str, float] = {}
    callback_list.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        callback_list.on_epoch_begin(epoch)
        logs = training.train(train, epoch, seed, shuffle)
        if held_out is not None:
            logs |= training.validate(held_out)
        callback_list.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callback_list.on_train_end(logs)
    history: keras.callbacks.History = model.history
    return history


def _given_range(pixels: str) -> PixelRange:
    if pixels not in ("unit", "byte"):
        raise InputError(f"pixels: {pixels!r}; give 'unit' for 0 to 1, or 'byte' for 0 to 255")
    return PixelRange(pixels, "the argument says so")


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
