"""Clutter: parts of neighbouring digits, ruled lines and edges of boxes, added to images."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def clutter(key: jax.Array, images: jax.Array, share: float) -> jax.Array:
    """Add part of another digit, a ruled line or a box edge to a share of the images.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` in [0, 1].
        share: of the images that are changed, 0 to 1.

    Returns:
        float32 ``[n, height, width]`` in [0, 1], nowhere darker than ``images``.

    Example:
        >>> images = clutter(jax.random.key(0), jnp.zeros((300, 28, 28)), 0.3)
        >>> 40 < int((images.max(axis=(1, 2)) > 0).sum()) < 80  # the other digits are empty here
        True
    """
    keys = jax.random.split(key, 3)
    kind, chosen = jax.random.uniform(keys[0], (2, len(images), 1, 1))
    lines = _lines(keys[2], images.shape, kind < 2 / 3)
    added = jnp.where(kind < 1 / 3, _neighbours(keys[1], images), lines)
    return jnp.where(chosen < share, jnp.maximum(images, added), images)


def _neighbours(key: jax.Array, images: jax.Array) -> jax.Array:
    """The previous image of the batch, shifted until only an edge of it is in the frame."""
    n, height, width = images.shape
    draw = jax.random.uniform(key, (3, n, 1, 1), minval=-1.0, maxval=1.0)
    far = jnp.sign(draw[0]) * (0.65 + 0.15 * draw[1])  # 14 to 22 pixels of 28
    along = 0.15 * draw[2]
    is_vertical = jnp.abs(draw[0]) < 0.3
    down = jnp.round(height * jnp.where(is_vertical, far, along)).astype(jnp.int32)
    right = jnp.round(width * jnp.where(is_vertical, along, far)).astype(jnp.int32)
    rows, columns = jnp.arange(height)[:, None] - down, jnp.arange(width) - right
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    indices = (rows % height) * width + columns % width
    flat = jnp.roll(images, 1, axis=0).reshape(n, -1)
    pixels = jnp.take_along_axis(flat, indices.reshape(n, -1), axis=1, mode="promise_in_bounds")
    return jnp.where(inside, pixels.reshape(images.shape), 0)


def _lines(key: jax.Array, shape: tuple[int, ...], ruled: jax.Array) -> jax.Array:
    """A horizontal line where ``ruled``, else an edge or corner of a box near the border.

    Args:
        key: a JAX random key.
        shape: of the images, ``[n, height, width]``.
        ruled: bool ``[n, 1, 1]``.

    Returns:
        float32 ``[n, height, width]`` in [0, 1].
    """
    n, height, width = shape
    draw = jax.random.uniform(key, (8, n, 1, 1), minval=-1.0, maxval=1.0)
    y = (jnp.arange(height)[:, None] - (height - 1) / 2) / height
    x = (jnp.arange(width) - (width - 1) / 2) / width
    slant = 0.1 * draw[0]
    border = jnp.sign(draw[1]) * (
        0.43 + 0.07 * draw[2]
    )  # share of the frame: 10 to 14 of 28 pixels
    horizontal = y - slant * x - jnp.where(ruled, 0.5 * draw[1], border)
    vertical = x + slant * y - jnp.sign(draw[3]) * (0.43 + 0.07 * draw[4])
    has_horizontal, has_vertical = ruled | (draw[5] > -0.4), ~ruled & (draw[5] < 0.4)
    half_width = 0.7 + 0.5 * draw[6]  # pixels
    distance = jnp.minimum(
        jnp.where(has_horizontal, jnp.abs(horizontal) * height, jnp.inf),
        jnp.where(has_vertical, jnp.abs(vertical) * width, jnp.inf),
    )
    return (0.7 + 0.3 * draw[7]) * jnp.clip(half_width + 0.5 - distance, 0, 1)
