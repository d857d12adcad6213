"""Faster lowering rules of some JAX primitives on CPUs.

On CPUs, XLA 0.10 is slow at three things:

- the gradient of a convolution with respect to its kernel, which is a convolution with a kernel
  of the size of the images (slow in loops: https://github.com/jax-ml/jax/issues/12868);
- the gradient of max-pooling, a select-and-scatter;
- random bits, as jax 0.10 lowers the rounds of Threefry to a loop on CPUs (unrolled upstream in
  https://github.com/jax-ml/jax/pull/37872).

A function is traced to a jaxpr and evaluated with other rules for these primitives. Keras layers
keep their meaning; results agree with XLA's to float error. ``tests/engine/test_workarounds.py``
fails with a newer JAX than ``core.backend.CHECKED``: measure ``benchmarks/convolution.py`` then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core

from tenfold.engine.cpu import kernels
from tenfold.engine.cpu.fusion import FusedConvolution, find_fusions
from tenfold.engine.cpu.jaxpr import Read, evaluate

IMAGES_IN_CACHE = 16

Rule = Callable[..., jax.Array | None]


def with_lowering_rules(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function with the lowering rules of this module.

    Args:
        function: takes and returns pytrees of arrays.

    Example:
        >>> double = with_lowering_rules(lambda x: x * 2)
        >>> float(double(jnp.float32(3)))
        6.0
    """

    def wrapped(*args: Any) -> Any:
        traced, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        leaves = _evaluate(traced.jaxpr, traced.consts, jax.tree.leaves(args))
        return jax.tree.unflatten(jax.tree.structure(shape), leaves)

    return wrapped


def _evaluate(jaxpr: core.Jaxpr, consts: Sequence[Any], args: Sequence[Any]) -> list[Any]:
    fusions = {id(fusion.equations[-1]): fusion for fusion in _fusions(jaxpr)}
    fused = {id(part) for fusion in fusions.values() for part in fusion.equations[:-1]}

    def apply(equation: Any, read: Read) -> Sequence[Any] | None:
        if id(equation) in fusions:
            return [fusions[id(equation)].apply(read)]
        if id(equation) in fused:
            return None
        return _apply(equation, [read(atom) for atom in equation.invars])

    return evaluate(jaxpr, consts, args, apply)


def _fusions(jaxpr: core.Jaxpr) -> list[FusedConvolution]:
    return find_fusions(jaxpr) if kernels.library().usable else []


def _apply(equation: Any, inputs: list[Any]) -> Sequence[Any]:
    name, params = equation.primitive.name, equation.params
    if name in ("pjit", "jit"):
        inner = params["jaxpr"]
        return _evaluate(inner.jaxpr, inner.consts, inputs)
    if name in RULES:
        result = RULES[name](*inputs, **params)
        if result is not None:
            return [result]
    result = equation.primitive.bind(*inputs, **equation.primitive.get_bind_params(params))
    return result if equation.primitive.multiple_results else [result]


# Convolution


def _convolution(
    images: jax.Array,
    kernel: jax.Array,
    *,
    window_strides: tuple[int, ...],
    padding: Sequence[tuple[int, int]],
    lhs_dilation: tuple[int, ...],
    rhs_dilation: tuple[int, ...],
    dimension_numbers: lax.ConvDimensionNumbers,
    feature_group_count: int,
    batch_group_count: int,
    **_: Any,
) -> jax.Array | None:
    supported = (
        images.ndim == 4
        and tuple(lhs_dilation) == (1, 1)
        and tuple(rhs_dilation) == (1, 1)
        and batch_group_count == 1
    )
    if not supported:
        return None
    numbers = dimension_numbers
    x = jnp.transpose(images, _permuted(numbers.lhs_spec, (0, 2, 3, 1)))
    k = jnp.transpose(kernel, _permuted(numbers.rhs_spec, (2, 3, 1, 0)))
    if any(map(any, padding)):
        x = lax.pad(
            x, jnp.zeros((), x.dtype), ((0, 0, 0), *((a, b, 0) for a, b in padding), (0, 0, 0))
        )
    strides = (window_strides[0], window_strides[1])
    if feature_group_count == 1:
        y = _convolve(x, k) if strides == (1, 1) else _im2col_convolve(x, k, strides)
    elif feature_group_count == x.shape[-1]:
        y = _depthwise(x, k, strides)
    else:
        return None
    out = numbers.out_spec
    return jnp.transpose(y, tuple(np.argsort((out[0], out[2], out[3], out[1])).tolist()))


