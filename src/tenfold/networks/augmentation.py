"""Augmentation: pure functions ``(key, images) -> images`` that run inside the compiled program.

Images are float32 ``[n, height, width]`` in [0, 1] with a black background; each image of the
batch is changed by its own draw. What leaves the frame is lost, what enters it is black.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
from jax import lax

from tenfold.networks.recipes import Augmentation


def augment(key: jax.Array, images: jax.Array, how: Augmentation) -> jax.Array:
    """Mirror, move, change strokes, put pieces beside them, blur and add noise, in this order.

    Moves, turns, scale, shear and bends are one bilinear resampling; whole-pixel shifts alone
    are exact copies.

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
    if how.flip:
        images = flip(jax.random.fold_in(key, 2), images, how.flip)
    if how.rotation or how.scale or how.shear or how.elastic:
        images = sample(_stored(images), *_source_places(key, images.shape, how))
    else:
        images = shift(key, images, int(how.shift))
    keys = jax.random.split(jax.random.fold_in(key, 1), 4)
    steps: tuple[tuple[Callable[..., jax.Array], float], ...] = (
        (thicken, how.thickness),
        (clutter, how.clutter),
        (blur, how.blur),
        (add_noise, how.noise),
    )
    for own, (step, amount) in zip(keys, steps, strict=True):
        if amount:
            images = step(own, _stored(images), amount)
    return images


def flip(key: jax.Array, images: jax.Array, share: float) -> jax.Array:
    """Mirror a share of the images, left to right.

    Example:
        >>> flip(jax.random.key(0), jnp.array([[[0.0, 1.0]]]), 1.0).tolist()
        [[[1.0, 0.0]]]
    """
    chosen = jax.random.uniform(key, (len(images), 1, 1)) < share
    return jnp.where(chosen, images[..., ::-1], images)


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


