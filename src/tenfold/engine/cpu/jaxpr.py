"""Evaluates a jaxpr equation by equation with replaceable rules.

Source: "Writing custom Jaxpr interpreters in JAX", documentation of JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax.extend import core

Read = Callable[[Any], Any]


def evaluate(
    jaxpr: core.Jaxpr,
    consts: Sequence[Any],
    args: Sequence[Any],
    apply: Callable[[Any, Read], Sequence[Any] | None],
) -> list[Any]:
    """Evaluate a jaxpr with a rule for its equations.

    Args:
        jaxpr: of a traced function.
        consts: values of its constants.
        args: values of its arguments.
        apply: takes an equation and a function that returns the value of any of its inputs;
            returns the values of the outputs, or None if no later equation reads them.

    Returns:
        The values of the outputs.

    Example:
        >>> import jax
        >>> traced = jax.make_jaxpr(lambda x: x * 2 + 1)(1)
        >>> def unchanged(equation, read):
        ...     return [equation.primitive.bind(*map(read, equation.invars), **equation.params)]
        >>> int(evaluate(traced.jaxpr, traced.consts, [5], unchanged)[0])
        11
    """
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in jaxpr.eqns:
        outputs = apply(equation, read)
        if outputs is not None:
            values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]
