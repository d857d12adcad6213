"""The compiled kernels as one differentiable JAX function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.engine.cpu.kernels.loading import library

MOST_PLACES = 254  # of a pooling window: a byte says where in it the maximum was
MOST_FLOATS = 2**31 - 1  # of an image, and of a kernel: offsets are 32 bits wide

Pair = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """A convolution, and what follows it in the same pass.

    Attributes:
        strides: of the kernel, rows and columns.
        padding: zeros above and below, left and right.
        relu: negative sums become zero.
        pool: the window of a max-pooling; (1, 1) is none.
        pool_strides: of that window.
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

    def takes(self, images: Any, kernel: Any) -> bool:
        """Tell whether the kernels can do it: float32, no empty axis, sizes within their limits."""
        shape = self.output_shape(images.shape, kernel.shape)
        (top, bottom), (left, right) = self.padding
        padded = (images.shape[1] + top + bottom) * (images.shape[2] + left + right)
        return (
            images.dtype == kernel.dtype == jnp.float32
            and min(*shape, *images.shape, *kernel.shape) > 0
            and min(top, bottom, left, right) >= 0
            and self.pool[0] * self.pool[1] <= MOST_PLACES
            and padded * images.shape[3] <= MOST_FLOATS
            and 2 * (kernel.size + 16 * kernel.shape[0] * kernel.shape[3]) <= MOST_FLOATS
        )

    @property
    def finds_maxima(self) -> bool:
        """Whether places of maxima are kept for the gradient."""
        return self.relu or self.pool != (1, 1)

    @property
    def numbers(self) -> np.ndarray:
        """All of it as the kernels take it."""
        (top, bottom), (left, right) = self.padding
        sides = (top, left, bottom, right)
        numbers = (*self.strides, *sides, *self.pool, *self.pool_strides, int(self.relu))
        return np.array(numbers, np.int64)


def convolve(layer: Layer, images: jax.Array, kernel: jax.Array, bias: jax.Array) -> jax.Array:
    """Convolve, add a bias, and apply relu and max-pooling as the layer says.

    The result and its gradients equal XLA's to float error. Of equal maxima the first takes the
    gradient, and at zero that of relu is zero, as in XLA and JAX.

    Args:
        layer: strides, padding, relu and pooling.
        images: float32 ``[n, height, width, channels]``.
        kernel: float32 ``[height, width, channels, filters]``.
        bias: float32 ``[filters]``.

    Returns:
        float32 ``[n, pooled height, pooled width, filters]``.

    Raises:
        RuntimeError: there are no compiled kernels; ``library()`` tells before.
    """
    found = library()
    if not found.usable:
        raise RuntimeError(f"no compiled kernels: {found.found}")
    return _function(layer)(images, kernel, bias)


def _call(name: str, layer: Layer, shapes: Any, *arrays: jax.Array) -> Any:
    call: Any = jax.ffi.ffi_call(name, shapes, vmap_method="sequential")
    return call(*arrays, numbers=layer.numbers)


def _like(array: jax.Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


@functools.cache
def _function(layer: Layer) -> Callable[[jax.Array, jax.Array, jax.Array], jax.Array]:
    def forward(
        images: jax.Array, kernel: jax.Array, bias: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        shape = layer.output_shape(images.shape, kernel.shape)
        places = jax.ShapeDtypeStruct(shape if layer.finds_maxima else (0,), jnp.uint8)
        shapes = (jax.ShapeDtypeStruct(shape, jnp.float32), places)
        result, taken = _call("tenfold_convolution", layer, shapes, images, kernel, bias)
        return result, (images, kernel, bias, taken)

    def backward(saved: tuple[jax.Array, ...], gradient: jax.Array) -> tuple[jax.Array, ...]:
        images, kernel, bias, taken = saved
        shapes = (_like(kernel), _like(bias))
        own = _call("tenfold_kernel_gradient", layer, shapes, images, gradient, taken)
        # A call of its own: a first layer needs none, and XLA leaves it out.
        back = _call("tenfold_input_gradient", layer, _like(images), kernel, gradient, taken)
        return (back, *own)

    function = jax.custom_vjp(lambda *arrays: forward(*arrays)[0])
    function.defvjp(forward, backward)
    return function
