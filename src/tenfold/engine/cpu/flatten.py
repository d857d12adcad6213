"""Elementwise arithmetic on flattened arrays, which is faster on CPUs.

XLA 0.10 compiles an elementwise operation on an array ``[784, 10]`` to 784 loops over ten numbers,
seven times as slow as one loop over 7,840. Optimizer updates are mostly elementwise. So weights and
optimizer variables are carried from step to step as one-dimensional arrays, and get their shape
back only for operations that need it. ``tests/engine/test_lowering.py`` checks that updates of
Keras's optimizers are unchanged and that Adam computes on arrays of one axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tenfold.engine.cpu.jaxpr import Read, evaluate

_NAMES = """
    abs add add_any and copy div eq exp ge gt integer_pow is_finite le log log1p lt max min mul ne
    neg not or pow rsqrt select_n sign sqrt square sub tanh
"""
ELEMENTWISE = frozenset(_NAMES.split())


def flattened(array: jax.Array, leading: int = 0) -> jax.Array:
    """Reshape an array to one axis, after a number of leading axes that stay.

    Example:
        >>> flattened(jnp.zeros((8, 784, 10)), leading=1).shape
        (8, 7840)
    """
    if array.ndim <= leading + 1:
        return array
    return array.reshape(*array.shape[:leading], -1)


def flatten_elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function with elementwise operations on flattened arrays.

    Args:
        function: takes and returns pytrees of arrays.

    Example:
        >>> double = flatten_elementwise(lambda x: x * 2)
        >>> double(jnp.ones((2, 3))).shape
        (2, 3)
    """

    def wrapped(*args: Any) -> Any:
        traced, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        leaves = [flattened(jnp.asarray(leaf)) for leaf in jax.tree.leaves(args)]
        consts = [flattened(jnp.asarray(value)) for value in traced.consts]
        values = evaluate(traced.jaxpr, consts, leaves, _apply)
        shapes = [atom.aval.shape for atom in traced.jaxpr.outvars]
        shaped = [jnp.reshape(value, to) for value, to in zip(values, shapes, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(shape), shaped)

    return wrapped


def _apply(equation: Any, read: Read) -> Sequence[Any]:
    """Evaluate an equation on flattened values."""
    primitive, params = equation.primitive, equation.params
    inputs = [read(atom) for atom in equation.invars]
    shapes = [atom.aval.shape for atom in (*equation.invars, *equation.outvars)]
    if primitive.name in ("pjit", "jit"):
        inner = params["jaxpr"]
        return evaluate(
            inner.jaxpr, [flattened(jnp.asarray(value)) for value in inner.consts], inputs, _apply
        )
    if primitive.name in ELEMENTWISE and len({shape for shape in shapes if shape}) <= 1:
        return [primitive.bind(*inputs, **params)]
    if primitive.name == "convert_element_type":
        return [lax.convert_element_type(inputs[0], params["new_dtype"])]
    if primitive.name == "broadcast_in_dim" and not shapes[0] and shapes[-1]:
        return [jnp.broadcast_to(inputs[0], (math.prod(shapes[-1]),))]
    shaped = [jnp.reshape(value, shape) for value, shape in zip(inputs, shapes, strict=False)]
    result = primitive.bind(*shaped, **primitive.get_bind_params(params))
    return [flattened(value) for value in (result if primitive.multiple_results else [result])]
