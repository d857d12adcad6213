"""Weights read back from a model file, so that its networks can be fine-tuned.

Each weight is an initializer with a name such as ``network0/Dense_1/kernel``; see
``docs/reference/model-file.md``. Batch normalization is exported as one factor and one offset a
channel, so its statistics are not in the file: ``estimate_statistics`` computes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.export.network import build_graph

if TYPE_CHECKING:
    import keras
    import onnx

    from tenfold.export.graph import Array, Graph


def read_weights(
    path: str | Path,
    data: bytes,
    models: Sequence[keras.Model],
    image_shape: ImageShape,
    temperatures: Sequence[float],
) -> None:
    """Set the weights of networks to those in a model file.

    Batch normalizations get a mean of 0 and a variance of 1 - epsilon, hence no effect but that
    of gamma and beta; see ``estimate_statistics``.

    Args:
        path: for error messages.
        data: the bytes of the model file, as ``tenfold.export.model_file.read`` returns them.
        models: networks of the same number and architecture as in the file.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        temperatures: the calibration temperatures in the file's metadata.

    Raises:
        InputError: the file has other networks, or other weights than those of its networks.
    """
    import onnx

    graph = build_graph(models, image_shape, temperatures)
    exported = onnx.load_from_string(data).graph
    if [node.op_type for node in graph.nodes] != [node.op_type for node in exported.node]:
        raise _mismatch(path, "its layers differ from those of its recipe")
    _require_all_weights(path, models, graph)
    stored = _stored_weights(graph, exported)
    for name, weight in graph.weights.items():
        array = stored.get(name)
        if array is None or array.shape != weight.indices.shape or array.dtype != np.float32:
            raise _mismatch(path, "the shapes of its weights differ from those of its recipe")
        values = np.empty(array.size, np.float32)
        values[weight.indices] = array
        weight.variable.assign(values.reshape(weight.variable.shape))
    for layer in _batch_normalizations(models):
        _set_statistics(layer, np.zeros(1), np.full(1, 1 - layer.epsilon))


def _stored_weights(graph: Graph, exported: onnx.GraphProto) -> dict[str, Array]:
    """Arrays of a file's graph, by the names of the weights in ours."""
    from onnx import numpy_helper

    arrays = {item.name: numpy_helper.to_array(item) for item in exported.initializer}
    if graph.weights.keys() & arrays.keys():
        return arrays
    # Older files number their initializers; their nodes are in the same order.
    names = {
        ours: theirs
        for node, other in zip(graph.nodes, exported.node, strict=True)
        for ours, theirs in zip(node.input, other.input, strict=False)
    }
    return {name: arrays[names[name]] for name in graph.weights if names.get(name) in arrays}


def _require_all_weights(path: str | Path, models: Sequence[keras.Model], graph: Graph) -> None:
    """Refuse networks with variables that the graph does not store, statistics apart."""
    layers = _batch_normalizations(models)
    if any(layer.gamma is None or layer.beta is None for layer in layers):
        raise _mismatch(path, "batch normalization without gamma or beta")
    statistics = [v for layer in layers for v in (layer.moving_mean, layer.moving_variance)]
    stored = {id(v) for v in [*statistics, *(weight.variable for weight in graph.weights.values())]}
    if any(id(variable) not in stored for model in models for variable in model.weights):
        raise _mismatch(path, "it does not contain all weights of its networks")


def _mismatch(path: str | Path, reason: str) -> InputError:
    return InputError(
        f"{path}: its weights cannot be read back ({reason}); give the folder of the run it was "
        "exported from"
    )


def estimate_statistics(model: keras.Model, inputs: npt.NDArray[np.float32]) -> None:
    """Estimate the statistics of batch normalizations without changing the network's outputs.

    Args:
        model: its batch normalizations have a mean of 0 and a variance of 1 - epsilon.
        inputs: training inputs of the network.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
        >>> _set_statistics(model.layers[0], np.zeros(3), np.full(3, 1 - 1e-3))
        >>> inputs = np.random.default_rng(0).normal(5, 2, (500, 3)).astype(np.float32)
        >>> before = np.asarray(model(inputs))
        >>> estimate_statistics(model, inputs)
        >>> bool(np.allclose(before, np.asarray(model(inputs)), atol=1e-4))
        True
        >>> np.asarray(model.layers[0].moving_mean).round().tolist()
        [5.0, 5.0, 5.0]
    """
    from tenfold.core.backend import keras

    layers = _batch_normalizations([model])
    if not layers:
        return
    before = keras.Model(model.inputs, [layer.input for layer in layers])([inputs])
    for layer, values in zip(layers, before if len(layers) > 1 else [before], strict=True):
        array = np.asarray(values, np.float64)
        axes = tuple(axis for axis in range(array.ndim) if axis != layer.axis % array.ndim)
        mean, variance = array.mean(axes), array.var(axes)
        deviation = np.sqrt(variance + layer.epsilon)
        gamma, beta = np.asarray(layer.gamma), np.asarray(layer.beta)
        _set_statistics(layer, mean, variance)
        layer.gamma.assign(gamma * deviation)
        layer.beta.assign(beta + gamma * mean)


def _batch_normalizations(models: Sequence[keras.Model]) -> list[Any]:
    from tenfold.core.backend import keras

    kind = keras.layers.BatchNormalization
    return [layer for model in models for layer in model.layers if isinstance(layer, kind)]


def _set_statistics(layer: Any, mean: Any, variance: Any) -> None:
    layer.moving_mean.assign(np.broadcast_to(mean, layer.moving_mean.shape))
    layer.moving_variance.assign(np.broadcast_to(variance, layer.moving_variance.shape))