def _permuted(spec: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    return tuple(spec[i] for i in order)


def _windows(x: jax.Array, size: tuple[int, int], strides: tuple[int, int]) -> list[jax.Array]:
    """The pixels at each position of a window: ``size[0] * size[1]`` strided slices."""
    n, height, width, channels = x.shape
    rows = (height - size[0]) // strides[0] + 1
    columns = (width - size[1]) // strides[1] + 1
    return [
        lax.slice(
            x,
            (0, i, j, 0),
            (n, i + (rows - 1) * strides[0] + 1, j + (columns - 1) * strides[1] + 1, channels),
            (1, *strides, 1),
        )
        for i in range(size[0])
        for j in range(size[1])
    ]


def _patches(x: jax.Array, size: tuple[int, int], strides: tuple[int, int]) -> jax.Array:
    """Im2col patches ``[n, rows, columns, size[0] * size[1] * channels]``."""
    return jnp.concatenate(_windows(x, size, strides), axis=-1)


def _im2col_convolve(x: jax.Array, kernel: jax.Array, strides: tuple[int, int]) -> jax.Array:
    size = (kernel.shape[0], kernel.shape[1])
    return _patches(x, size, strides) @ kernel.reshape(-1, kernel.shape[-1])


@jax.custom_vjp
def _convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _convolve_forward(
    x: jax.Array, kernel: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _convolve(x, kernel), (x, kernel)


def _convolve_backward(
    saved: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    return _input_gradient(gradient, kernel), _kernel_gradient(x, gradient, kernel.shape)


def _input_gradient(gradient: jax.Array, kernel: jax.Array) -> jax.Array:
    height, width = kernel.shape[0] - 1, kernel.shape[1] - 1
    padded = jnp.pad(gradient, ((0, 0), (height, height), (width, width), (0, 0)))
    return _convolve(padded, jnp.transpose(kernel[::-1, ::-1], (0, 1, 3, 2)))


def _kernel_gradient(x: jax.Array, gradient: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Sum over a few images at a time, so that their patches stay in the processor's cache."""
    few = math.gcd(x.shape[0], IMAGES_IN_CACHE)

    def add(total: jax.Array, chunk: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        images, gradients = chunk
        patches = _patches(images, (shape[0], shape[1]), (1, 1))
        patches = patches.reshape(-1, patches.shape[-1])
        return total + gradients.reshape(-1, shape[-1]).T @ patches, None

    chunks = (x.reshape(-1, few, *x.shape[1:]), gradient.reshape(-1, few, *gradient.shape[1:]))
    zeros = jnp.zeros((shape[-1], math.prod(shape[:-1])), x.dtype)
    total, _ = lax.scan(add, zeros, chunks)
    return total.T.reshape(shape)


_convolve.defvjp(_convolve_forward, _convolve_backward)


def _depthwise(x: jax.Array, kernel: jax.Array, strides: tuple[int, int]) -> jax.Array:
    """Depthwise convolution with ``kernel [height, width, 1, channels * m]``."""
    channels = x.shape[-1]
    slices = _windows(x, (kernel.shape[0], kernel.shape[1]), strides)
    filters = kernel.reshape(len(slices), channels, -1)
    total = sum(s[..., None] * f for s, f in zip(slices, filters, strict=True))
    assert isinstance(total, jax.Array)  # noqa: S101 - there is at least one slice
    return total.reshape(*total.shape[:3], -1)


# Max-pooling


def _max_pool(
    x: jax.Array,
    *,
    window_dimensions: tuple[int, ...],
    window_strides: tuple[int, ...],
    padding: Sequence[tuple[int, int]],
    base_dilation: tuple[int, ...],
    window_dilation: tuple[int, ...],
    **_: Any,
) -> jax.Array | None:
    """Maximum of strided slices; the first of equal values receives the gradient, as in XLA."""
    undilated = set(base_dilation) == {1} and set(window_dilation) == {1}
    spatial = window_dimensions[0] == 1 and window_dimensions[-1] == 1
    if not (x.ndim == 4 and undilated and spatial and not any(map(any, padding))):
        return None
    slices = _windows(
        x,
        (window_dimensions[1], window_dimensions[2]),
        (window_strides[1], window_strides[2]),
    )
    largest = slices[0]
    for candidate in slices[1:]:
        largest = jnp.where(candidate > largest, candidate, largest)
    return largest


# Random bits


def _random_bits(keys: jax.Array, *, bit_width: int, shape: tuple[int, ...]) -> jax.Array | None:
    """The bits that JAX draws, by Threefry-2x32 with unrolled rounds.

    Each index is encrypted with the key; the two halves of the cipher are combined by XOR.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.
    """
    numbers = math.prod(shape)
    if bit_width != 32 or keys.ndim or not 0 < numbers < 2**32 or not _is_threefry(keys):
        return None
    key = jax.random.key_data(keys)
    words = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    high = jnp.full(numbers, words[0])  # indices are below 2**32, so their upper half is zero
    low = lax.iota(jnp.uint32, numbers) + words[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            high = high + low
            low = high ^ (low << np.uint32(rotation) | low >> np.uint32(32 - rotation))
        high = high + words[(group + 1) % 3]
        low = low + words[(group + 2) % 3] + np.uint32(group + 1)
    return (high ^ low).reshape(shape)


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def _is_threefry(keys: jax.Array) -> bool:
    partitionable = getattr(jax.config, "jax_threefry_partitionable", False)
    return partitionable and str(jax.random.key_impl(keys)) == "threefry2x32"


RULES: dict[str, Rule] = {
    "random_bits": _random_bits,
    "conv_general_dilated": _convolution,
    "reduce_window_max": _max_pool,
}
