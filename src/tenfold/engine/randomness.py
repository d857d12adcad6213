"""The random numbers of an epoch: the order of its images, and the keys of its steps."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np


def shuffled(n: int, seed: tuple[int, ...], shuffle: bool) -> np.ndarray:
    """The order of images, int32 ``[n]``: at random by a seed, or as they are."""
    if not shuffle:
        return np.arange(n, dtype=np.int32)
    return np.random.default_rng(seed).permutation(n).astype(np.int32)


@jax.jit
def epoch_keys(seeds: jax.Array, epoch: int) -> jax.Array:
    """The PRNG key of an epoch for one seed, or for each of several."""

    def key(seed: jax.Array) -> jax.Array:
        return jax.random.fold_in(jax.random.key(seed), epoch)

    return jax.vmap(key)(seeds) if seeds.ndim else key(seeds)


def folded(keys: jax.Array, number: int) -> jax.Array:
    """One key or several, folded with a number above those of the steps of a window."""
    fold_in: Callable[..., jax.Array] = jax.random.fold_in
    return jax.vmap(fold_in, (0, None))(keys, number) if keys.ndim else fold_in(keys, number)
