"""XLA: the compiler options of every program, and versions that are known to be wrong."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class KnownBug:
    """A bug of jaxlib on CPUs that tenfold's compiler options avoid.

    Attributes:
        first: first version of jaxlib that has it.
        last: last version in which it was seen.
        symptom: what it does.
        issue: address of the upstream report.
    """

    first: str
    last: str
    symptom: str
    issue: str


KNOWN_BUGS = (
    KnownBug(
        "0.10.2",
        "0.10.2",
        "wrong results of matrix-vector products reduced over more than 32,768 rows",
        "https://github.com/jax-ml/jax/issues/39103",
    ),
    KnownBug(
        "0.10.2",
        "0.11.0",
        "crash of products reduced over one of seven or more axes",
        "https://github.com/jax-ml/jax/issues/39257",
    ),
)
"""Both are in XLA's YNN fusions, which ``compiler_options`` switches off."""

CHECKED_JAXLIB = ("0.10.1", "0.10.2")
"""First and last version of jaxlib that is known to have ``NO_YNN``; others are tried."""

NO_YNN = {"xla_cpu_experimental_ynn_fusion_type": ""}
FULL_OPTIMIZATION = {"xla_backend_optimization_level": "3"}


def compiler_options(*, optimize: bool = False) -> dict[str, str]:
    """Options to compile a program with.

    On CPUs they switch off the YNN fusions of XLA, which have the known bugs. An epoch of
    ``dense-512`` or ``dense-47`` takes no longer without them. The option is experimental: a
    version of XLA that does not have it compiles without.

    Args:
        optimize: use all optimizations of LLVM, unless JAX_DISABLE_MOST_OPTIMIZATIONS is set.
            That pays for programs that run for long; ``core.backend`` lowers the default.
    """
    config: Any = jax.config
    full = optimize and not config.read("jax_disable_most_optimizations")
    options = FULL_OPTIMIZATION if full else {}
    return options | NO_YNN if jax.default_backend() == "cpu" and _has_ynn_option() else options


def known_bugs(jaxlib: str | None = None) -> list[KnownBug]:
    """The bugs of a version of jaxlib, by default of the installed one.

    Example:
        >>> [bug.issue[-5:] for bug in known_bugs("0.10.2")], known_bugs("0.10.1")
        (['39103', '39257'], [])
    """
    installed = parse_version(jaxlib or version("jaxlib"))
    return [
        bug
        for bug in KNOWN_BUGS
        if parse_version(bug.first) <= installed <= parse_version(bug.last)
    ]


def reduction_error(options: dict[str, str]) -> float:
    """Relative error of the program of jax issue 39103, compiled with these options."""
    rows, matrix = 32_769, jnp.eye(3)
    x = jnp.zeros((rows, 3)).at[:, 0].set(jnp.arange(rows))

    def squared_lengths(x: jax.Array) -> jax.Array:
        return jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2))(x)

    result = jax.jit(squared_lengths, compiler_options=options)(x)
    return abs(float(result[-1]) / (rows - 1) ** 2 - 1)


def parse_version(text: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    Example:
        >>> parse_version("0.10.2") < parse_version("0.11.0.dev3")
        True
    """
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


@functools.cache
def _has_ynn_option() -> bool:
    first, last = map(parse_version, CHECKED_JAXLIB)
    if first <= parse_version(version("jaxlib")) <= last:
        return True
    try:
        jax.jit(lambda x: x, compiler_options=NO_YNN).lower(0).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
