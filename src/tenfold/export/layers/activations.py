"""Activations: functions, operations and layers of Keras of the same name, in one table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from math import pi, sqrt
from typing import Any

from tenfold.export.graph import Graph, Tensor


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
    key = activation_key(getattr(activation, "__name__", type(activation).__name__))
    module = str(getattr(activation, "__module__", ""))
    if not module.startswith("keras.") or key not in ACTIVATIONS:
        return None
    function = ACTIVATIONS[key]
    if isinstance(function, str):
        return _along_axis(graph, function, tensor, getattr(activation, "axis", -1))
    expected = list(inspect.signature(function).parameters)[2:]
    parameters = {p: getattr(activation, p) for p in expected if hasattr(activation, p)}
    return replace(tensor, name=function(graph, tensor.name, **parameters))


def _along_axis(graph: Graph, kind: str, tensor: Tensor, axis: Any) -> Tensor | None:
    if not isinstance(axis, int):
        return None
    tensor = tensor if tensor.order is None else graph.to_keras_layout(tensor)
    return graph.apply(kind, tensor, axis=tensor.axis(axis))


def _relu(
    g: Graph,
    x: str,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> str:
    if negative_slope and max_value is None and threshold == 0:
        return g.op("LeakyRelu", x, alpha=float(negative_slope))
    high = x if threshold == 0 else _threshold(g, x, threshold, 0.0)
    high = g.op("Relu", high)
    if max_value is not None:
        high = g.op("Min", high, float(max_value))
    if not negative_slope:
        return high
    low = g.op("Relu", g.op("Sub", float(threshold), x))
    return g.op("Sub", high, g.op("Mul", low, float(negative_slope)))


def _threshold(g: Graph, x: str, threshold: float, default_value: float) -> str:
    above = g.op("Greater", x, float(threshold))
    return g.op("Where", above, x, float(default_value))


def _gelu(g: Graph, x: str, approximate: bool = False) -> str:
    if approximate:
        cube = g.op("Mul", g.op("Mul", x, x), x)
        inner = g.op("Add", x, g.op("Mul", cube, 0.044715))
        curve = g.op("Tanh", g.op("Mul", inner, sqrt(2 / pi)))
    else:
        curve = g.op("Erf", g.op("Div", x, sqrt(2.0)))
    return g.op("Mul", g.op("Mul", x, g.op("Add", curve, 1.0)), 0.5)


def _squareplus(g: Graph, x: str, b: float = 4) -> str:
    root = g.op("Sqrt", g.op("Add", g.op("Mul", x, x), float(b)))
    return g.op("Mul", g.op("Add", x, root), 0.5)


def _hard_sigmoid(g: Graph, x: str) -> str:
    return g.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _shrink(bias: float) -> Callable[..., str]:
    def shrink(g: Graph, x: str, threshold: float = 0.5) -> str:
        return g.op("Shrink", x, lambd=float(threshold), bias=bias * threshold)

    return shrink


ACTIVATIONS: dict[str, str | Callable[..., str]] = {
    "softmax": "Softmax",
    "logsoftmax": "LogSoftmax",
    "celu": lambda g, x, alpha=1.0: g.op("Celu", x, alpha=float(alpha)),
    "elu": lambda g, x, alpha=1.0: g.op("Elu", x, alpha=float(alpha)),
    "exp": lambda g, x: g.op("Exp", x),
    "exponential": lambda g, x: g.op("Exp", x),
    "gelu": _gelu,
    "hardshrink": _shrink(bias=0.0),
    "hardsigmoid": _hard_sigmoid,
    "hardsilu": lambda g, x: g.op("Mul", x, _hard_sigmoid(g, x)),
    "hardtanh": lambda g, x: g.op("Clip", x, -1.0, 1.0),
    "identity": lambda g, x: x,
    "leakyrelu": lambda g, x, negative_slope=0.2: g.op("LeakyRelu", x, alpha=float(negative_slope)),
    "linear": lambda g, x: x,
    "logsigmoid": lambda g, x: g.op("Neg", g.op("Softplus", g.op("Neg", x))),
    "mish": lambda g, x: g.op("Mul", x, g.op("Tanh", g.op("Softplus", x))),
    "relu": _relu,
    "relu6": lambda g, x: g.op("Clip", x, 0.0, 6.0),
    "selu": lambda g, x: g.op("Selu", x),
    "sigmoid": lambda g, x: g.op("Sigmoid", x),
    "silu": lambda g, x: g.op("Mul", x, g.op("Sigmoid", x)),
    "softplus": lambda g, x: g.op("Softplus", x),
    "softshrink": _shrink(bias=1.0),
    "softsign": lambda g, x: g.op("Softsign", x),
    "sparsesigmoid": lambda g, x: g.op("HardSigmoid", x, alpha=0.5, beta=0.5),
    "squareplus": _squareplus,
    "tanh": lambda g, x: g.op("Tanh", x),
    "tanhshrink": lambda g, x: g.op("Sub", x, g.op("Tanh", x)),
    "threshold": _threshold,
}
"""By name in lower case without underscores: a function that takes the graph, the name of the input
and parameters with the names and defaults of Keras; or an ONNX operator along an axis."""
