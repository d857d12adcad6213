"""The table of what can be exported, and the walk through a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from tenfold.core.errors import InputError
from tenfold.export.graph import Graph, Value
from tenfold.export.layers.activations import ACTIVATIONS, activate, key_of

Emitter = Callable[..., Value]

LAYERS: dict[str, Emitter] = {}
"""By the name of a layer's class: (graph, layer, *inputs) -> output."""

OPERATIONS: dict[str, Emitter] = {}
"""The same of what ``keras.ops`` and ``x + y`` leave in a functional graph."""


def layer(*names: str) -> Callable[[Emitter], Emitter]:
    """Enter a function into the table of layers, under names of their classes."""
    return partial(_enter, LAYERS, names)


def operation(*names: str) -> Callable[[Emitter], Emitter]:
    """Enter a function into the table of operations, under names of their classes."""
    return partial(_enter, OPERATIONS, names)


def _enter(table: dict[str, Emitter], names: tuple[str, ...], function: Emitter) -> Emitter:
    table.update(dict.fromkeys(names, function))
    return function


def emit(graph: Graph, what: Any, *inputs: Any, **named: Any) -> Any:
    """Write a layer, an operation or a whole network into a graph.

    Args:
        graph: takes the nodes.
        what: of Keras.
        inputs: its arguments: tensors, lists of them, numbers.
        named: further arguments; of these only tensors matter.

    Raises:
        InputError: it is, or holds, what cannot be exported; the layer is named.
    """
    module, name = type(what).__module__, type(what).__name__
    operands = [*inputs, *(value for value in named.values() if isinstance(value, Value))]
    if module.startswith("keras.src.models"):
        return _emit_model(graph, what, operands)
    if module.startswith("keras.src.layers") and name in LAYERS:
        return LAYERS[name](graph, what, *operands)
    if module.startswith("keras.src.ops") and name in OPERATIONS:
        return OPERATIONS[name](graph, what, *operands)
    if module.startswith("keras.") and key_of(name) in ACTIVATIONS:
        return activate(graph, what, operands[0]) or refuse(what)
    return refuse(what)


def finish(graph: Graph, layer: Any, value: Value) -> Value:
    """Put a layer's own activation behind it."""
    function = layer.activation
    if hasattr(function, "call"):
        found: Value = emit(graph, function, value)
        return found
    return activate(graph, function, value) or refuse(
        layer, f" with the activation {getattr(function, '__name__', function)}"
    )


def refuse(what: Any, why: str = "") -> NoReturn:
    """Raise the error that names a layer which cannot be exported."""
    raise InputError(
        f"layer {what.name!r} ({type(what).__name__}){why} cannot be exported; build the network "
        "of Keras's dense, convolution, pooling, normalisation, shaping and merging layers"
    )


def _emit_model(graph: Graph, model: Any, inputs: list[Any]) -> Any:
    if type(model).__name__ == "Sequential":
        (value,) = inputs
        for inner in model.layers:
            value = emit(graph, inner, value)
        return value
    if type(model).__name__ != "Functional":
        refuse(model)
    # Keras's own walk, with tensors of the graph in the place of arrays.
    outputs = model._run_through_graph(inputs, lambda inner: partial(emit, graph, inner))
    return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs
