"""Explaining: why an image was answered so, by NumPy and the artifact alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data.dataset import Dataset
from tenfold.evaluation.evidence import Ask, log_odds

WINDOW, STEP = 6, 2  # pixels: about twice MNIST's pen, and how far apart windows lie
CHUNK = 4096  # training images held as floats at once
_FAINTEST = 1.0  # nats of log odds that fill the scale at least: less is no evidence

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Where in an image the evidence for its answer lies.

    Attributes:
        answer: the class, by its place among the class names.
        map: float32 ``[height, width]`` within [-1, 1]: above 0 what spoke for the answer, below
            0 what spoke against it.
        strongest: the log odds, in nats, that 1 stands for.
    """

    answer: int
    map: npt.NDArray[np.float32]
    strongest: float


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A training image that looks like another image.

    Attributes:
        index: its place among the training images.
        label: the name of its class.
        distance: 0 where both are the same, 1 where each is white where the other is black.
        image: uint8 ``[height, width]``.
    """

    index: int
    label: str
    distance: float
    image: Bytes


def evidence(ask: Ask, image: npt.ArrayLike, ground: int = 0) -> Evidence:
    """Where the evidence for the answer to one image lies, signed, pixel by pixel.

    A window of 6x6 pixels is laid over the image at every second pixel, and the network is asked
    about all covered images at once. A pixel's value is by how much the log odds of the answer
    fall, in the mean over the windows that cover it. Covering takes ink away: that ink is missing
    somewhere can be evidence, too, and is not seen.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).

    Args:
        ask: the network, such as a :class:`tenfold.Predictor`.
        image: uint8 ``[height, width]``, at least 6 pixels along each side.
        ground: the grey level of the window, that of empty paper.

    Raises:
        InputError: the image is none of this kind.

    Example:
        >>> def top_left(images):  # sure of class 0 where the first pixel is inked
        ...     inked = images[:, 0, 0] > 0
        ...     return np.stack([0.1 + 0.8 * inked, 0.9 - 0.8 * inked], axis=1)
        >>> found = evidence(top_left, np.full((8, 8), 255, np.uint8))
        >>> found.answer, found.map[0, 0], found.map[7, 7], round(found.strongest, 1)
        (0, np.float32(1.0), np.float32(0.0), 4.4)
    """
    pixels = _as_image(image)
    windows = [
        window
        for window in _windows(pixels.shape[0], pixels.shape[1])
        if (pixels[window] != ground).any()  # covering what is empty changes nothing
    ]
    asked = np.repeat(pixels[None], 1 + len(windows), axis=0)
    for covered, window in zip(asked[1:], windows, strict=True):
        covered[window] = ground
    answers = ask(asked)
    answer = int(answers[0].argmax())
    odds = log_odds(answers, np.full(len(answers), answer))
    found = _spread(pixels, windows, odds[0] - odds[1:])
    strongest = max(float(np.abs(found).max()), _FAINTEST)
    return Evidence(answer, (found / strongest).astype(np.float32), strongest)


def _as_image(image: npt.ArrayLike) -> Bytes:
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or min(pixels.shape) < WINDOW:
        raise InputError(
            f"an image is uint8 [height, width] of at least {WINDOW} pixels along each side; "
            f"received {pixels.dtype} {list(pixels.shape)}"
        )
    return pixels


def _windows(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height - WINDOW + 1, STEP):
        for left in range(0, width - WINDOW + 1, STEP):
            yield slice(top, top + WINDOW), slice(left, left + WINDOW)


def _spread(
    pixels: Bytes, windows: list[tuple[slice, slice]], falls: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The mean fall over all windows that cover a pixel; those over empty paper count as 0."""
    total, times = np.zeros(pixels.shape), np.zeros(pixels.shape)
    for window in _windows(*pixels.shape):
        times[window] += 1
    for window, fall in zip(windows, falls, strict=True):
        total[window] += fall
    return total / np.maximum(times, 1)


class Neighbours:
    """The training images, ready to be asked which of them look most like an image.

    Images are compared as a short-sighted reader sees them: blurred by a binomial filter of 5x5,
    then averaged over squares of 2x2, so that a stroke a pixel further is no other stroke. The
    distance is Euclidean. A quarter of the images' size is held for it beside the images.

    Args:
        data: the training images.

    Raises:
        InputError: there are no images in it.

    Example:
        >>> images = np.zeros((2, 28, 28), np.uint8)
        >>> images[0, 4:24, 13:15] = images[1, 4:24, 20:22] = 255
        >>> near = Neighbours(Dataset(images, np.array([0, 1]), ("middle", "right")))
        >>> [(found.label, round(found.distance, 2)) for found in near.nearest(images[1], k=2)]
        [('right', 0.0), ('middle', 0.21)]
    """

    def __init__(self, data: Dataset) -> None:
        if not len(data):
            raise InputError(f"{data.name} has no images to compare with")
        self._data = data
        self._seen = np.concatenate(
            [_seen(data.images[start : start + CHUNK]) for start in range(0, len(data), CHUNK)]
        )
        self._squares = np.concatenate([_squares(part) for part in self._parts()])

    def nearest(self, image: npt.ArrayLike, k: int = 6) -> tuple[Neighbour, ...]:
        """The k training images nearest to an image, the nearest first.

        Raises:
            InputError: the image has another shape, or k is not between 1 and their number.
        """
        pixels, shape = _as_image(image), self._data.shape[1:]
        if pixels.shape != shape:
            raise InputError(f"the images are {shape}; received {pixels.shape}")
        if not 1 <= k <= len(self._data):
            raise InputError(f"k must be 1 to {len(self._data)}; received {k}")
        seen = _seen(pixels[None])
        asked = seen[0].astype(np.float32)
        products = np.concatenate([part @ asked for part in self._parts()])
        squares = self._squares - 2 * products + _squares(seen.astype(np.float32))
        chosen = np.argpartition(squares, k - 1)[:k]
        chosen = chosen[np.lexsort((chosen, squares[chosen]))]
        widest = 255 * np.sqrt(len(asked))
        return tuple(self._neighbour(int(i), float(squares[i]), widest) for i in chosen)

    def _neighbour(self, index: int, square: float, widest: float) -> Neighbour:
        label = self._data.class_names[self._data.labels[index]]
        distance = float(np.sqrt(max(square, 0.0)) / widest)
        return Neighbour(index, label, distance, self._data.images[index])

    def _parts(self) -> Iterator[npt.NDArray[np.float32]]:
        for start in range(0, len(self._seen), CHUNK):
            yield self._seen[start : start + CHUNK].astype(np.float32)


def _squares(seen: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    squares: npt.NDArray[np.float32] = np.einsum("ij,ij->i", seen, seen)
    return squares


def _seen(images: Bytes) -> Bytes:
    """Blurred and halved images: uint8 ``[n, height, width]`` to ``[n, pixels / 4]``."""
    levels = np.pad(images.astype(np.uint16), ((0, 0), (2, 3), (2, 3)))
    for _ in range(2):  # two of [1 2 1] are one of [1 4 6 4 1]
        levels = levels[:, :-2] + 2 * levels[:, 1:-1] + levels[:, 2:]
        levels = levels[:, :, :-2] + 2 * levels[:, :, 1:-1] + levels[:, :, 2:]
        levels = levels // 16
    height, width = (side // 2 * 2 for side in levels.shape[1:])
    squares = levels[:, :height, :width].reshape(len(images), height // 2, 2, width // 2, 2)
    means: npt.NDArray[Any] = squares.sum(axis=(2, 4)) // 4
    return means.reshape(len(images), -1).astype(np.uint8)
