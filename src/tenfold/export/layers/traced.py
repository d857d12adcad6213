"""Layers without a converter of their own: their inference is traced by JAX and translated.

Recurrent and attention layers, resizing, custom layers, Lambda layers and subclassed models are
converted this way. ``primitives`` has one converter for each operation of JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tenfold.core.errors import InputError, one_line
from tenfold.export.graph import Graph, Tensor
from tenfold.export.layers.primitives import PRIMITIVES
from tenfold.export.layers.values import BATCH, Unsupported, Value

if TYPE_CHECKING:
    from tenfold.engine.cpu.jaxpr import Read

LARGEST = 30_000
"""Nodes of a layer: a recurrent layer has all its steps in the graph."""

_CALLS = {"jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint"}

Refuse = Callable[[Any, str], NoReturn]


def emit_traced(graph: Graph, layer: Any, args: Any, named: Any, refuse: Refuse) -> Any:
    """Add a layer, an operation or a model by its traced inference.

    Args:
        graph: receives the nodes.
        layer: of Keras, or of the user.
        args: its arguments, in which tensors of the graph may be nested.
        named: its keyword arguments, likewise.
        refuse: raises the error for the layer, with a reason.

    Returns:
        The output tensor, or a list of tensors.
    """
    import jax

    from tenfold.core.backend import keras

    leaves = keras.tree.flatten((args, named))
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]

    def call(*arrays: Any) -> Any:
        filled = iter(arrays)
        inputs, options = keras.tree.map_structure(
            lambda leaf: next(filled) if isinstance(leaf, Tensor) else leaf, (args, named)
        )
        if getattr(layer, "_call_has_training_arg", False):
            options = {**options, "training": False}
        if not isinstance(layer, keras.Layer):
            return layer.call(*inputs, **options)
        values = [
            [v.value for v in variables]
            for variables in (layer.trainable_variables, layer.non_trainable_variables)
        ]
        return layer.stateless_call(*values, *inputs, **options)[0]

    before = len(graph.nodes)
    try:
        shapes = [jax.ShapeDtypeStruct((BATCH, *t.shape), "float32") for t in tensors]
        traced = jax.make_jaxpr(call)(*shapes)
        values = [
            Value(graph, name=graph.to_keras_layout(t).name, shape=(BATCH, *t.shape))
            for t in tensors
        ]
        outputs = _Translator(graph, before).run(traced.jaxpr, traced.consts, values)
    except Unsupported as error:
        refuse(layer, f" ({error})")
    except InputError:
        raise
    except Exception as error:  # whatever a layer raises that cannot be traced
        refuse(layer, f" ({one_line(error, 100)})")
    if any(value.shape[:1] != (BATCH,) for value in outputs):
        refuse(layer, " (an output without a batch axis)")
    made = [Tensor(value.full(), value.shape[1:]) for value in outputs]
    return made if len(made) > 1 else made[0]


class _Translator:
    """Translates jaxprs into nodes of a graph."""

    def __init__(self, graph: Graph, before: int) -> None:
        self._graph, self._before = graph, before

    def run(self, jaxpr: Any, consts: Any, inputs: list[Value]) -> list[Value]:
        """The outputs of a jaxpr."""
        from tenfold.engine.cpu.jaxpr import evaluate

        constants = [self._constant(c) for c in consts]
        outputs = evaluate(jaxpr, constants, inputs, self._apply)
        return [v if isinstance(v, Value) else self._constant(v) for v in outputs]

    def _constant(self, value: Any) -> Value:
        return Value(self._graph, constant=lambda: value, shape=tuple(np.shape(value)))

    def _apply(self, equation: Any, read: Read) -> list[Value]:
        if len(self._graph.nodes) - self._before > LARGEST:
            raise Unsupported(f"more than {LARGEST:,} nodes")
        inputs = [
            value
            if isinstance(value := read(atom), Value)
            else self._constant(np.asarray(value, atom.aval.dtype))
            for atom in equation.invars
        ]
        name, params = equation.primitive.name, equation.params
        if all(value.is_constant for value in inputs):
            return self._computed(equation, inputs)
        if name in _CALLS:
            inner = next(params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in params)
            return self.run(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), inputs)
        if name == "scan":
            return self._scan(params, inputs)
        if name not in PRIMITIVES:
            raise Unsupported(f"the operation {name}")
        shapes = [tuple(out.aval.shape) for out in equation.outvars]
        result = PRIMITIVES[name](self._graph, params, shapes, *inputs)
        return result if isinstance(result, list) else [result]

    def _computed(self, equation: Any, inputs: list[Value]) -> list[Value]:
        """Outputs of an equation of constants, computed when one is needed."""
        memory: list[Any] = []

        def outputs() -> list[Any]:
            if not memory:
                params = equation.primitive.get_bind_params(equation.params)
                result = equation.primitive.bind(*(v.constant for v in inputs), **params)
                memory.extend(result if equation.primitive.multiple_results else [result])
            return memory

        def output(index: int) -> Any:
            return outputs()[index]

        return [
            Value(self._graph, constant=partial(output, i), shape=tuple(out.aval.shape))
            for i, out in enumerate(equation.outvars)
        ]

    def _scan(self, params: Any, inputs: list[Value]) -> list[Value]:
        """All steps of a loop, one after the other."""
        consts, carried = params["num_consts"], params["num_carry"]
        fixed, state = inputs[:consts], inputs[consts : consts + carried]
        sequences, inner = inputs[consts + carried :], params["jaxpr"]
        steps: list[list[Value]] = []
        for i in range(params["length"]):
            position = params["length"] - 1 - i if params["reverse"] else i
            slices = [sequence.element(position) for sequence in sequences]
            outputs = self.run(inner.jaxpr, inner.consts, [*fixed, *state, *slices])
            state = outputs[:carried]
            steps.append(outputs[carried:])
        if params["reverse"]:
            steps.reverse()
        return [
            *state,
            *(Value.stack(self._graph, list(column)) for column in zip(*steps, strict=True)),
        ]
