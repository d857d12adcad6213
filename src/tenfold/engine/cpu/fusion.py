"""Finds convolutions in a jaxpr with the bias, ReLU and max-pooling to fuse with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from tenfold.engine.cpu.kernels import Layer, convolve


@dataclass(frozen=True)
class FusedConvolution:
    """A convolution and the equations fused with it; each is the only user of the one before.

    An equation that does not occur is None.
    """

    convolution: Any
    bias: Any = None
    relu: Any = None
    pool: Any = None

    @property
    def equations(self) -> list[Any]:
        """The equations that occur, in order."""
        every = (self.convolution, self.bias, self.relu, self.pool)
        return [equation for equation in every if equation is not None]

    def layer(self) -> Layer:
        """The parameters of the compiled kernel."""
        params = self.convolution.params
        window: tuple[int, ...] = (1, 1, 1, 1)
        strides = window
        if self.pool is not None:
            window = self.pool.params["window_dimensions"]
            strides = self.pool.params["window_strides"]
        rows, columns = params["padding"]
        return Layer(
            strides=tuple(params["window_strides"]),
            padding=(tuple(rows), tuple(columns)),
            relu=self.relu is not None,
            pool=(window[1], window[2]),
            pool_strides=(strides[1], strides[2]),
        )

    @property
    def is_supported(self) -> bool:
        """Whether the compiled kernels support it."""
        images, kernel = (atom.aval for atom in self.convolution.invars)
        return self.layer().supports(images, kernel)

    def apply(self, read: Callable[[Any], Any]) -> jax.Array:
        """Compute the result with the compiled kernels."""
        images, kernel = map(read, self.convolution.invars)
        filters = kernel.shape[3]
        bias = jnp.zeros(filters, jnp.float32)
        if self.bias is not None:
            added = _other(self.bias, self.convolution.outvars[0])
            bias = read(added).reshape(filters)
        return convolve(self.layer(), images, kernel, bias)


def find_fusions(jaxpr: core.Jaxpr) -> list[FusedConvolution]:
    """Every convolution that the compiled kernels support, in the layout of Keras on JAX."""
    users: dict[Any, list[Any]] = {}
    for equation in jaxpr.eqns:
        for atom in equation.invars:
            if isinstance(atom, core.Var):
                users.setdefault(atom, []).append(equation)
    returned = Counter(atom for atom in jaxpr.outvars if isinstance(atom, core.Var))

    def next_of(equation: Any) -> Any:
        (result,) = equation.outvars
        using = users.get(result, [])
        return using[0] if len(using) == 1 and not returned[result] else None

    fusions = (_fuse(equation, next_of) for equation in jaxpr.eqns if _is_convolution(equation))
    return [fusion for fusion in fusions if fusion.is_supported]


def _fuse(convolution: Any, next_of: Callable[[Any], Any]) -> FusedConvolution:
    fused: dict[str, Any] = {}
    last = convolution
    for name, matches in (("bias", _adds_bias), ("relu", _is_relu), ("pool", _is_pool)):
        following = next_of(last)
        if following is not None and matches(following, last.outvars[0]):
            fused[name] = last = following
    return FusedConvolution(convolution, **fused)


def _is_convolution(equation: Any) -> bool:
    if equation.primitive.name != "conv_general_dilated":
        return False
    params = equation.params
    numbers = params["dimension_numbers"]
    return (
        tuple(numbers.lhs_spec) == tuple(numbers.out_spec) == (0, 3, 1, 2)
        and tuple(numbers.rhs_spec) == (3, 2, 0, 1)
        and set(params["lhs_dilation"]) | set(params["rhs_dilation"]) == {1}
        and params["feature_group_count"] == params["batch_group_count"] == 1
    )


def _other(addition: Any, one: Any) -> Any:
    first, second = addition.invars
    return second if first is one else first


def _adds_bias(equation: Any, convolved: Any) -> bool:
    if equation.primitive.name != "add":
        return False
    other = _other(equation, convolved).aval
    return bool(other.shape == (1, 1, 1, convolved.aval.shape[3]) and other.dtype == jnp.float32)


def _is_relu(equation: Any, _: Any) -> bool:
    """Whether this is ``jax.nn.relu``: its gradient at zero is zero, unlike that of ``maximum``."""
    if equation.primitive.name != "custom_jvp_call" or len(equation.invars) != 1:
        return False
    inner = equation.params["call_jaxpr"].eqns
    while len(inner) == 1 and inner[0].primitive.name in ("pjit", "jit"):
        inner = inner[0].params["jaxpr"].eqns
    if len(inner) != 1 or inner[0].primitive.name != "max":
        return False
    return any(isinstance(atom, core.Literal) and atom.val == 0 for atom in inner[0].invars)


def _is_pool(equation: Any, _: Any) -> bool:
    if equation.primitive.name != "reduce_window_max":
        return False
    params = equation.params
    window = params["window_dimensions"]
    return (
        len(window) == 4
        and window[0] == window[3] == 1
        and params["window_strides"][0] == params["window_strides"][3] == 1
        and not any(map(any, params["padding"]))
        and set(params["base_dilation"]) | set(params["window_dilation"]) == {1}
    )
