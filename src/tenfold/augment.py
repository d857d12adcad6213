"""Augmentation: pure functions ``(key, images) -> images`` that run inside the compiled program.

Images are float32 ``[n, height, width]`` in [0, 1] with a black background; each image of the
batch is changed by its own draw. What leaves the frame is lost, what enters it is black.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from tenfold.recipes import Augmentation


def augment(key: jax.Array, images: jax.Array, how: Augmentation) -> jax.Array:
    """Move, turn, scale, shear and bend images, all in one resampling.

    Whole-pixel shifts alone are exact copies; everything else is bilinear.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]``.
        how: the ranges to draw from.

    Returns:
        float32 ``[n, height, width]``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> images = jnp.zeros((2, 28, 28)).at[:, 14, 14].set(1.0)
        >>> augment(jax.random.key(0), images, Augmentation(shift=2)).sum(axis=(1, 2)).tolist()
        [1.0, 1.0]
    """
    if how.rotation or how.scale or how.shear or how.elastic:
        return sample(images, *_source_places(key, images.shape, how))
    return shift(key, images, int(how.shift))


def shift(key: jax.Array, images: jax.Array, pixels: int) -> jax.Array:
    """Translate each image by whole pixels, drawn evenly from ``-pixels`` to ``pixels``.

    Example:
        >>> shift(jax.random.key(0), jnp.ones((1, 4, 4)), 0).shape
        (1, 4, 4)
    """
    n, height, width = images.shape
    padded = jnp.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    offsets = jax.random.randint(key, (2, n), 0, 2 * pixels + 1)
    rows = offsets[0][:, None, None] + jnp.arange(height)[:, None]
    columns = offsets[1][:, None, None] + jnp.arange(width)
    return padded.at[jnp.arange(n)[:, None, None], rows, columns].get(mode="promise_in_bounds")


def sample(images: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Read images at fractional places, bilinearly; outside the frame they are black.

    Args:
        images: float32 ``[n, height, width]``.
        rows: float32 ``[n, height, width]``, the place each output pixel is read from.
        columns: float32 ``[n, height, width]``.

    Example:
        >>> image = jnp.array([[[0.0, 1.0], [0.0, 1.0]]])
        >>> float(sample(image, jnp.full((1, 1, 1), 0.0), jnp.full((1, 1, 1), 0.25))[0, 0, 0])
        0.25
    """
    n, height, width = images.shape
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows = jnp.clip(rows + 1, 0, height + 0.999)
    columns = jnp.clip(columns + 1, 0, width + 0.999)
    top, left = rows.astype(jnp.int32), columns.astype(jnp.int32)
    down, right = rows - top, columns - left
    first = jnp.arange(n)[:, None, None] * ((height + 2) * (width + 2)) + top * (width + 2) + left
    flat = padded.ravel()

    def read(offset: int) -> jax.Array:
        return flat.at[first + offset].get(mode="promise_in_bounds")

    above = read(0) * (1 - right) + read(1) * right
    below = read(width + 2) * (1 - right) + read(width + 3) * right
    return above * (1 - down) + below * down


def _source_places(
    key: jax.Array, shape: tuple[int, ...], how: Augmentation
) -> tuple[jax.Array, jax.Array]:
    n, height, width = shape
    affine_key, elastic_key = jax.random.split(key)
    draw = jax.random.uniform(affine_key, (5, n, 1, 1), minval=-1.0, maxval=1.0)
    angle = draw[0] * jnp.deg2rad(how.rotation)
    size = 1 + draw[1] * how.scale
    y = (jnp.arange(height) - (height - 1) / 2)[None, :, None] + draw[2] * how.shift
    x = (jnp.arange(width) - (width - 1) / 2)[None, None, :] + draw[3] * how.shift
    x = x + draw[4] * how.shear * y
    cosine, sine = jnp.cos(angle) / size, jnp.sin(angle) / size
    rows = cosine * y - sine * x + (height - 1) / 2
    columns = sine * y + cosine * x + (width - 1) / 2
    if how.elastic:
        fields_ = _smooth_fields(elastic_key, (2, n, height, width)) * how.elastic
        rows, columns = rows + fields_[0], columns + fields_[1]
    return rows, columns


def _smooth_fields(key: jax.Array, shape: tuple[int, int, int, int]) -> jax.Array:
    """Random fields in [-1, 1]: values on a 5x5 grid, joined by cubic interpolation."""
    coarse = jax.random.uniform(key, (*shape[:2], 5, 5), minval=-1.0, maxval=1.0)
    smooth: jax.Array = jax.image.resize(coarse, shape, method="cubic")
    return smooth
