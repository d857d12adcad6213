"""Activations: functions, operations and layers of Keras of the same name, in one table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from math import pi, sqrt
from typing import Any

from tenfold.export.graph import Graph, Tensor

Elementwise = Callable[..., str]

ACTIVATIONS: dict[str, Elementwise | None] = {"softmax": None, "logsoftmax": None}
"""By lower-case name without underscores; None for those along an axis."""

_ALONG_AXIS = {"softmax": "Softmax", "logsoftmax": "LogSoftmax"}


def activation_key(name: str) -> str:
    """The key in the table of a function, operation or layer.

    Example:
        >>> activation_key("leaky_relu") == activation_key("LeakyReLU")
        True
    """
    return name.replace("_", "").lower()


def activate(graph: Graph, activation: Any, tensor: Tensor) -> Tensor | None:
    """Add an activation with its parameters; return None if it is not in the table.

    Args:
        graph: receives the nodes.
        activation: a function of ``keras.activations``, or an operation or layer of its name.
        tensor: the input.
    """
    name = getattr(activation, "__name__", type(activation).__name__)
    key = activation_key(name)
    module = str(getattr(activation, "__module__", ""))
    if not module.startswith("keras.") or key not in ACTIVATIONS:
        return None
    function = ACTIVATIONS[key]
    if function is None:
        return _along_axis(graph, _ALONG_AXIS[key], tensor, getattr(activation, "axis", -1))
    expected = list(inspect.signature(function).parameters)[2:]
    parameters = {p: getattr(activation, p) for p in expected if hasattr(activation, p)}
    return replace(tensor, name=function(graph, tensor.name, **parameters))


def _along_axis(graph: Graph, kind: str, tensor: Tensor, axis: Any) -> Tensor | None:
    if not isinstance(axis, int):
        return None
    tensor = tensor if tensor.order is None else graph.to_keras_layout(tensor)
    return graph.apply(kind, tensor, axis=tensor.axis(axis))


def _activation(*names: str) -> Callable[[Elementwise], Elementwise]:
    def register(function: Elementwise) -> Elementwise:
        ACTIVATIONS.update(dict.fromkeys(names, function))
        return function

    return register


def _same_operator(kind: str, *names: str) -> None:
    ACTIVATIONS.update(dict.fromkeys(names, lambda graph, x: graph.op(kind, x)))


_same_operator("Sigmoid", "sigmoid")
_same_operator("Tanh", "tanh")
_same_operator("Softplus", "softplus")
_same_operator("Softsign", "softsign")
_same_operator("Exp", "exponential", "exp")
_same_operator("Selu", "selu")


@_activation("linear", "identity")
def _linear(graph: Graph, x: str) -> str:
    return x


@_activation("relu")
def _relu(
    graph: Graph,
    x: str,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> str:
    if negative_slope and max_value is None and threshold == 0:
        return _leaky_relu(graph, x, float(negative_slope))
    high = x if threshold == 0 else _above(graph, x, float(threshold), 0.0)
    high = graph.op("Relu", high)
    if max_value is not None:
        high = graph.op("Min", high, float(max_value))
    if not negative_slope:
        return high
    low = graph.op("Relu", graph.op("Sub", float(threshold), x))
    return graph.op("Sub", high, graph.op("Mul", low, float(negative_slope)))


@_activation("relu6")
def _relu6(graph: Graph, x: str) -> str:
    return graph.op("Clip", x, 0.0, 6.0)


@_activation("leakyrelu")
def _leaky_relu(graph: Graph, x: str, negative_slope: float = 0.2) -> str:
    return graph.op("LeakyRelu", x, alpha=float(negative_slope))


@_activation("elu")
def _elu(graph: Graph, x: str, alpha: float = 1.0) -> str:
    return graph.op("Elu", x, alpha=float(alpha))


@_activation("celu")
def _celu(graph: Graph, x: str, alpha: float = 1.0) -> str:
    return graph.op("Celu", x, alpha=float(alpha))


@_activation("silu")
def _silu(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", x))


@_activation("gelu")
def _gelu(graph: Graph, x: str, approximate: bool = False) -> str:
    if approximate:
        cube = graph.op("Mul", graph.op("Mul", x, x), x)
        inner = graph.op("Add", x, graph.op("Mul", cube, 0.044715))
        curve = graph.op("Tanh", graph.op("Mul", inner, sqrt(2 / pi)))
    else:
        curve = graph.op("Erf", graph.op("Div", x, sqrt(2.0)))
    return graph.op("Mul", graph.op("Mul", x, graph.op("Add", curve, 1.0)), 0.5)


@_activation("mish")
def _mish(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, graph.op("Tanh", graph.op("Softplus", x)))


@_activation("hardsigmoid")
def _hard_sigmoid(graph: Graph, x: str) -> str:
    return graph.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


@_activation("hardsilu")
def _hard_silu(graph: Graph, x: str) -> str:
    return graph.op("Mul", x, _hard_sigmoid(graph, x))


@_activation("hardtanh")
def _hard_tanh(graph: Graph, x: str) -> str:
    return graph.op("Clip", x, -1.0, 1.0)


@_activation("tanhshrink")
def _tanh_shrink(graph: Graph, x: str) -> str:
    return graph.op("Sub", x, graph.op("Tanh", x))


@_activation("hardshrink")
def _hard_shrink(graph: Graph, x: str, threshold: float = 0.5) -> str:
    return graph.op("Shrink", x, lambd=float(threshold), bias=0.0)


@_activation("softshrink")
def _soft_shrink(graph: Graph, x: str, threshold: float = 0.5) -> str:
    return graph.op("Shrink", x, lambd=float(threshold), bias=float(threshold))


@_activation("threshold")
def _threshold(graph: Graph, x: str, threshold: float, default_value: float) -> str:
    return _above(graph, x, float(threshold), float(default_value))


@_activation("logsigmoid")
def _log_sigmoid(graph: Graph, x: str) -> str:
    return graph.op("Neg", graph.op("Softplus", graph.op("Neg", x)))


@_activation("squareplus")
def _squareplus(graph: Graph, x: str, b: float = 4) -> str:
    root = graph.op("Sqrt", graph.op("Add", graph.op("Mul", x, x), float(b)))
    return graph.op("Mul", graph.op("Add", x, root), 0.5)


@_activation("sparsesigmoid")
def _sparse_sigmoid(graph: Graph, x: str) -> str:
    return graph.op("HardSigmoid", x, alpha=0.5, beta=0.5)


def _above(graph: Graph, x: str, threshold: float, other: float) -> str:
    return graph.op("Where", graph.op("Greater", x, threshold), x, other)
