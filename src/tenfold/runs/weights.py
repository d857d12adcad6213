"""Keras models and weights in a run folder."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path
from tenfold.runs.layout import model_path, read_file, weights_path

if TYPE_CHECKING:
    import keras


def save_model(folder: Path, seed: int, model: keras.Model) -> None:
    """Write a trained model and its weights, each atomically."""
    with atomic_path(model_path(folder, seed)) as path, _zip_dates_in_range():
        _loadable_by_keras(model).save(path)
    with atomic_path(weights_path(folder, seed)) as path:
        model.save_weights(path)


@contextmanager
def _zip_dates_in_range() -> Iterator[None]:
    """Let Keras write its archive although the clock shows a year that ZIP cannot store.

    Boards without a battery start in 1970. Source: the documentation of ``zipfile.ZipInfo``.
    """
    if 1980 <= time.localtime().tm_year <= 2107:
        yield
        return
    original = zipfile.ZipInfo
    zipfile.ZipInfo = _FirstDate  # type: ignore[misc]
    try:
        yield
    finally:
        zipfile.ZipInfo = original  # type: ignore[misc]


class _FirstDate(zipfile.ZipInfo):
    def __init__(self, filename: str = "NoName", date_time: Any = None) -> None:
        super().__init__(filename)


def _loadable_by_keras(model: keras.Model) -> keras.Model:
    """The model, with Adam and the loss of the labels instead of what Keras cannot load alone."""
    from tenfold.core.backend import keras
    from tenfold.engine.distillation import Distillation
    from tenfold.networks import custom_objects

    taught = isinstance(model.loss, Distillation)
    if not (taught or custom_objects(keras.saving.serialize_keras_object(model.optimizer))):
        return model
    model.compiled = False  # else its loss and optimizer are copied, too
    try:
        copy = keras.models.clone_model(model)
    finally:
        model.compiled = True
    copy.set_weights(model.get_weights())
    metrics = ["accuracy"] if taught else model.get_compile_config()["metrics"]
    copy.compile("adam", model.loss.base if taught else model.loss, metrics=metrics)
    copy.optimizer.build(copy.trainable_variables)
    return copy


def load_model(folder: Path, seed: int) -> keras.Model:
    """Load a trained model in Keras's safe mode.

    Raises:
        InputError: the file is missing or damaged.
    """
    import tenfold.engine.compile  # noqa: F401 - registers tenfold's optimizer and schedule
    from tenfold.core.backend import keras

    path = model_path(folder, seed)
    return read_file(path, lambda path: keras.models.load_model(path, safe_mode=True))


def load_weights(model: keras.Model, path: Path, origin: keras.Model) -> None:
    """Load ``.weights.h5`` into a model.

    Args:
        model: to write the weights into.
        path: of the weights.
        origin: the model that the weights were saved from.

    Raises:
        InputError: the models differ in the shapes of a layer, or the file is missing or damaged.
    """
    require_same_shapes(model, origin)
    read_file(path, model.load_weights)


def require_same_shapes(model: keras.Model, origin: keras.Model) -> None:
    """Refuse two models whose weights differ in shape.

    Raises:
        InputError: names the first layer that differs, with both shapes.
    """
    if not model.built:
        raise InputError("the model has no weights yet; start it with keras.Input, or call it once")
    ours, theirs = _weight_shapes(model), _weight_shapes(origin)
    for (name, shapes), (other, expected) in zip(ours, theirs, strict=False):
        if shapes != expected:
            raise InputError(
                f"layer {name!r} has weights of shape {_text(shapes)}, the saved {other!r} has "
                f"{_text(expected)}; build a network with the same layers and units"
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
