"""Dense layers and normalisations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.export.graph import Graph, Value, as_laid
from tenfold.export.layers.table import finish, layer

Floats = npt.NDArray[np.float32]


def weight(variable: Any) -> Floats:
    """The numbers of one of Keras's variables, float32."""
    return np.asarray(variable.value, np.float32)


@layer("Dense")
def dense(graph: Graph, what: Any, value: Value) -> Value:
    """Rows of the kernel are put in the order in which a flat input lies."""
    kernel = weight(what.kernel)
    if value.places is not None:
        kernel = kernel[value.places]
    elif value.channels_first:
        value = graph.plain(value)
    shape = (*value.shape[:-1], kernel.shape[1])
    if len(shape) == 1:
        bias = [weight(what.bias)] if what.use_bias else []
        name = graph.op("Gemm", value.name, kernel, *bias)
    else:
        name = graph.op("MatMul", value.name, kernel)
        name = graph.op("Add", name, weight(what.bias)) if what.use_bias else name
    return finish(graph, what, Value(name, shape))


@layer("BatchNormalization")
def batch_normalisation(graph: Graph, what: Any, value: Value) -> Value:
    """One factor and one summand a channel, which ONNX Runtime folds into a convolution."""
    mean, variance = (weight(v).astype(float) for v in (what.moving_mean, what.moving_variance))
    factor = 1 / np.sqrt(variance + what.epsilon)
    if what.gamma is not None:
        factor *= weight(what.gamma)
    summand = -mean * factor
    if what.beta is not None:
        summand += weight(what.beta)
    shape = [1] * (len(value.shape) + 1)
    shape[what.axis] = -1
    return _scaled(graph, value, factor.reshape(shape), summand.reshape(shape))


@layer("LayerNormalization")
def layer_normalisation(graph: Graph, what: Any, value: Value) -> Value:
    """Written out, since Keras normalises over any axes."""
    given = what.axis if isinstance(what.axis, (list, tuple)) else [what.axis]
    axes = [value.axis(axis) for axis in given]
    mean = graph.op("ReduceMean", value.name, axes=axes, keepdims=1)
    centred = graph.op("Sub", value.name, mean)
    square = graph.op("Mul", centred, centred)
    variance = graph.op("ReduceMean", square, axes=axes, keepdims=1)
    spread = graph.op("Sqrt", graph.op("Add", variance, float(what.epsilon)))
    shape = [1] * (len(value.shape) + 1)
    for axis in given:
        shape[axis] = value.shape[axis % len(shape) - 1]
    gamma = None if what.gamma is None else weight(what.gamma).reshape(shape)
    beta = None if what.beta is None else weight(what.beta).reshape(shape)
    return _scaled(graph, replace(value, name=graph.op("Div", centred, spread)), gamma, beta)


@layer("Normalization")
def normalisation(graph: Graph, what: Any, value: Value) -> Value:
    """Keras divides by the standard deviation, and by its epsilon at least."""
    from tenfold.core.backend import keras

    mean = np.asarray(what.mean, float)
    spread = np.maximum(np.sqrt(np.asarray(what.variance, float)), keras.config.epsilon())
    if what.invert:
        return _scaled(graph, value, spread, mean)
    return _scaled(graph, value, 1 / spread, -mean / spread)


@layer("Rescaling")
def rescaling(graph: Graph, what: Any, value: Value) -> Value:
    """A factor and a summand, or one of each a channel."""
    return _scaled(graph, value, np.asarray(what.scale), np.asarray(what.offset))


@layer("PReLU")
def prelu(graph: Graph, what: Any, value: Value) -> Value:
    """A slope below zero that was learned."""
    return graph.apply("PRelu", value, as_laid(weight(what.alpha)[None], value))


@layer("Activation")
def activation(graph: Graph, what: Any, value: Value) -> Value:
    """The activation by itself."""
    return finish(graph, what, value)


def _scaled(graph: Graph, value: Value, factor: Any, summand: Any) -> Value:
    if factor is not None and np.any(np.asarray(factor) != 1):
        value = graph.apply("Mul", value, as_laid(factor, value))
    if summand is not None and np.any(np.asarray(summand) != 0):
        value = graph.apply("Add", value, as_laid(summand, value))
    return value
