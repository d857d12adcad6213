"""A traced function evaluated again, equation by equation, by rules of one's own."""

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
    """Evaluate a jaxpr.

    Args:
        jaxpr: of a traced function.
        consts: values of its constants.
        args: values of its arguments.
        apply: takes an equation, and a function that gives the value of any of its inputs; gives
            the values of its outputs, or None where nobody will ask for them.

    Example:
        >>> import jax
        >>> traced = jax.make_jaxpr(lambda x: x * 2 + 1)(1)
        >>> def as_it_is(equation, read):
        ...     return [equation.primitive.bind(*map(read, equation.invars), **equation.params)]
        >>> int(evaluate(traced.jaxpr, traced.consts, [5], as_it_is)[0])
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