def thicken(key: jax.Array, images: jax.Array, pixels: float) -> jax.Array:
    """Make strokes thinner or thicker by up to so many pixels.

    The image is mixed with its grey dilation or erosion by a cross of five pixels (Serra, "Image
    analysis and mathematical morphology", 1982), which moves either edge of a stroke by one pixel.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` in [0, 1].
        pixels: the largest change of a stroke's width, up to 2.

    Returns:
        float32 ``[n, height, width]`` in [0, 1].

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


def clutter(key: jax.Array, images: jax.Array, share: float) -> jax.Array:
    """Lay a foreign piece over a share of the images: a neighbour, a ruled line or a box edge.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` in [0, 1].
        share: of the images that get a piece, 0 to 1.

    Returns:
        float32 ``[n, height, width]`` in [0, 1], nowhere darker than ``images``.

    Example:
        >>> images = clutter(jax.random.key(0), jnp.zeros((300, 28, 28)), 0.3)
        >>> 40 < int((images.max(axis=(1, 2)) > 0).sum()) < 80  # neighbours are empty here
        True
    """
    keys = jax.random.split(key, 3)
    kind, chosen = jax.random.uniform(keys[0], (2, len(images), 1, 1))
    lines = _lines(keys[2], images.shape, kind < 2 / 3)
    piece = jnp.where(kind < 1 / 3, _neighbours(keys[1], images), lines)
    return jnp.where(chosen < share, jnp.maximum(images, piece), images)


def _neighbours(key: jax.Array, images: jax.Array) -> jax.Array:
    """The next image of the batch, so far to a side that a piece of it remains in the frame."""
    n, height, width = images.shape
    draw = jax.random.uniform(key, (3, n, 1, 1), minval=-1.0, maxval=1.0)
    far = jnp.sign(draw[0]) * (0.65 + 0.15 * draw[1])  # 14 to 22 pixels of 28
    along = 0.15 * draw[2]
    upright = jnp.abs(draw[0]) < 0.3
    down = jnp.round(height * jnp.where(upright, far, along)).astype(jnp.int32)
    right = jnp.round(width * jnp.where(upright, along, far)).astype(jnp.int32)
    rows, columns = jnp.arange(height)[:, None] - down, jnp.arange(width) - right
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    places = (rows % height) * width + columns % width
    flat = jnp.roll(images, 1, axis=0).reshape(n, -1)
    read = jnp.take_along_axis(flat, places.reshape(n, -1), axis=1, mode="promise_in_bounds")
    return jnp.where(inside, read.reshape(images.shape), 0)


def _lines(key: jax.Array, shape: tuple[int, ...], ruled: jax.Array) -> jax.Array:
    """A level line anywhere where ``ruled``; else an edge or a corner of a box, near the border."""
    n, height, width = shape
    draw = jax.random.uniform(key, (8, n, 1, 1), minval=-1.0, maxval=1.0)
    y = (jnp.arange(height)[:, None] - (height - 1) / 2) / height
    x = (jnp.arange(width) - (width - 1) / 2) / width
    slant = 0.1 * draw[0]
    border = jnp.sign(draw[1]) * (0.43 + 0.07 * draw[2])  # of the way across: 2 pixels either way
    level = y - slant * x - jnp.where(ruled, 0.5 * draw[1], border)
    upright = x + slant * y - jnp.sign(draw[3]) * (0.43 + 0.07 * draw[4])
    has_level, has_upright = ruled | (draw[5] > -0.4), ~ruled & (draw[5] < 0.4)
    half = 0.7 + 0.5 * draw[6]  # pixels
    distance = jnp.minimum(
        jnp.where(has_level, jnp.abs(level) * height, jnp.inf),
        jnp.where(has_upright, jnp.abs(upright) * width, jnp.inf),
    )
    return (0.7 + 0.3 * draw[7]) * jnp.clip(half + 0.5 - distance, 0, 1)


def blur(key: jax.Array, images: jax.Array, sigma: float) -> jax.Array:
    """Smooth each image by a Gaussian whose standard deviation is drawn from 0 to ``sigma`` pixels.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]``.
        sigma: the largest standard deviation, in pixels.

    Returns:
        float32 ``[n, height, width]``; ink that is smeared over the frame's edge is lost.

    Example:
        >>> dot = jnp.zeros((1, 9, 9)).at[0, 4, 4].set(1.0)
        >>> round(float(blur(jax.random.key(0), dot, 1.0).sum()), 3)
        1.0
    """
    reach = math.ceil(3 * sigma)
    sigmas = jax.random.uniform(key, (len(images), 1, 1), minval=0.01, maxval=sigma)
    total = reduce(jnp.add, [jnp.exp(-0.5 * (i / sigmas) ** 2) for i in range(-reach, reach + 1)])

    def weights(size: int) -> jax.Array:
        distance = jnp.arange(size)[:, None] - jnp.arange(size)
        return jnp.exp(-0.5 * (distance / sigmas) ** 2) / total

    rows, columns = (weights(size) for size in images.shape[1:])
    return _product(_product(rows, images), columns)


def add_noise(key: jax.Array, images: jax.Array, deviation: float) -> jax.Array:
    """Lower the contrast and add grey noise, evenly distributed.

    The noise of an image has a standard deviation of 0 to ``deviation``; its ink falls by up to
    four times as much.

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
    reach = math.sqrt(3) * deviation * draw[0]  # the half width of an even distribution
    noise = reach * jax.random.uniform(pixel_key, images.shape, minval=-1.0, maxval=1.0)
    return jnp.clip(images * (1 - 4 * deviation * draw[1]) + noise, 0, 1)


def _stored(images: jax.Array) -> jax.Array:
    """The same images, by way of memory.

    XLA on a CPU would compute a pixel anew each time the next step reads it, and makes the whole
    augmentation five times as slow; it does not look through a product of matrices.
    """
    return _product(images, jnp.eye(images.shape[2], dtype=images.dtype))


def _product(left: jax.Array, right: jax.Array) -> jax.Array:
    return jnp.matmul(left, right, precision=lax.Precision.HIGHEST)


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
