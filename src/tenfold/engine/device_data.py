"""Images on the device: all of them, or window after window where they are too many."""

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

WINDOW = 1 << 26
"""Bytes of images in a window."""

RUN = 100
"""Images that are read one after the other, as they lie in the file."""

_ALIGNMENT = 64
_RUNS = 1 << 20  # so that no seed begins the same sequence of random numbers


@dataclass(frozen=True)
class Window:
    """A part of a dataset on the device.

    Attributes:
        number: counted from 0.
        images: uint8 ``[size, pixels]``; equal sizes share a compiled program.
        labels: int32 ``[size]``.
        count: how many of them are images of the dataset; what follows is none.
    """

    number: int
    images: jax.Array
    labels: jax.Array
    count: int


class DeviceData:
    """A dataset for the device, as uint8 and int32.

    Up to ``limits.MAX_RESIDENT_BYTES`` of images lie on the device as one window. More are read
    while the device computes, a window at a time: an epoch draws an order of runs of images that
    lie side by side, the same for every seed, and a seed the order within each window.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.image_shape = dataset.images.shape[1:]
        fits = dataset.images.nbytes <= limits.MAX_RESIDENT_BYTES
        self.whole = self._read(0, slice(None), len(dataset)) if fits else None

    def __len__(self) -> int:
        return len(self._dataset)

    def windows(self, batch: int, epoch: int | None = None) -> Iterator[Window]:
        """The images in windows of whole batches, the last with what is left.

        Args:
            batch: images in a batch.
            epoch: which order of runs; that of the dataset, without it.
        """
        if self.whole is not None:
            yield self.whole
            return
        n, pixels = len(self), int(np.prod(self.image_shape))
        size = max(1, WINDOW // pixels // batch) * batch
        order = np.arange(n) if epoch is None else order_of_runs(n, epoch)
        parts = [order[start : start + size] for start in range(0, n, size)]
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._read, 0, parts[0], size)
            for number in range(len(parts)):
                window = coming.result()
                if number + 1 < len(parts):
                    coming = reader.submit(self._read, number + 1, parts[number + 1], size)
                yield window

    def _read(self, number: int, places: Any, size: int) -> Window:
        labels = self._dataset.labels[places]
        images = aligned_zeros((size, *self.image_shape))
        images[: len(labels)] = self._dataset.images[places]
        padded = np.zeros(size, np.int32)
        padded[: len(labels)] = labels
        # An aligned array is not copied: the device reads it where it is.
        on_device = jax.device_put(images.reshape(size, -1))
        return Window(number, on_device, jnp.asarray(padded), len(labels))


def order_of_runs(n: int, epoch: int) -> npt.NDArray[np.int64]:
    """All places from 0 to n - 1, in runs of neighbours that an epoch puts into another order.

    Example:
        >>> order = order_of_runs(250, epoch=0)
        >>> len(set(order.tolist())), (np.diff(order) == 1).sum() >= 247
        (250, np.True_)
    """
    starts = np.random.default_rng([_RUNS, epoch]).permutation(-(-n // RUN)) * RUN
    order: npt.NDArray[np.int64] = (starts[:, None] + np.arange(RUN)).ravel()
    return order[order < n]


def aligned_zeros(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Zeros that begin at a multiple of 64 bytes in memory, as XLA wants its arrays."""
    size = int(np.prod(shape))
    buffer = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % _ALIGNMENT
    return buffer[start : start + size].reshape(shape)
