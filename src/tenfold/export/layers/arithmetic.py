"""Layers that merge several tensors, and arithmetic in a functional graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tenfold.export.graph import Graph, Value, as_laid
from tenfold.export.layers.table import layer, operation, refuse

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


@layer(*_MERGES)
def merge(graph: Graph, what: Any, values: Sequence[Value]) -> Value:
    """Sum, mean, highest or lowest of tensors, number by number."""
    laid = _alike(graph, values)
    return _joined(graph, _MERGES[type(what).__name__], laid)


@layer("Subtract", "Multiply")
def merge_in_turn(graph: Graph, what: Any, values: Sequence[Value]) -> Value:
    """Difference, or product, of tensors."""
    first, *others = _alike(graph, values)
    for other in others:
        first = _joined(graph, _BINARY[type(what).__name__], [first, other])
    return first


@layer("Concatenate")
def concatenate(graph: Graph, what: Any, values: Sequence[Value]) -> Value:
    """Tensors one after the other, along an axis."""
    laid = _alike(graph, [graph.plain(v) if v.places is not None else v for v in values])
    name = graph.op("Concat", *(value.name for value in laid), axis=laid[0].axis(what.axis))
    shape = tuple(what.compute_output_shape([(None, *value.shape) for value in laid])[1:])
    return replace(laid[0], name=name, shape=shape)


@operation(*_BINARY)
def binary(graph: Graph, what: Any, *operands: Any) -> Value:
    """Two tensors, or a tensor and numbers."""
    if len(operands) != 2:
        refuse(what)
    kind, (first, second) = _BINARY[type(what).__name__], operands
    if isinstance(first, Value) and isinstance(second, Value):
        return _joined(graph, kind, _alike(graph, operands))
    value = first if isinstance(first, Value) else second
    numbers = np.asarray(second if value is first else first, np.float32)
    if np.broadcast_shapes((1, *value.shape), numbers.shape) != (1, *value.shape):
        refuse(what, f" with numbers of shape {list(numbers.shape)}")
    sides = [value.name, as_laid(numbers, value)]
    return replace(value, name=graph.op(kind, *(sides if value is first else sides[::-1])))


@operation(*_UNARY)
def unary(graph: Graph, what: Any, value: Value) -> Value:
    """One tensor, number by number."""
    return graph.apply(_UNARY[type(what).__name__], value)


@operation("Square")
def square(graph: Graph, what: Any, value: Value) -> Value:
    """Every number times itself."""
    return graph.apply("Mul", value, value.name)


def _alike(graph: Graph, values: Sequence[Value]) -> list[Value]:
    """The same tensors, all lying in the same way."""
    if all(value.lies_as(values[0]) for value in values):
        return list(values)
    if any(value.channels_first for value in values) and {len(v.shape) for v in values} == {3}:
        return [graph.channels_first(value) for value in values]
    return [graph.plain(value) for value in values]


def _joined(graph: Graph, kind: str, laid: Sequence[Value]) -> Value:
    rank = max(len(value.shape) for value in laid)
    names = [_raised(graph, value, rank) for value in laid]
    shape = np.broadcast_shapes(*(value.shape for value in laid))
    return replace(laid[0], name=graph.op(kind, *names), shape=shape)


def _raised(graph: Graph, value: Value, rank: int) -> str:
    """A tensor of fewer axes gets the missing ones, as Keras has it, behind the batch."""
    missing = rank - len(value.shape)
    return graph.reshape(value.name, (1,) * missing + value.shape) if missing else value.name
