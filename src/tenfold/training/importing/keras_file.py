"""Keras models of others: ``.keras`` of Keras 3 and ``.h5`` of TensorFlow's Keras 2."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras, unusual_configuration
from tenfold.core.errors import InputError, one_line
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.engine.compile import compile_network
from tenfold.engine.geometry import find_geometry
from tenfold.engine.inference import Probabilities
from tenfold.engine.inputs import call_network, input_shape, output_shape
from tenfold.engine.pixel_range import RAW
from tenfold.engine.pixels import find_pixel_range
from tenfold.evaluation import PredictFunction
from tenfold.networks import python_file, to_json
from tenfold.networks.recipes import Recipe
from tenfold.runs import onnx_networks
from tenfold.runs.layout import NETWORK
from tenfold.runs.weights import save_model
from tenfold.training.importing.files import ModelFile
from tenfold.training.importing.input_values import NAMED, Found, InputValues
from tenfold.training.importing.wiring import Wiring

_DEFAULTS: Mapping[str, Any] = {"groups": 1, "time_major": False, "implementation": 1}
"""Arguments of layers that Keras 3 has dropped, with the values that mean what it does."""

_PLAIN = ("unit", "byte")
"""Values that are fed without a layer, by the input range of the recipe."""

_BATCH = 100


class KerasNetwork:
    """A Keras model of others.

    Attributes:
        shape: of one input, without the batch axis; None where the model leaves a size open.
        class_names: none, as Keras stores no names.
        preferred: the values that it takes if several are equally good.
    """

    class_names: tuple[str, ...] = ()
    preferred = "unit"

    def __init__(self, file: ModelFile) -> None:
        self._model = load(file.path)
        shape = getattr(self._model, "input_shape", None)
        if not isinstance(shape, tuple) or any(isinstance(axis, tuple) for axis in shape):
            raise InputError(f"{file.given}: has several inputs, or none; give a model of images")
        self.shape: tuple[int | None, ...] = shape[1:]
        if len(output_shape(self._model, self.shape)) != 1:  # type: ignore[arg-type]
            raise InputError(f"{file.given}: its outputs are not one number a class")
        python_file.require_keras_layers(self._model, str(file.given))
        self.teachable = file.teachable

    def decided(self, data: Dataset) -> Found | None:
        """The values that its operations on pixels tell; None if they do not."""
        if self.teachable:
            return Found(NAMED["signed"], "Teachable Machine does so")
        self._model.compile("sgd", "categorical_crossentropy")
        try:
            found = find_pixel_range(self._model, data)
        except InputError:
            return None
        return None if found == RAW else Found(NAMED[found.name], found.reason)

    def outputs(
        self, images: npt.NDArray[np.uint8]
    ) -> Callable[[InputValues], npt.NDArray[np.float32]]:
        """Return a function that gives the outputs for images, fed in some values."""
        return outputs_of(self._model, images)

    def write(
        self,
        folder: Path,
        recipe: Recipe,
        wiring: Wiring,
        images: npt.NDArray[np.uint8],
        classes: int,
    ) -> tuple[Recipe, PredictFunction]:
        """Write the model into the folder of a run.

        Args:
            folder: of the run.
            recipe: of the run, of which some fields are the model's.
            wiring: what is put before and after the model.
            images: to compare the ONNX copy on, uint8 ``[n, *shape]``.
            classes: their number.

        Returns:
            The recipe, with what the model decides, and the function that predicts.
        """
        model, shape = self._model, images.shape[1:]
        if wiring.order is not None:
            model = reordered(model, wiring.order)
        plain = wiring.values.name in _PLAIN
        if not plain or wiring.outputs == "sum":
            model = _wrapped(model, wiring, shape)
        losses, logits = keras.losses, wiring.outputs in ("softmax", "sigmoid")
        binary = wiring.outputs in ("sigmoid", "probability")
        kind = losses.BinaryCrossentropy if binary else losses.CategoricalCrossentropy
        loss = kind(from_logits=logits)
        recipe = recipe.replace(
            network=python_file.IN_MEMORY,
            loss=keras.losses.serialize(loss),
            input_range=wiring.values.name if plain else "byte",
        )
        compile_network(model, recipe, 1)
        model.optimizer.build(model.trainable_variables)
        with atomic_write(folder / NETWORK, "w") as file:
            file.write(to_json(model))
        save_model(folder, recipe.seed, model)
        predict = partial(Probabilities(model, shape, recipe.input_range), model)
        return recipe, onnx_networks.save(
            folder, recipe.seed, model, predict, images, recipe.input_range
        )


def load(path: Path) -> keras.Model:
    """Load a model in Keras's safe mode, without its loss and optimizer.

    Its content tells the container, whatever its name ends in.

    Raises:
        InputError: Keras cannot read it, or it holds weights only.
    """
    import h5py

    hdf5 = h5py.is_hdf5(path)
    if not hdf5 and not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name}: is neither a ZIP archive, as .keras files are, nor HDF5; it is damaged "
            "or incomplete: save or fetch it again"
        )
    try:
        with TemporaryDirectory(prefix="tenfold-") as folder:
            copy = Path(folder) / f"model{'.h5' if hdf5 else '.keras'}"
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
            if hdf5:
                _modernize(copy, path.name)
            return keras.models.load_model(copy, compile=False, safe_mode=True)
    except InputError:
        raise
    except Exception as error:  # Keras, HDF5 and zip raise many types
        raise InputError(f"{path.name}: Keras cannot load it ({_reason(error)})") from error


def _modernize(path: Path, name: str) -> None:
    """Change the configuration of a model of Keras 2 in its file; see `_modernized`."""
    import h5py

    with h5py.File(path, "r+") as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise InputError(
                f"{name}: holds weights without a network; load them into the network, and save "
                "it with model.save('model.keras')"
            )
        config = json.loads(text)
        file.attrs["model_config"] = json.dumps(_modernized(config, _names(config)))


def _names(config: Any) -> set[str]:
    """The names of layers that Keras 3 refuses for their slash."""
    if isinstance(config, Mapping):
        name = config.get("name")
        own = {name} if isinstance(name, str) and "/" in name else set()
        return own.union(*(_names(value) for value in config.values()))
    return set().union(*map(_names, config)) if isinstance(config, list) else set()


def _modernized(config: Any, slashed: set[str]) -> Any:
    """The configuration of a model of Keras 2 as Keras 3 takes it.

    Source: https://github.com/keras-team/keras/issues/19441 (``groups`` of DepthwiseConv2D).
    """
    if isinstance(config, Mapping):
        kind, values = config.get("class_name"), dict(config)
        if isinstance(kind, str) and isinstance(values.get("config"), Mapping):
            known = _arguments(kind)
            values["config"] = {
                key: value
                for key, value in values["config"].items()
                if key in known or key not in _DEFAULTS or value != _DEFAULTS[key]
            }
        return {key: _modernized(value, slashed) for key, value in values.items()}
    if isinstance(config, list):
        return [_modernized(value, slashed) for value in config]
    return config.replace("/", "_") if isinstance(config, str) and config in slashed else config


def _arguments(kind: str) -> Sequence[str]:
    import inspect

    layer = getattr(keras.layers, kind, None)
    return () if layer is None else list(inspect.signature(layer.__init__).parameters)


def _reason(error: Exception) -> str:
    text = one_line(error, 1000)
    if "Lambda" in text and "safe" in text:
        return "it has a Lambda layer, whose code would be run; replace it by a layer of Keras"
    if "Could not locate class" in text or "Unknown layer" in text:
        return f"it has layers that are not Keras's own: {text[:120]}"
    changed = unusual_configuration()
    return f"{text[:150]}{'; ' if changed else ''}{changed}"


def outputs_of(
    model: keras.Model, images: npt.NDArray[np.uint8]
) -> Callable[[InputValues], npt.NDArray[np.float32]]:
    """Return a function that gives a model's outputs for images, fed in some values.

    Args:
        model: with one input.
        images: uint8 ``[n, *shape]``.

    Raises:
        InputError: the images do not fit the model.
    """
    shape = input_shape(model, images.shape[1:])
    geometry = find_geometry(images.shape[1:], shape)
    weights, rest = (
        [v.value for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    @jax.jit
    def forward(weights: Any, rest: Any, batch: Any, scale: Any, offset: Any) -> Any:
        x = geometry(batch.astype(jnp.float32)) * scale + offset
        return call_network(model, weights, rest, x)

    def outputs(values: InputValues) -> npt.NDArray[np.float32]:
        scale, offset = (np.array(v, np.float32) for v in (values.scale, values.low))
        size = min(_BATCH, len(images))
        parts = []
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            padded = np.concatenate([batch, np.zeros((size - len(batch), *batch.shape[1:]), "u1")])
            parts.append(np.asarray(forward(weights, rest, padded, scale, offset))[: len(batch)])
        return np.concatenate(parts).reshape(len(images), -1)

    return outputs


def _wrapped(model: keras.Model, wiring: Wiring, image_shape: tuple[int, ...]) -> keras.Model:
    """Return a model that gives another one its values, and whose outputs are probabilities."""
    values = wiring.values
    scale, offset = (list(v) if len(v) > 1 else v[0] for v in (values.scale, values.low))
    inputs = x = keras.Input(input_shape(model, image_shape))
    if values.name not in _PLAIN:
        x = keras.layers.Rescaling(scale, offset)(x)
    outputs = model(x)
    if wiring.outputs == "sum":
        outputs = outputs / keras.ops.sum(outputs, axis=-1, keepdims=True)
    return keras.Model(inputs, outputs, name=f"imported_{model.name}")


def reordered(model: keras.Model, order: Sequence[int]) -> keras.Model:
    """Change the order of a model's outputs, by the weights of its last layer.

    Raises:
        InputError: the last layer is not ``Dense``, with or without an activation after it.
    """
    last = model
    while isinstance(last, keras.Model):
        inner = [n for n in last.layers if not _keeps_order(n)]
        last = inner[-1]
    units = getattr(last, "units", None)
    if not isinstance(last, keras.layers.Dense) or units != len(order):
        raise InputError(
            f"class_names: in another order than the data's, and the last layer, {last.name}, is "
            "not Dense; name the classes of the data alike, or import the model as ONNX"
        )
    last.set_weights([weights[..., list(order)] for weights in last.get_weights()])
    return model


def _keeps_order(layer: Any) -> bool:
    return isinstance(layer, (keras.layers.Activation, keras.layers.Softmax, keras.layers.Dropout))
