"""Training images on the device: all of them, or one window after another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold.core import backend as _backend  # noqa: F401 - Keras on JAX
from tenfold.core import limits
from tenfold.data import Dataset
from tenfold.engine.arrays import ArrayData

WINDOW = 1 << 26
"""Bytes of images in a window."""

BLOCK = 100
"""Neighbouring images that are read together, in the order of the file."""

_ALIGNMENT = 64
_BLOCKS = 1 << 20  # stream of random numbers, different from those of seeds


Labels = jax.Array | tuple[jax.Array, jax.Array]
"""Labels, or labels and their weights."""


@dataclass(frozen=True)
class Window:
    """A part of a dataset on the device.

    Attributes:
        number: index of the window, counted from 0.
        images: uint8 ``[size, pixels]``; windows of equal size share a compiled program.
        labels: int32 ``[size]``, or with their weights, float32 ``[size]``, as a pair.
        count: number of images of the dataset; the rest is padding.
    """

    number: int
    images: jax.Array
    labels: Labels
    count: int


class DeviceData:
    """A dataset on the device, as uint8 and int32.

    Up to ``limits.MAX_RESIDENT_BYTES`` of images lie on the device as one window. More are read
    while the device computes, a window at a time: an epoch draws an order of runs of images that
    lie side by side, the same for every seed, and a seed the order within each window.

    Args:
        dataset: images and labels; ``ArrayData`` has images of type float32 and labels of others.
        weights: of the images in the loss, float ``[n]``; None for equal ones.
        targets: take the place of the labels, float ``[n, m]``, see ``engine.distillation``.
        capacity: number of images that the arrays hold, if it is more: datasets of different
            sizes share a compiled program if their capacities are equal.
    """

    def __init__(
        self,
        dataset: Dataset | ArrayData,
        weights: npt.NDArray[np.float32] | None = None,
        targets: npt.NDArray[np.float32] | None = None,
        capacity: int = 0,
    ) -> None:
        self._dataset, self._weights = dataset, weights
        self._targets = dataset.labels if targets is None else targets
        self.image_shape = dataset.images.shape[1:]
        fits = dataset.images.nbytes <= limits.MAX_RESIDENT_BYTES
        size = max(capacity, len(dataset))
        self.whole = self._read(0, slice(None), size) if fits else None

    def __len__(self) -> int:
        return len(self._dataset)

    def windows(self, batch: int, epoch: int | None = None) -> Iterator[Window]:
        """The images in windows of full batches; the last window has the remainder.

        Args:
            batch: images per batch.
            epoch: decides the order of blocks; None for the order of the dataset.
        """
        if self.whole is not None:
            yield self.whole
            return
        n, pixels = len(self), int(np.prod(self.image_shape))
        size = max(1, WINDOW // pixels // batch) * batch
        order = np.arange(n) if epoch is None else block_order(n, epoch)
        parts = [order[start : start + size] for start in range(0, n, size)]
        with ThreadPoolExecutor(1) as reader:
            next_window = reader.submit(self._read, 0, parts[0], size)
            for number in range(len(parts)):
                window = next_window.result()
                if number + 1 < len(parts):
                    next_window = reader.submit(self._read, number + 1, parts[number + 1], size)
                yield window

    def _read(self, number: int, indices: Any, size: int) -> Window:
        labels = self._targets[indices]
        images = aligned_zeros((size, *self.image_shape), self._dataset.images.dtype)
        images[: len(labels)] = self._dataset.images[indices]
        # The CPU backend uses an aligned array in place, without a copy.
        on_device = jax.device_put(images.reshape(size, -1))
        padded = _padded(labels, size)
        if self._weights is None:
            return Window(number, on_device, padded, len(labels))
        weights = _padded(self._weights[indices], size)
        return Window(number, on_device, (padded, weights), len(labels))


def _padded(values: npt.NDArray[Any], size: int) -> jax.Array:
    kind = np.float32 if values.dtype.kind == "f" else np.int32
    padded = np.zeros((size, *values.shape[1:]), kind)
    padded[: len(values)] = values
    return jnp.asarray(padded)


def block_order(n: int, epoch: int) -> npt.NDArray[np.int64]:
    """All indices from 0 to n - 1, with blocks of neighbours in an order drawn for the epoch.

    Example:
        >>> order = block_order(250, epoch=0)
        >>> len(set(order.tolist())), (np.diff(order) == 1).sum() >= 247
        (250, np.True_)
    """
    starts = np.random.default_rng([_BLOCKS, epoch]).permutation(-(-n // BLOCK)) * BLOCK
    order: npt.NDArray[np.int64] = (starts[:, None] + np.arange(BLOCK)).ravel()
    return order[order < n]


def aligned_zeros(shape: tuple[int, ...], dtype: Any = np.uint8) -> npt.NDArray[Any]:
    """Zeros whose address is a multiple of 64 bytes, the alignment that XLA requires."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    array: npt.NDArray[Any] = buffer[start : start + size].view(dtype).reshape(shape)
    return array
