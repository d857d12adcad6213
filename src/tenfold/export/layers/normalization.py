"""Normalization layers, and scaling by constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenfold.export.graph import Array, Graph, Tensor, match_layout
from tenfold.export.layers.registry import exports_layer


@exports_layer("BatchNormalization")
def batch_normalization(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """One factor and one offset a channel, which ONNX Runtime merges into a convolution."""
    mean, variance = (
        np.asarray(v.value, np.float32).astype(float)
        for v in (layer.moving_mean, layer.moving_variance)
    )
    factor = 1 / np.sqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        factor *= np.asarray(layer.gamma.value)
    offset = -mean * factor
    if layer.beta is not None:
        offset += np.asarray(layer.beta.value)
    shape = [1] * (len(tensor.shape) + 1)
    shape[layer.axis] = -1
    return _scale(graph, layer, tensor, shape, factor, offset)


@exports_layer("LayerNormalization")
def layer_normalization(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Composed of elementary nodes, since Keras normalizes over any axes."""
    keras_axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    axes = [tensor.axis(axis) for axis in keras_axes]
    mean = graph.op("ReduceMean", tensor.name, axes=axes, keepdims=1)
    centered = graph.op("Sub", tensor.name, mean)
    square = graph.op("Mul", centered, centered)
    variance = graph.op("ReduceMean", square, axes=axes, keepdims=1)
    deviation = graph.op("Sqrt", graph.op("Add", variance, float(layer.epsilon)))
    tensor = Tensor(
        graph.op("Div", centered, deviation), tensor.shape, tensor.channels_first, tensor.order
    )
    shape = [1] * (len(tensor.shape) + 1)
    for axis in keras_axes:
        shape[axis] = tensor.shape[axis % len(shape) - 1]
    return _scale(graph, layer, tensor, shape)


def _scale(
    graph: Graph,
    layer: Any,
    tensor: Tensor,
    shape: list[int],
    factor: Array | None = None,
    offset: Array | None = None,
) -> Tensor:
    """Multiply by gamma and add beta, or other values in their place, reshaped to broadcast."""

    def layout(array: Array) -> Array:
        return match_layout(array.reshape(shape), tensor)

    if layer.gamma is not None:
        tensor = graph.apply("Mul", tensor, graph.weight(layer, "gamma", layout, factor))
    elif factor is not None:
        tensor = graph.apply("Mul", tensor, layout(factor))
    if layer.beta is not None:
        tensor = graph.apply("Add", tensor, graph.weight(layer, "beta", layout, offset))
    elif offset is not None:
        tensor = graph.apply("Add", tensor, layout(offset))
    return tensor


@exports_layer("Normalization")
def normalization(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Fixed statistics; Keras divides by at least its epsilon."""
    from tenfold.core.backend import keras

    mean = np.asarray(layer.mean, float)
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance, float)), keras.config.epsilon())
    if layer.invert:
        return _scale_by_constants(graph, tensor, deviation, mean)
    return _scale_by_constants(graph, tensor, 1 / deviation, -mean / deviation)


@exports_layer("Rescaling")
def rescaling(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """A factor and an offset, or one of each a channel."""
    scale, offset = np.asarray(layer.scale, float), np.asarray(layer.offset, float)
    return _scale_by_constants(graph, tensor, scale, offset)


def _scale_by_constants(graph: Graph, tensor: Tensor, factor: Array, offset: Array) -> Tensor:
    if np.any(factor != 1):
        tensor = graph.apply("Mul", tensor, match_layout(factor, tensor))
    if np.any(offset != 0):
        tensor = graph.apply("Add", tensor, match_layout(offset, tensor))
    return tensor
