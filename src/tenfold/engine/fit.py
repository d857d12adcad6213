"""``fit``: the fast counterpart of ``keras.Model.fit`` for MNIST-format data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.callbacks import CallbackEpochs
from tenfold.engine.device_data import DeviceData
from tenfold.engine.fit_data import FitData, prepare_data
from tenfold.engine.losses import warn_of_outputs
from tenfold.engine.pixel_range import RAW, PixelRange
from tenfold.engine.pixels import find_pixel_range
from tenfold.engine.program import Program
from tenfold.networks.recipes import Augmentation

ClassWeight = Mapping[int, float] | Mapping[str, float] | str


def fit(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    validation: Dataset | tuple[Any, ...] | None = None,
    validation_data: Dataset | tuple[Any, ...] | None = None,
    validation_split: float = 0.0,
    epochs: int = 1,
    batch_size: int | None = None,
    shuffle: bool = True,
    class_weight: ClassWeight | None = None,
    sample_weight: Any = None,
    seed: int = 0,
    pixels: str | None = None,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] | keras.callbacks.Callback = (),
    verbose: int | str = "auto",
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: int | Collection[int] = 1,
) -> keras.callbacks.History:
    """Train a compiled Keras model, whole epochs as one compiled program.

    Equivalent to ``model.fit``, with the same meaning of every argument; the model is trained in
    place. The images stay on the device and are scaled and shaped inside the program: reshaped,
    padded or resized to the model's input, grey repeated to three channels. Labels are encoded as
    the loss requires. The last, smaller batch is used too.

    Callbacks are called as in Keras. If one has a hook for batches, such as
    ``on_train_batch_end``, the steps run one by one, which is slower: the model has the values of
    each step while the hook runs, and what it changes, such as the learning rate, counts.

    Args:
        model: compiled, of any kind: Sequential, functional or subclassed, also with Lambda
            layers. It has one input, the images, and one output: one unit per class, or one
            sigmoid unit for two classes. Without ``keras.Input``, it is built for the images.
        x: a Dataset; or images ``[n, ...]``, which are fed as they are.
        y: labels of the images if ``x`` is no Dataset: numbers or words ``[n]``, or rows
            ``[n, classes]``.
        validation: a Dataset, or a tuple ``(x, y)`` or ``(x, y, sample_weight)``, evaluated after
            each epoch, as ``val_loss`` and ``val_`` metrics.
        validation_data: the same, by Keras's name.
        validation_split: the share of the last images to use as validation instead.
        epochs: the epoch at which training stops.
        batch_size: images per step; 32 by default.
        shuffle: draw a new order of the images for each epoch.
        class_weight: weight in the loss by class, its number or name, 1 for others; ``balanced``
            for weights that make all classes count the same.
        sample_weight: weight in the loss of each image, float ``[n]``.
        seed: decides the order and the augmentation. Initial weights and dropout are the
            model's own: see ``keras.utils.set_random_seed``.
        pixels: the range in which the model is fed the pixels of a Dataset or of uint8 arrays:
            ``unit`` for [0, 1], ``byte`` for [0, 255]. By default arrays are fed as they are, and
            a Dataset in the range that the model expects: its operations on pixels before
            the first weights are followed, also in nested models, Lambda layers and
            augmentation; a model without any is fed [0, 1]. The decision is printed unless
            ``verbose`` is 0.
        augmentation: random changes of the training images, in [0, 1].
        callbacks: Keras callbacks.
        verbose: as in Keras: 0 silent, 1 progress bar, 2 one line per epoch.
        initial_epoch: the epoch at which training starts.
        steps_per_epoch: steps of an epoch; the next epoch goes on with the images that follow.
        validation_steps: steps of validation; by default all images are validated on.
        validation_batch_size: images per step of validation; by default ``batch_size``.
        validation_freq: validate after epochs whose number this divides, or after those of a list,
            from 1.

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
    batch_size = 32 if batch_size is None else batch_size
    test_batch = batch_size if validation_batch_size is None else validation_batch_size
    _check(epochs, batch_size, steps_per_epoch, validation_steps, test_batch)
    held_out = validation if validation_data is None else validation_data
    data = prepare_data(model, x, y, held_out, validation_split, class_weight, sample_weight)
    if validation_steps is not None:
        data = data.with_validation(validation_steps * test_batch)
    chosen = _pixel_range(model, data, pixels, augmentation)
    warn_of_outputs(model)
    program = Program(
        [model],
        data.image_shape,
        data.classes,
        min(batch_size, len(data.train)),
        augmentation,
        pixels=chosen.name,
        labels=data.encoding,
    )
    for line in (chosen.describe(), program.geometry.note):
        if verbose != 0 and pixels is None and line:
            print(line)  # noqa: T201
    count = None if steps_per_epoch is None else steps_per_epoch * program.batch_size
    train = DeviceData(data.train, data.weights)
    tested = None if data.validation is None else DeviceData(data.validation, data.test_weights)
    training = CallbackEpochs(
        program, train, callbacks, verbose, epochs, count, test_batch, validation_freq
    )
    return training.run(range(initial_epoch, epochs), seed, shuffle, tested)


def _pixel_range(
    model: keras.Model, data: FitData, pixels: str | None, augmentation: Augmentation | None
) -> PixelRange:
    """The range that pixels are fed in; ``byte`` also stands for arrays as they are."""
    if pixels not in (None, "unit", "byte"):
        raise InputError(f"pixels: {pixels!r}; give 'unit' for 0 to 1, or 'byte' for 0 to 255")
    if isinstance(data.train, Dataset):
        if pixels is not None:
            return PixelRange(pixels, "the argument says so")
        return find_pixel_range(model, data.train, data.encoding)
    images = data.train.images
    if images.dtype == "uint8" and pixels is not None:
        return PixelRange(pixels, "the argument says so")
    if pixels is not None:
        raise InputError("pixels: x is of floats, which are fed as they are; leave it out")
    if augmentation:
        raise InputError("augmentation: x is of floats; give a Dataset or images of type uint8")
    low, high = float(images.min()), float(images.max())
    reason = f"x is fed as it is{_doubt(model, data, high)}"
    return PixelRange("byte", reason, f"{low:g} to {high:g}")


def _doubt(model: keras.Model, data: FitData, high: float) -> str:
    """What contradicts the range of arrays: as in Keras, they are fed in it all the same."""
    try:
        expected = find_pixel_range(model, data.train, data.encoding)
    except InputError:
        return ""
    if expected == RAW:
        return "; pixels='unit' feeds 0 to 1" if data.train.images.dtype == "uint8" else ""
    if (expected.name == "byte") == (high > 2):
        return ""
    return f", but {expected.reason}: check x"


def _check(*values: int | None) -> None:
    names = ("epochs", "batch_size", "steps_per_epoch", "validation_steps", "validation_batch_size")
    for name, value in zip(names, values, strict=True):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise InputError(f"{name}: {value}; give a whole number from 1")
