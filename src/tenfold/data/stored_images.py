"""Images that stay in their file: more of them than are held in memory at once."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits

CHUNK = 10_000

_SCATTERED = 500  # images from anywhere in a file, read before its memory is released


class StoredImages:
    """Some images of a larger array, read when they are asked for: uint8 ``[n, height, width]``.

    Stands in the place of an array: it has a length and a shape, and its index is one of NumPy's,
    which gives an array of what was asked for.

    Args:
        whole: uint8 ``[m, height, width]``, most likely a memory-mapped file.
        places: which of them, int ``[n]``.

    Example:
        >>> whole = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
        >>> images = StoredImages(whole, np.array([2, 0]))
        >>> images.shape, images[0].tolist(), images[:, 0].tolist()
        ((2, 2, 2), [[8, 9], [10, 11]], [[8, 9], [0, 1]])
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, whole: NDArray[np.uint8], places: NDArray[np.integer[Any]]) -> None:
        self._whole, self._places = whole, places

    @property
    def shape(self) -> tuple[int, ...]:
        """How many, height, width."""
        return len(self._places), *self._whole.shape[1:]

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return len(self) * self._whole[:1].nbytes

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        rows, *rest = index if isinstance(index, tuple) else (index,)
        places = self._places[rows]
        found = gather(self._whole, np.atleast_1d(places), *rest)
        return found if np.ndim(places) else found[0]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (image for images in in_chunks(self) for image in images)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype)

    def choose(self, index: Any) -> StoredImages:
        """Those of these images that an index selects, not read yet."""
        return StoredImages(self._whole, self._places[index])


def choose(images: Any, index: Any) -> Any:
    """The images that a slice, an index array or a mask selects: an array, or stored ones.

    Args:
        images: uint8 ``[n, height, width]``, an array or stored.
        index: along its first axis.

    Example:
        >>> choose(np.zeros((3, 2, 2), np.uint8), np.array([True, False, True])).shape
        (2, 2, 2)
    """
    if isinstance(index, slice) and not isinstance(images, StoredImages):
        return images[index]
    places = np.arange(len(images))[index]
    stored = isinstance(images, StoredImages)
    if len(places) * images[:1].nbytes <= limits.MAX_RESIDENT_BYTES:
        return images[index] if stored else gather(images, places)
    return images.choose(places) if stored else StoredImages(images, places)


def in_chunks(images: Any) -> Iterator[NDArray[np.uint8]]:
    """Arrays of ``CHUNK`` images at most, one after the other.

    Example:
        >>> [len(chunk) for chunk in in_chunks(np.zeros((25_000, 1, 1), np.uint8))]
        [10000, 10000, 5000]
    """
    for start in range(0, len(images), CHUNK):
        yield images[start : start + CHUNK]
        if isinstance(images, np.ndarray):
            release(images)


def gather(
    whole: NDArray[np.uint8], places: NDArray[np.integer[Any]], *rest: Any
) -> NDArray[np.uint8]:
    """Images of an array, most likely a mapped file, read a few at a time.

    What lies around an image in the file comes into memory with it, up to 2 MiB: thousands of
    images from all over the file would bring the whole of it, unless it is released in between.

    Args:
        whole: uint8 ``[m, height, width]``.
        places: which images, int ``[n]``.
        *rest: indices along the other axes.

    Example:
        >>> gather(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.array([2, 0]), 0).tolist()
        [[8, 9], [0, 1]]
    """
    found = np.empty((len(places), *whole[0, *rest].shape), whole.dtype)
    for start in range(0, len(places), _SCATTERED):
        found[start : start + _SCATTERED] = whole[places[start : start + _SCATTERED], *rest]
        release(whole)
    return found


def release(array: NDArray[Any]) -> None:
    """Let the system take back the memory of a mapped file; reading it again is no error."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
