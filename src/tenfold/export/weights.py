"""Weights read back out of an artifact, so that its networks can be trained on.

Networks of the same layers are given weights that are numbers of their own, and exported like
the artifact was. Where a number went tells where in the artifact a weight is to be found. A
batch normalisation is exported as one factor and one summand a channel; its statistics are
estimated anew, and what it does stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.export.network import to_onnx

if TYPE_CHECKING:
    import keras
    import onnx

FIRST = 1000
"""The number of the first weight: no constant that is none of a network's is as large."""

MOST = 1 << 24
"""Whole numbers up to here are exact in float32."""

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def read_weights(
    path: str | Path,
    data: bytes,
    models: Sequence[keras.Model],
    image_shape: tuple[int, int],
    temperatures: Sequence[float],
) -> None:
    """Give networks the weights that they have in an artifact.

    Batch normalisations get a mean of 0 and a variance of 1; see ``settle``.

    Args:
        path: for errors.
        data: the bytes of the artifact, as ``tenfold.export.model_file.read`` returned them.
        models: networks of the same layers as the artifact's, as many.
        image_shape: height and width of the images.
        temperatures: as the artifact's card has them.

    Raises:
        InputError: the artifact is of other networks, or holds their weights in another form.
    """
    import onnx

    marked = FIRST
    for model in models:
        marked = _mark(model, marked, path)
    ours = to_onnx(models, image_shape, temperatures).graph
    theirs = onnx.load_from_string(data).graph
    values = np.full(marked - FIRST, np.nan, np.float32)
    for places, numbers in _pairs(path, ours, theirs):
        values[places - FIRST] = numbers
    if np.isnan(values).any():
        raise _other(path, "not all weights of its networks are in it")
    start = 0
    for variable in (v for model in models for v in model.trainable_variables):
        size = int(np.prod(variable.shape))
        variable.assign(values[start : start + size].reshape(variable.shape))
        start += size


def _mark(model: keras.Model, start: int, path: str | Path) -> int:
    """Give a network its numbers, from one on; returns the next."""
    from tenfold.core.backend import keras

    normalised = {
        id(variable)
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for variable in (layer.moving_mean, layer.moving_variance)
    }
    if any(id(v) not in normalised for v in model.non_trainable_weights):
        raise _other(path, "weights that are not trained")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            _set_statistics(layer, np.zeros(1), np.full(1, 1 - layer.epsilon))
    for variable in model.trainable_variables:
        size = int(np.prod(variable.shape))
        variable.assign(np.arange(start, start + size, dtype=np.float64).reshape(variable.shape))
        start += size
    if start > MOST:
        raise _other(path, f"over {MOST - FIRST:,} weights")
    return start


def _pairs(
    path: str | Path, ours: onnx.GraphProto, theirs: onnx.GraphProto
) -> Iterator[tuple[npt.NDArray[np.int64], Floats]]:
    """Of each constant that holds weights: their numbers, and what the artifact has there."""
    if [node.op_type for node in ours.node] != [node.op_type for node in theirs.node]:
        raise _other(path, "its layers are others than its recipe's")
    known, found = _constants(ours), _constants(theirs)
    for mine, other in zip(ours.node, theirs.node, strict=True):
        for name, twin in zip(mine.input, other.input, strict=True):
            if name not in known or known[name].dtype != np.float32:
                continue
            places = np.rint(known[name]).astype(np.int64)
            if places.size and places.min() >= FIRST:
                numbers = found.get(twin)
                if numbers is None or numbers.shape != places.shape:
                    raise _other(path, "its weights have other shapes than its recipe's")
                yield places, numbers.astype(np.float32)


def _constants(graph: onnx.GraphProto) -> dict[str, npt.NDArray[Any]]:
    from onnx import numpy_helper

    return {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}


def _other(path: str | Path, what: str) -> InputError:
    return InputError(
        f"{path}: its weights cannot be read back ({what}); give the folder of the run it was "
        "exported from"
    )


def settle(model: keras.Model, inputs: Floats) -> None:
    """Estimate the statistics of batch normalisations anew, with no change of what they do.

    Args:
        model: its batch normalisations have a mean of 0 and a variance of 1 less epsilon.
        inputs: what the network is trained on, as it takes it.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
        >>> _set_statistics(model.layers[0], np.zeros(3), np.full(3, 1 - 1e-3))
        >>> inputs = np.random.default_rng(0).normal(5, 2, (500, 3)).astype(np.float32)
        >>> before = np.asarray(model(inputs))
        >>> settle(model, inputs)
        >>> bool(np.allclose(before, np.asarray(model(inputs)), atol=1e-4))
        True
        >>> np.asarray(model.layers[0].moving_mean).round().tolist()
        [5.0, 5.0, 5.0]
    """
    from tenfold.core.backend import keras

    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers:
        return
    before = keras.Model(model.inputs, [layer.input for layer in layers])([inputs])
    for layer, values in zip(layers, before if len(layers) > 1 else [before], strict=True):
        array = np.asarray(values, np.float64)
        axes = tuple(axis for axis in range(array.ndim) if axis != layer.axis % array.ndim)
        mean, variance = array.mean(axes), array.var(axes)
        spread = np.sqrt(variance + layer.epsilon)
        factor, summand = np.asarray(layer.gamma), np.asarray(layer.beta)
        _set_statistics(layer, mean, variance)
        layer.gamma.assign(factor * spread)
        layer.beta.assign(summand + factor * mean)


def _set_statistics(layer: Any, mean: Any, variance: Any) -> None:
    layer.moving_mean.assign(np.broadcast_to(mean, layer.moving_mean.shape))
    layer.moving_variance.assign(np.broadcast_to(variance, layer.moving_variance.shape))
