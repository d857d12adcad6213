"""The training images nearest to an image, found with NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data.dataset import Dataset
from tenfold.evaluation.occlusion import as_image

CHUNK = 4096  # training images converted to float32 at once

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A training image close to another image.

    Attributes:
        index: of the image in the training images.
        label: the name of its class.
        distance: 0 for equal images, 1 where each is white where the other is black.
        image: uint8 of the shape of the images.
    """

    index: int
    label: str
    distance: float
    image: Bytes


class NearestNeighbours:
    """An index of training images that finds those nearest to an image.

    Images are blurred by a binomial filter of 5 x 5 and averaged over squares of 2 x 2 pixels, so
    that a stroke shifted by a pixel stays close; the distance is Euclidean. The index takes a
    quarter of the memory of the images.

    Args:
        data: the training images.

    Raises:
        InputError: the dataset is empty.

    Example:
        >>> images = np.zeros((2, 28, 28), np.uint8)
        >>> images[0, 4:24, 13:15] = images[1, 4:24, 20:22] = 255
        >>> index = NearestNeighbours(Dataset(images, np.array([0, 1]), ("middle", "right")))
        >>> [(one.label, round(one.distance, 2)) for one in index.nearest(images[1], k=2)]
        [('right', 0.0), ('middle', 0.21)]
    """

    def __init__(self, data: Dataset) -> None:
        if not len(data):
            raise InputError(f"{data.name} has no images to compare with")
        self._data = data
        chunks = range(0, len(data), CHUNK)
        self._features = np.concatenate([_features(data.images[i : i + CHUNK]) for i in chunks])
        self._norms = np.concatenate([_squared_norms(chunk) for chunk in self._chunks()])

    def nearest(self, image: npt.ArrayLike, k: int = 6) -> tuple[Neighbour, ...]:
        """The k nearest training images, the nearest first.

        Raises:
            InputError: the image has another shape, or k is not from 1 to their number.
        """
        pixels, shape = as_image(image), self._data.image_shape
        if pixels.shape != shape:
            raise InputError(f"the images are {shape}; received {pixels.shape}")
        if not 1 <= k <= len(self._data):
            raise InputError(f"k must be 1 to {len(self._data)}; received {k}")
        query = _features(pixels[None]).astype(np.float32)
        products = np.concatenate([chunk @ query[0] for chunk in self._chunks()])
        squares = self._norms - 2 * products + _squared_norms(query)
        indices = np.argpartition(squares, k - 1)[:k]
        indices = indices[np.lexsort((indices, squares[indices]))]
        return tuple(self._neighbour(int(i), float(squares[i])) for i in indices)

    def _neighbour(self, index: int, square: float) -> Neighbour:
        label = self._data.class_names[self._data.labels[index]]
        largest = 255 * np.sqrt(self._features.shape[1])
        distance = float(np.sqrt(max(square, 0.0)) / largest)
        return Neighbour(index, label, distance, self._data.images[index])

    def _chunks(self) -> Iterator[npt.NDArray[np.float32]]:
        for start in range(0, len(self._features), CHUNK):
            yield self._features[start : start + CHUNK].astype(np.float32)


def _squared_norms(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    norms: npt.NDArray[np.float32] = np.einsum("ij,ij->i", features, features)
    return norms


def _features(images: Bytes) -> Bytes:
    """Blur and halve images: uint8 ``[n, height, width]`` to ``[n, pixels / 4]``."""
    channels = images.shape[3:]
    levels = np.pad(images.astype(np.uint16), ((0, 0), (2, 3), (2, 3), *[(0, 0)] * len(channels)))
    for _ in range(2):  # [1 2 1] twice is [1 4 6 4 1]
        levels = levels[:, :-2] + 2 * levels[:, 1:-1] + levels[:, 2:]
        levels = levels[:, :, :-2] + 2 * levels[:, :, 1:-1] + levels[:, :, 2:]
        levels = levels // 16
    height, width = (side // 2 * 2 for side in levels.shape[1:3])
    squares = levels[:, :height, :width].reshape(
        len(images), height // 2, 2, width // 2, 2, *channels
    )
    means: npt.NDArray[Any] = squares.sum(axis=(2, 4)) // 4
    return means.reshape(len(images), -1).astype(np.uint8)
