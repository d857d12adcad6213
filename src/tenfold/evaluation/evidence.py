"""Where in an image the evidence for an answer lies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Ask = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""A network that answers: uint8 ``[n, height, width]`` in, probabilities ``[n, classes]`` out."""

SIDE = 7
_PATCH = 0.25  # of the image's side


def evidence(ask: Ask, images: npt.NDArray[np.uint8], ground: int) -> npt.NDArray[np.float32]:
    """Where the evidence for each image's predicted class lies: float32 ``[n, 7, 7]``.

    A patch of a quarter of the side is laid over the image at 7 x 7 places, and the value is by
    how much the log odds of the predicted class fall: what is covered there spoke for it, or
    where the value is negative, against it.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).

    Args:
        ask: the network.
        images: uint8 ``[n, height, width]``.
        ground: the grey level of the patch, that of empty paper.

    Example:
        >>> def top_left(images):  # sure of class 0 where the first pixel is inked
        ...     inked = images[:, 0, 0] > 0
        ...     return np.stack([0.1 + 0.8 * inked, 0.9 - 0.8 * inked], axis=1)
        >>> found = evidence(top_left, np.full((1, 8, 8), 255, np.uint8), ground=0)
        >>> found[0].round(1).max(), np.unravel_index(found[0].argmax(), (7, 7))
        (np.float32(4.4), (np.int64(0), np.int64(0)))
    """
    n, (height, width) = len(images), images.shape[1:]
    if n == 0:
        return np.zeros((0, SIDE, SIDE), np.float32)
    plain = ask(images)
    predicted = plain.argmax(axis=-1)
    tall, wide = max(1, round(_PATCH * height)), max(1, round(_PATCH * width))
    found = np.empty((n, SIDE, SIDE), np.float32)
    for i, top in enumerate(_steps(height - tall)):
        for j, left in enumerate(_steps(width - wide)):
            covered = images.copy()
            covered[:, top : top + tall, left : left + wide] = ground
            found[:, i, j] = log_odds(plain, predicted) - log_odds(ask(covered), predicted)
    return found


def _steps(last: int) -> list[int]:
    return [round(step) for step in np.linspace(0, last, SIDE)]


def log_odds(
    probabilities: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The log odds, in nats, of a class of each of the probabilities ``[n, classes]``.

    They are kept within the odds of 1 to 10 million, which floats of 32 bits can tell.
    """
    chosen = probabilities[np.arange(len(classes)), classes].astype(np.float64)
    kept = np.clip(chosen, 1e-7, 1 - 1e-7)
    odds: npt.NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds
