"""Steps that change grey values: stroke width, blur, noise, cutout; and the list of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp

from tenfold.networks.augmentation.clutter import clutter
from tenfold.networks.augmentation.memory import product

Step = Callable[[jax.Array, jax.Array, Any], jax.Array]


def thicken(key: jax.Array, images: jax.Array, pixels: float) -> jax.Array:
    """Make strokes thinner or thicker.

    The image is mixed with its grey dilation or erosion by a cross of five pixels, which moves
    either edge of a stroke by one pixel.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` in [0, 1].
        pixels: the largest change of the stroke width, up to 2.

    Returns:
        float32 ``[n, height, width]`` in [0, 1].

    Source:
        Serra, "Image analysis and mathematical morphology", 1982.

    Example:
        >>> stroke = jnp.zeros((200, 5, 5)).at[:, :, 2].set(1.0)
        >>> widths = thicken(jax.random.key(0), stroke, 0.5)[:, 2].sum(axis=1)
        >>> round(float(widths.min()), 1), round(float(widths.max()), 1)
        (0.8, 1.5)
    """
    height, width = images.shape[1:]
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1)))
    cross = [
        padded[:, row : row + height, column : column + width]
        for row, column in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    ]
    share = jax.random.uniform(key, (len(images), 1, 1), minval=-pixels / 2, maxval=pixels / 2)
    changed = jnp.where(share > 0, reduce(jnp.maximum, cross), reduce(jnp.minimum, cross))
    return images + jnp.abs(share) * (changed - images)


def blur(key: jax.Array, images: jax.Array, sigma: float) -> jax.Array:
    """Blur each image with a Gaussian of standard deviation 0 to ``sigma`` pixels.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]``.
        sigma: the largest standard deviation, in pixels.

    Returns:
        float32 ``[n, height, width]``; what is blurred over the edge of the frame is lost.

    Example:
        >>> dot = jnp.zeros((1, 9, 9)).at[0, 4, 4].set(1.0)
        >>> round(float(blur(jax.random.key(0), dot, 1.0).sum()), 3)
        1.0
    """
    radius = math.ceil(3 * sigma)
    sigmas = jax.random.uniform(key, (len(images), 1, 1), minval=0.01, maxval=sigma)
    total = reduce(jnp.add, [jnp.exp(-0.5 * (i / sigmas) ** 2) for i in range(-radius, radius + 1)])

    def weights(size: int) -> jax.Array:
        distance = jnp.arange(size)[:, None] - jnp.arange(size)
        return jnp.exp(-0.5 * (distance / sigmas) ** 2) / total

    rows, columns = (weights(size) for size in images.shape[1:])
    return product(product(rows, images), columns)


def add_noise(key: jax.Array, images: jax.Array, deviation: float) -> jax.Array:
    """Lower the contrast and add uniform noise.

    The noise of an image has a standard deviation of 0 to ``deviation``. Its contrast falls by up
    to four times ``deviation``.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` in [0, 1].
        deviation: the largest standard deviation, up to 0.2.

    Returns:
        float32 ``[n, height, width]`` in [0, 1].

    Example:
        >>> white = jnp.ones((100, 28, 28))
        >>> noisy = add_noise(jax.random.key(0), white, 0.1)
        >>> 0.55 < float(noisy.mean(axis=(1, 2)).min()) < 0.7
        True
    """
    pixel_key, image_key = jax.random.split(key)
    draw = jax.random.uniform(image_key, (2, len(images), 1, 1))
    half_width = math.sqrt(3) * deviation * draw[0]  # of the uniform distribution
    noise = half_width * jax.random.uniform(pixel_key, images.shape, minval=-1.0, maxval=1.0)
    return jnp.clip(images * (1 - 4 * deviation * draw[1]) + noise, 0, 1)


def cut_out(key: jax.Array, images: jax.Array, side: int) -> jax.Array:
    """Blacken a square at a random place of each image; it may leave the frame in part.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]``.
        side: of the square, in pixels. Its centre is drawn from all pixels.

    Returns:
        float32 ``[n, height, width]``.

    Source:
        DeVries and Taylor, "Improved regularization of convolutional neural networks with
        cutout" (2017).

    Example:
        >>> left = cut_out(jax.random.key(0), jnp.ones((100, 8, 8)), 2).sum(axis=(1, 2))
        >>> sorted(set(left.tolist()))
        [60.0, 62.0, 63.0]
    """
    n, height, width = images.shape

    def inside(key: jax.Array, size: int) -> jax.Array:
        start = jax.random.randint(key, (n, 1), 0, size) - side // 2
        places = jnp.arange(size)
        return (places >= start) & (places < start + side)

    row_key, column_key = jax.random.split(key)
    rows, columns = inside(row_key, height), inside(column_key, width)
    return jnp.where(rows[:, :, None] & columns[:, None, :], 0, images)


PIXEL_STEPS: tuple[tuple[str, Step], ...] = (
    ("thickness", thicken),
    ("clutter", clutter),
    ("blur", blur),
    ("noise", add_noise),
    ("cutout", cut_out),
)
"""Setting in `Augmentation` and step, in the order of application; new steps go to the end."""
