"""The registry of layers and operations that can be exported, and the conversion of networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from tenfold.core.errors import InputError
from tenfold.export.graph import Graph, Tensor
from tenfold.export.layers.activations import ACTIVATIONS, activate, activation_key
from tenfold.export.layers.traced import emit_traced


class NotExportable(InputError):
    """A layer cannot be exported."""


Converter = Callable[..., Tensor]
"""Takes the graph, the layer or operation, and its inputs; adds nodes; returns the output."""

LAYERS: dict[str, Converter] = {}
"""Converters of layers, by the name of the class in ``keras.layers``."""

OPERATIONS: dict[str, Converter] = {}
"""Converters of operations of functional models, such as ``x + y``, by the name of the class."""


def exports_layer(*names: str) -> Callable[[Converter], Converter]:
    """Register a converter for layers of ``keras.layers``, by name."""
    return partial(_register, LAYERS, names)


def exports_operation(*names: str) -> Callable[[Converter], Converter]:
    """Register a converter for operations, by the name of their class."""
    return partial(_register, OPERATIONS, names)


def _register(
    table: dict[str, Converter], names: tuple[str, ...], function: Converter
) -> Converter:
    table.update(dict.fromkeys(names, function))
    return function


def emit(graph: Graph, layer: Any, *inputs: Any, **named: Any) -> Any:
    """Add a layer, an operation or a network to a graph.

    Args:
        graph: receives the nodes.
        layer: a layer, operation or model of Keras.
        inputs: its arguments: tensors, lists of tensors, numbers.
        named: keyword arguments, of which only tensors matter.

    Returns:
        The output tensor, or a list of tensors for a model of several outputs.

    Raises:
        InputError: the layer, or one in the model, cannot be exported; the message names it.
    """
    from tenfold.core.backend import keras

    name = type(layer).__name__
    operands = [*inputs, *(value for value in named.values() if isinstance(value, Tensor))]
    if isinstance(layer, keras.Model) and name in ("Sequential", "Functional"):
        return _emit_model(graph, layer, operands)
    if type(layer).__module__.startswith("keras."):
        table = LAYERS if isinstance(layer, keras.Layer) else OPERATIONS
        try:
            if name in table:
                return table[name](graph, layer, *operands)
            if activation_key(name) in ACTIVATIONS:
                return activate(graph, layer, operands[0]) or refuse(layer)
        except NotExportable:
            pass  # the converter does not take these arguments
    return emit_traced(graph, layer, inputs, named, refuse)


def emit_activation(graph: Graph, layer: Any, tensor: Tensor) -> Tensor:
    """Add the activation that a layer applies to its output."""
    function = layer.activation
    if hasattr(function, "call"):
        output: Tensor = emit(graph, function, tensor)
        return output
    return activate(graph, function, tensor) or refuse(
        layer, f" with the activation {getattr(function, '__name__', function)}"
    )


def refuse(layer: Any, reason: str = "") -> NoReturn:
    """Raise the error for a layer that cannot be exported."""
    raise NotExportable(f"layer {layer.name!r} ({type(layer).__name__}){reason} cannot be exported")


def _emit_model(graph: Graph, model: Any, inputs: list[Any]) -> Any:
    if type(model).__name__ == "Sequential":
        (tensor,) = inputs
        for layer in model.layers:
            tensor = emit(graph, layer, tensor)
        return tensor
    # Keras 3.15 has no public traversal of a functional model. This one, which its own call()
    # uses, applies a function to each layer; here on tensors of the graph instead of arrays.
    outputs = model._run_through_graph(inputs, lambda layer: partial(emit, graph, layer))
    return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs
