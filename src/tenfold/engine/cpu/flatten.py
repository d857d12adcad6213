"""Arithmetic by element on arrays without their shape, on which a CPU's loops are long.

XLA's loops over an array ``[784, 10]`` are 784 loops of ten: seven times as slow as one over the
7,840 numbers. An optimizer's update is nearly all by element, so weights and what the optimizer
keeps of them are one-dimensional from step to step, and have their shape only where it counts.
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
BY_ELEMENT = frozenset(_NAMES.split())


def ravelled(array: jax.Array, leading: int = 0) -> jax.Array:
    """The array with all its axes as one, but for some leading ones.

    Example:
        >>> ravelled(jnp.zeros((8, 784, 10)), leading=1).shape
        (8, 7840)
    """
    if array.ndim <= leading + 1:
        return array
    return array.reshape(*array.shape[:leading], -1)


def by_element(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes the same, what is by element on arrays without their shape.

    Args:
        function: takes and returns pytrees of arrays.

    Example:
        >>> double = by_element(lambda x: x * 2)
        >>> double(jnp.ones((2, 3))).shape
        (2, 3)
    """

    def wrapped(*args: Any) -> Any:
        traced, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        leaves = [ravelled(jnp.asarray(leaf)) for leaf in jax.tree.leaves(args)]
        consts = [ravelled(jnp.asarray(value)) for value in traced.consts]
        found = evaluate(traced.jaxpr, consts, leaves, _apply)
        shapes = [atom.aval.shape for atom in traced.jaxpr.outvars]
        shaped = [jnp.reshape(value, to) for value, to in zip(found, shapes, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(shape), shaped)

    return wrapped


def _apply(equation: Any, read: Read) -> Sequence[Any]:
    """An equation of values without their shape."""
    primitive, params = equation.primitive, equation.params
    inputs = [read(atom) for atom in equation.invars]
    shapes = [atom.aval.shape for atom in (*equation.invars, *equation.outvars)]
    if primitive.name in ("pjit", "jit"):
        inner = params["jaxpr"]
        return evaluate(
            inner.jaxpr, [ravelled(jnp.asarray(value)) for value in inner.consts], inputs, _apply
        )
    if primitive.name in BY_ELEMENT and len({shape for shape in shapes if shape}) <= 1:
        return [primitive.bind(*inputs, **params)]
    if primitive.name == "convert_element_type":
        return [lax.convert_element_type(inputs[0], params["new_dtype"])]
    if primitive.name == "broadcast_in_dim" and not shapes[0] and shapes[-1]:
        return [jnp.broadcast_to(inputs[0], (math.prod(shapes[-1]),))]
    shaped = [jnp.reshape(value, shape) for value, shape in zip(inputs, shapes, strict=False)]
    result = primitive.bind(*shaped, **primitive.get_bind_params(params))
    return [ravelled(value) for value in (result if primitive.multiple_results else [result])]
