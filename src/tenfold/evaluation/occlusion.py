"""Occlusion sensitivity: where in an image the evidence for a prediction lies.

Source of all: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.image_shape import CHANNELS

PredictFunction = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""A network: uint8 images in, probabilities ``[n, classes]`` out."""

SIDE = 7
_PATCH = 0.25  # of the image's side
WINDOW, STEP = 6, 2  # pixels: about twice the width of an MNIST stroke, and the stride
_MIN_SCALE = 1.0  # nats of log odds: less is no evidence, and must not fill the scale


@dataclass(frozen=True, eq=False)
class OcclusionMap:
    """The evidence for the predicted class of one image, pixel by pixel.

    Attributes:
        predicted: index of the class that is explained.
        values: float32 ``[height, width]`` in [-1, 1]: positive where ink is evidence for the
            class, negative where it is evidence against it.
        scale: the log odds, in nats, that a value of 1 means.
    """

    predicted: int
    values: npt.NDArray[np.float32]
    scale: float


def occlusion_maps(
    predict: PredictFunction, images: npt.NDArray[np.uint8], background: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Coarse maps of the evidence for the predicted class of each image.

    A patch of a quarter of the side covers the image at 7 x 7 positions; the value is the decrease
    of the log odds of the predicted class.

    Args:
        predict: the network.
        images: uint8 ``[n, height, width]`` or ``[n, height, width, 3]``.
        background: the grey level or the colour of the patch.

    Returns:
        float32 ``[n, 7, 7]``, in nats.

    Example:
        >>> def top_left(images):  # predicts class 0 where the first pixel is inked
        ...     inked = images[:, 0, 0] > 0
        ...     return np.stack([0.1 + 0.8 * inked, 0.9 - 0.8 * inked], axis=1)
        >>> maps = occlusion_maps(top_left, np.full((1, 8, 8), 255, np.uint8), background=0)
        >>> maps[0].round(1).max(), np.unravel_index(maps[0].argmax(), (7, 7))
        (np.float32(4.4), (np.int64(0), np.int64(0)))
    """
    n, (height, width) = len(images), images.shape[1:3]
    if n == 0:
        return np.zeros((0, SIDE, SIDE), np.float32)
    probabilities = predict(images)
    predicted = probabilities.argmax(axis=-1)
    tall, wide = max(1, round(_PATCH * height)), max(1, round(_PATCH * width))
    maps = np.empty((n, SIDE, SIDE), np.float32)
    for i, top in enumerate(_positions(height - tall)):
        for j, left in enumerate(_positions(width - wide)):
            covered = images.copy()
            covered[:, top : top + tall, left : left + wide] = background
            odds = log_odds(predict(covered), predicted)
            maps[:, i, j] = log_odds(probabilities, predicted) - odds
    return maps


def _positions(last: int) -> list[int]:
    return [round(position) for position in np.linspace(0, last, SIDE)]


def occlusion_map(
    predict: PredictFunction,
    image: npt.ArrayLike,
    background: int = 0,
    explained: int | None = None,
) -> OcclusionMap:
    """The evidence for the predicted class of one image, pixel by pixel.

    A window of 6 x 6 pixels covers the image at every second pixel. The value of a pixel is the
    decrease of the log odds of the predicted class, averaged over the windows that cover it. Only
    ink is covered: evidence in its absence is not detected.

    Args:
        predict: the network, such as a :class:`tenfold.Predictor`; it is called once.
        image: uint8 ``[height, width]`` or ``[height, width, 3]``, at least 6 pixels along each
            side.
        background: the grey level of the window.
        explained: index of the class to explain; None for the predicted one.

    Raises:
        InputError: the image has another type or shape.

    Example:
        >>> def top_left(images):  # predicts class 0 where the first pixel is inked
        ...     inked = images[:, 0, 0] > 0
        ...     return np.stack([0.1 + 0.8 * inked, 0.9 - 0.8 * inked], axis=1)
        >>> result = occlusion_map(top_left, np.full((8, 8), 255, np.uint8))
        >>> result.predicted, result.values[0, 0], result.values[7, 7], round(result.scale, 1)
        (0, np.float32(1.0), np.float32(0.0), 4.4)
    """
    pixels = as_image(image)
    windows = [
        window
        for window in _windows(*pixels.shape[:2])
        if (pixels[window] != background).any()  # covering background changes nothing
    ]
    batch = np.repeat(pixels[None], 1 + len(windows), axis=0)
    for covered, window in zip(batch[1:], windows, strict=True):
        covered[window] = background
    probabilities = predict(batch)
    label = int(probabilities[0].argmax()) if explained is None else explained
    odds = log_odds(probabilities, np.full(len(probabilities), label))
    values = _mean_over_windows(pixels.shape[:2], windows, odds[0] - odds[1:])
    scale = max(float(np.abs(values).max()), _MIN_SCALE)
    return OcclusionMap(label, (values / scale).astype(np.float32), scale)


def as_image(image: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Return an image as uint8 ``[height, width]`` or ``[height, width, 3]``.

    Raises:
        InputError: it has another type or shape, or is smaller than a window.
    """
    pixels = np.asarray(image)
    is_image = pixels.dtype == np.uint8 and (pixels.ndim == 2 or pixels.shape[2:] == (CHANNELS,))
    if not is_image or min(pixels.shape[:2]) < WINDOW:
        raise InputError(
            f"an image is uint8 [height, width] or [height, width, 3], at least {WINDOW} pixels "
            "along each side; "
            f"received {pixels.dtype} {list(pixels.shape)}"
        )
    return pixels


def _windows(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height - WINDOW + 1, STEP):
        for left in range(0, width - WINDOW + 1, STEP):
            yield slice(top, top + WINDOW), slice(left, left + WINDOW)


def _mean_over_windows(
    shape: tuple[int, ...],
    windows: list[tuple[slice, slice]],
    decreases: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Average the decrease over all windows that cover a pixel; background windows count as 0."""
    total, covers = np.zeros(shape), np.zeros(shape)
    for window in _windows(*shape):
        covers[window] += 1
    for window, decrease in zip(windows, decreases, strict=True):
        total[window] += decrease
    return total / np.maximum(covers, 1)


def log_odds(
    probabilities: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The log odds, in nats, of one class in each row of probabilities ``[n, classes]``.

    Probabilities are clipped to [1e-7, 1 - 1e-7], the resolution of float32 near 1.
    """
    chosen = probabilities[np.arange(len(classes)), classes].astype(np.float64)
    clipped = np.clip(chosen, 1e-7, 1 - 1e-7)
    odds: npt.NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return odds
