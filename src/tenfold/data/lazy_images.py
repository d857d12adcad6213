"""Images that stay memory-mapped: a selection of more images than fit in memory, read in chunks."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits

CHUNK = 10_000
"""Images in a chunk."""

_SCATTERED = 500  # images from anywhere in a file, read before its memory is released


class LazyImages:
    """A selection of the images of a larger array, read when indexed: uint8 ``[n, *shape]``.

    It has the length, shape and indexing of a NumPy array; an index returns an array.

    Args:
        source: uint8 ``[m, *shape]``, usually memory-mapped.
        indices: the selected images, int ``[n]``.

    Example:
        >>> source = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
        >>> images = LazyImages(source, np.array([2, 0]))
        >>> images.shape, images[0].tolist(), images[:, 0].tolist()
        ((2, 2, 2), [[8, 9], [10, 11]], [[8, 9], [0, 1]])
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, source: NDArray[np.uint8], indices: NDArray[np.integer[Any]]) -> None:
        self._source, self._indices = source, indices

    @property
    def ndim(self) -> int:
        """Number of axes: 3, or 4 of coloured images."""
        return self._source.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of images, height, width, and channels if they are coloured."""
        return len(self._indices), *self._source.shape[1:]

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return len(self) * self._source[:1].nbytes

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        rows, *rest = index if isinstance(index, tuple) else (index,)
        indices = self._indices[rows]
        images = gather(self._source, np.atleast_1d(indices), *rest)
        return images if np.ndim(indices) else images[0]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (image for images in in_chunks(self) for image in images)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def select(self, index: Any) -> LazyImages:
        """Return the images that an index selects, without reading them."""
        return LazyImages(self._source, self._indices[index])


def select(images: Any, index: Any) -> Any:
    """Return the images that a slice, an index array or a mask selects.

    Args:
        images: uint8 ``[n, *shape]``, an array or `LazyImages`.
        index: along the first axis.

    Returns:
        An array, or `LazyImages` if the selection exceeds ``limits.MAX_RESIDENT_BYTES``. A slice
        of an array is always a view.

    Example:
        >>> select(np.zeros((3, 2, 2), np.uint8), np.array([True, False, True])).shape
        (2, 2, 2)
    """
    if isinstance(index, slice) and not isinstance(images, LazyImages):
        return images[index]
    indices = np.arange(len(images))[index]
    is_lazy = isinstance(images, LazyImages)
    if len(indices) * images[:1].nbytes <= limits.MAX_RESIDENT_BYTES:
        return images[index] if is_lazy else gather(images, indices)
    return images.select(indices) if is_lazy else LazyImages(images, indices)


def in_chunks(images: Any) -> Iterator[NDArray[np.uint8]]:
    """Yield arrays of at most ``CHUNK`` consecutive images.

    Example:
        >>> [len(chunk) for chunk in in_chunks(np.zeros((25_000, 1, 1), np.uint8))]
        [10000, 10000, 5000]
    """
    for start in range(0, len(images), CHUNK):
        yield images[start : start + CHUNK]
        if isinstance(images, np.ndarray):
            release(images)


def gather(
    source: NDArray[np.uint8], indices: NDArray[np.integer[Any]], *rest: Any
) -> NDArray[np.uint8]:
    """Copy images of an array that is usually memory-mapped, a few at a time.

    The system reads up to 2 MiB of the file around each image. Thousands of images from all over
    a file would load all of it, unless its memory is released in between.

    Args:
        source: uint8 ``[m, *shape]``.
        indices: images to copy, int ``[n]``.
        *rest: indices along the other axes.

    Example:
        >>> gather(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.array([2, 0]), 0).tolist()
        [[8, 9], [0, 1]]
    """
    images = np.empty((len(indices), *source[0, *rest].shape), source.dtype)
    for start in range(0, len(indices), _SCATTERED):
        images[start : start + _SCATTERED] = source[indices[start : start + _SCATTERED], *rest]
        release(source)
    return images


def release(array: NDArray[Any]) -> None:
    """Release the memory of a memory-mapped array; the next access reads the file again."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
