"""Models and weights in a run folder: where they are, writing and reading them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path

if TYPE_CHECKING:
    import keras


def model_path(folder: Path, seed: int) -> Path:
    """Where the trained model of a seed is kept."""
    return folder / "models" / f"seed-{seed}.keras"


def weights_path(folder: Path, seed: int) -> Path:
    """Where the weights of a seed are kept."""
    return folder / "weights" / f"seed-{seed}.weights.h5"


def save_model(folder: Path, seed: int, model: keras.Model) -> None:
    """Write a trained model and its weights, each whole or not at all."""
    with atomic_path(model_path(folder, seed)) as path:
        _of_keras_alone(model).save(path)
    with atomic_path(weights_path(folder, seed)) as path:
        model.save_weights(path)


def _of_keras_alone(model: keras.Model) -> keras.Model:
    """The model; with Adam where its optimizer or schedule is one that Keras alone cannot load."""
    from tenfold.core.backend import keras
    from tenfold.networks import custom_objects

    if not custom_objects(keras.saving.serialize_keras_object(model.optimizer)):
        return model
    alone = keras.models.clone_model(model)
    alone.set_weights(model.get_weights())
    alone.compile("adam", model.loss, metrics=["accuracy"])
    alone.optimizer.build(alone.trainable_variables)
    return alone


def load_model(folder: Path, seed: int) -> keras.Model:
    """Read a trained model back, in Keras's safe mode.

    Raises:
        InputError: it is missing or damaged.
    """
    import tenfold.engine.compile  # noqa: F401 - registers tenfold's optimizer and schedule
    from tenfold.core.backend import keras

    return read(
        model_path(folder, seed), lambda path: keras.models.load_model(path, safe_mode=True)
    )


def load_weights(model: keras.Model, path: Path, origin: keras.Model) -> None:
    """Load ``.weights.h5`` into a model, or say which layer does not fit.

    Args:
        model: takes the weights.
        path: of the weights.
        origin: the model they belong to.

    Raises:
        InputError: the first layer whose shapes differ is named, with both; or the file is
            missing or damaged.
    """
    require_same_shapes(model, origin)
    read(path, model.load_weights)


def require_same_shapes(model: keras.Model, origin: keras.Model) -> None:
    """Refuse a model whose weights have other shapes than those of another.

    Raises:
        InputError: the first layer whose shapes differ is named, with both.
    """
    if not model.built:
        raise InputError("the model has no weights yet; begin it with keras.Input, or call it once")
    ours, theirs = _weight_shapes(model), _weight_shapes(origin)
    for (name, shapes), (other, expected) in zip(ours, theirs, strict=False):
        if shapes != expected:
            raise InputError(
                f"layer {name!r} has weights of shape {_text(shapes)}, the saved {other!r} has "
                f"{_text(expected)}; build the network of the same layers and units"
            )
    if len(ours) != len(theirs):
        raise InputError(
            f"the model has {len(ours)} layers with weights, the saved one {len(theirs)}; "
            "build the same network"
        )


def _weight_shapes(model: keras.Model) -> list[tuple[str, list[tuple[int, ...]]]]:
    return [
        (layer.name, [tuple(weight.shape) for weight in layer.weights])
        for layer in model.layers
        if layer.weights
    ]


def _text(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join(str(list(shape)) for shape in shapes)


def read(path: Path, reader: Callable[[Path], Any]) -> Any:
    """Read a file of a run folder.

    Raises:
        InputError: it is missing or damaged.
    """
    if not path.is_file():
        raise InputError(f"{path}: missing; the run folder is not whole, train again")
    try:
        return reader(path)
    except Exception as error:  # Keras, HDF5, zip and pandas raise all sorts at damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read ({reason}); the run folder is not whole, train again"
        ) from error
