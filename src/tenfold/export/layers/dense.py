"""Dense layers and layers that apply an activation."""

from __future__ import annotations

from typing import Any

from tenfold.export.graph import Graph, Tensor, match_layout
from tenfold.export.layers.registry import emit_activation, exports_layer


@exports_layer("Dense")
def dense(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Matrix product; the rows of the kernel are permuted to the order of a flattened input."""
    order = tensor.order
    if tensor.channels_first:
        tensor = graph.to_keras_layout(tensor)
    kernel = graph.weight(layer, "kernel", lambda k: k if order is None else k[order])
    shape = (*tensor.shape[:-1], layer.kernel.shape[1])
    bias = [graph.weight(layer, "bias")] if layer.use_bias else []
    if len(shape) == 1:
        name = graph.op("Gemm", tensor.name, kernel, *bias)
    else:
        name = graph.op("MatMul", tensor.name, kernel)
        name = graph.op("Add", name, *bias) if bias else name
    return emit_activation(graph, layer, Tensor(name, shape))


@exports_layer("PReLU")
def prelu(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Rectifier with a learned slope for negative values."""
    slope = graph.weight(layer, "alpha", lambda alpha: match_layout(alpha[None], tensor))
    return graph.apply("PRelu", tensor, slope)


@exports_layer("Activation")
def activation(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """An activation function as a layer."""
    return emit_activation(graph, layer, tensor)
