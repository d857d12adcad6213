"""Augmentation: random changes of training images, inside the compiled program.

Every step is a pure function ``(key, images, amount) -> images``. Images are float32
``[n, height, width]`` in [0, 1] on a black background. Each image of a batch is changed by its own
random draw. Pixels that leave the frame are lost; pixels that enter it are black.

- ``geometry``: flips, whole-pixel shifts, and one bilinear resampling for all other moves
- ``pixels``: stroke width, blur, noise, and the list of steps that change grey values
- ``clutter``: neighbours, ruled lines and box edges
- ``memory``: products of matrices that keep XLA from computing pixels again and again
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from tenfold.networks.augmentation import geometry
from tenfold.networks.augmentation.memory import materialize
from tenfold.networks.augmentation.pixels import PIXEL_STEPS
from tenfold.networks.recipes import Augmentation

__all__ = ["augment"]


def augment(
    key: jax.Array, images: jax.Array, settings: Augmentation, epoch: int | jax.Array = 0
) -> jax.Array:
    """Flip, move, then change grey values, in this order.

    Rotation, scale, shear, elastic distortion and shifts with one of them are a single bilinear
    resampling; whole-pixel shifts alone are exact copies.

    Args:
        key: a JAX random key.
        images: float32 ``[n, height, width]`` or ``[n, height, width, 3]`` in [0, 1].
        settings: the largest changes.
        epoch: counted from 0; decides which images are mirrored in turn.

    Returns:
        float32 of the same shape.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> images = jnp.zeros((2, 28, 28)).at[:, 14, 14].set(1.0)
        >>> augment(jax.random.key(0), images, Augmentation(shift=2)).sum(axis=(1, 2)).tolist()
        [1.0, 1.0]
    """
    if settings.alternate:
        images = geometry.flip_in_turn(images, settings.flip, epoch)
    elif settings.flip:
        images = geometry.flip(jax.random.fold_in(key, 2), images, settings.flip)
    if images.ndim == 4:  # one key: the same changes in each channel
        channels = [_change(key, images[..., i], settings) for i in range(images.shape[3])]
        return jnp.stack(channels, axis=-1)
    return _change(key, images, settings)


def _change(key: jax.Array, images: jax.Array, settings: Augmentation) -> jax.Array:
    """Move images ``[n, height, width]`` and change their grey values."""
    images = geometry.move(key, images, settings)
    # A key does not depend on how many are split, so another step leaves the others' draws alone.
    keys = jax.random.split(jax.random.fold_in(key, 1), len(PIXEL_STEPS))
    for step_key, (name, step) in zip(keys, PIXEL_STEPS, strict=True):
        if amount := getattr(settings, name):
            images = step(step_key, materialize(images), amount)
    return images
