"""Merging layers, and arithmetic operations of functional models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tenfold.export.graph import Graph, Tensor, match_layout
from tenfold.export.layers.registry import exports_layer, exports_operation, refuse

_MERGES = {"Add": "Sum", "Average": "Mean", "Maximum": "Max", "Minimum": "Min"}
_BINARY = {
    "Add": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "Divide": "Div",
    "TrueDivide": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
}
_UNARY = {"Negative": "Neg", "Absolute": "Abs", "Sqrt": "Sqrt", "Log": "Log"}


@exports_layer(*_MERGES)
def merge(graph: Graph, layer: Any, tensors: Sequence[Tensor]) -> Tensor:
    """Elementwise sum, mean, maximum or minimum of tensors."""
    return _broadcast(graph, _MERGES[type(layer).__name__], _same_layout(graph, tensors))


@exports_layer("Subtract", "Multiply")
def merge_pairwise(graph: Graph, layer: Any, tensors: Sequence[Tensor]) -> Tensor:
    """Elementwise difference or product of tensors."""
    output, *others = _same_layout(graph, tensors)
    for other in others:
        output = _broadcast(graph, _BINARY[type(layer).__name__], [output, other])
    return output


@exports_layer("Concatenate")
def concatenate(graph: Graph, layer: Any, tensors: Sequence[Tensor]) -> Tensor:
    """Concatenation along an axis."""
    ordered = [t if t.order is None else graph.to_keras_layout(t) for t in tensors]
    aligned = _same_layout(graph, ordered)
    name = graph.op("Concat", *(t.name for t in aligned), axis=aligned[0].axis(layer.axis))
    shape = tuple(layer.compute_output_shape([(None, *t.shape) for t in aligned])[1:])
    return replace(aligned[0], name=name, shape=shape)


@exports_operation(*_BINARY)
def binary(graph: Graph, operation: Any, *operands: Any) -> Tensor:
    """Elementwise arithmetic of two tensors, or of a tensor and numbers."""
    if len(operands) != 2:
        refuse(operation)
    kind, (first, second) = _BINARY[type(operation).__name__], operands
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return _broadcast(graph, kind, _same_layout(graph, operands))
    tensor = first if isinstance(first, Tensor) else second
    numbers = np.asarray(second if tensor is first else first, np.float32)
    if np.broadcast_shapes((1, *tensor.shape), numbers.shape) != (1, *tensor.shape):
        refuse(operation, f" with numbers of shape {list(numbers.shape)}")
    inputs = [tensor.name, match_layout(numbers, tensor)]
    return replace(tensor, name=graph.op(kind, *(inputs if tensor is first else inputs[::-1])))


@exports_operation(*_UNARY)
def unary(graph: Graph, operation: Any, tensor: Tensor) -> Tensor:
    """Elementwise function of one tensor."""
    return graph.apply(_UNARY[type(operation).__name__], tensor)


@exports_operation("Square")
def square(graph: Graph, operation: Any, tensor: Tensor) -> Tensor:
    """Elementwise square."""
    return graph.apply("Mul", tensor, tensor.name)


def _same_layout(graph: Graph, tensors: Sequence[Tensor]) -> list[Tensor]:
    if all(tensor.same_layout(tensors[0]) for tensor in tensors):
        return list(tensors)
    if any(t.channels_first for t in tensors) and {len(t.shape) for t in tensors} == {3}:
        return [graph.to_channels_first(tensor) for tensor in tensors]
    return [graph.to_keras_layout(tensor) for tensor in tensors]


def _broadcast(graph: Graph, kind: str, tensors: Sequence[Tensor]) -> Tensor:
    """Add an elementwise node; missing axes follow the batch axis, as in Keras."""
    rank = max(len(tensor.shape) for tensor in tensors)
    names = []
    for tensor in tensors:
        missing = rank - len(tensor.shape)
        shape = (1,) * missing + tensor.shape
        names.append(graph.reshape(tensor.name, shape) if missing else tensor.name)
    shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
    return replace(tensors[0], name=graph.op(kind, *names), shape=shape)
