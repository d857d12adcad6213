"""The compiled kernels as a differentiable JAX function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.engine.cpu.kernels.loading import library

MAX_POOL_SIZE = 254  # elements of a pooling window: the index of its maximum is one byte
MAX_FLOATS = 2**31 - 1  # of an image and of a kernel: offsets have 32 bits

Pair = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """A convolution with the bias, ReLU and max-pooling fused with it.

    Attributes:
        strides: of the kernel, rows and columns.
        padding: zeros (above, below), (left, right).
        relu: apply a ReLU.
        pool: size of the max-pooling window; (1, 1) for no pooling.
        pool_strides: strides of that window.
    """

    strides: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    relu: bool = False
    pool: Pair = (1, 1)
    pool_strides: Pair = (1, 1)

    def output_shape(self, images: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the result for images ``[n, h, w, c]`` and a kernel ``[kh, kw, c, o]``.

        Example:
            >>> Layer(pool=(2, 2), pool_strides=(2, 2)).output_shape((9, 28, 28, 1), (3, 3, 1, 32))
            (9, 13, 13, 32)
        """
        sides = []
        for axis in (0, 1):
            padded = images[axis + 1] + sum(self.padding[axis])
            convolved = (padded - kernel[axis]) // self.strides[axis] + 1
            sides.append((convolved - self.pool[axis]) // self.pool_strides[axis] + 1)
        return (images[0], *sides, kernel[3])

    def supports(self, images: Any, kernel: Any) -> bool:
        """Whether the kernels support it: float32, no empty axis, sizes within their limits."""
        shape = self.output_shape(images.shape, kernel.shape)
        (top, bottom), (left, right) = self.padding
        padded = (images.shape[1] + top + bottom) * (images.shape[2] + left + right)
        return (
            images.dtype == kernel.dtype == jnp.float32
            and min(*shape, *images.shape, *kernel.shape) > 0
            and min(top, bottom, left, right) >= 0
            and self.pool[0] * self.pool[1] <= MAX_POOL_SIZE
            and padded * images.shape[3] <= MAX_FLOATS
            and 2 * (kernel.size + 16 * kernel.shape[0] * kernel.shape[3]) <= MAX_FLOATS
        )

    @property
    def saves_argmax(self) -> bool:
        """Whether indices of maxima are saved for the gradient."""
        return self.relu or self.pool != (1, 1)

    @property
    def attributes(self) -> np.ndarray:
        """All parameters in the order of the C++ struct, int64."""
        (top, bottom), (left, right) = self.padding
        sides = (top, left, bottom, right)
        values = (*self.strides, *sides, *self.pool, *self.pool_strides, int(self.relu))
        return np.array(values, np.int64)


def convolve(layer: Layer, images: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """Convolve, add a bias, and apply ReLU and max-pooling as the layer requires.

    The result and its gradients equal XLA's to float error. The first of equal maxima receives
    the gradient, and the gradient of ReLU at zero is zero, as in XLA and JAX.

    Args:
        layer: strides, padding, ReLU and pooling.
        images: float32 ``[n, height, width, channels]``.
        kernel: float32 ``[height, width, channels, filters]``.
        bias: float32 ``[filters]``.

    Returns:
        float32 ``[n, pooled height, pooled width, filters]``.

    Raises:
        RuntimeError: there are no compiled kernels; check ``library().usable`` first.
    """
    kernels = library()
    if not kernels.usable:
        raise RuntimeError(f"no compiled kernels: {kernels.description}")
    return _function(layer)(images, kernel, bias)


def _call(name: str, layer: Layer, shapes: Any, *arrays: jax.Array) -> Any:
    call: Any = jax.ffi.ffi_call(name, shapes, vmap_method="sequential")
    return call(*arrays, numbers=layer.attributes)


def _like(array: jax.Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


@functools.cache
def _function(layer: Layer) -> Callable[[jax.Array, jax.Array, jax.Array], jax.Array]:
    def forward(
        images: jax.Array, kernel: jax.Array, bias: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        shape = layer.output_shape(images.shape, kernel.shape)
        argmax = jax.ShapeDtypeStruct(shape if layer.saves_argmax else (0,), jnp.uint8)
        shapes = (jax.ShapeDtypeStruct(shape, jnp.float32), argmax)
        result, maxima = _call("tenfold_convolution", layer, shapes, images, kernel, bias)
        return result, (images, kernel, bias, maxima)

    def backward(saved: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array, ...]:
        images, kernel, bias, maxima = saved
        shapes = (_like(kernel), _like(bias))
        parameters = _call("tenfold_kernel_gradient", layer, shapes, images, gradient, maxima)
        # A separate call: a first layer does not need it, so XLA removes it.
        back = _call("tenfold_input_gradient", layer, _like(images), kernel, gradient, maxima)
        return (back, *parameters)

    function = jax.custom_vjp(lambda *arrays: forward(*arrays)[0])
    function.defvjp(forward, backward)
    return function
