"""Prediction time of a network: all images at once, and one image alone."""

import time
from collections.abc import Callable

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]

REPEATS, SINGLE_REPEATS, WARM_UP = 7, 300, 20


def measure_latency(
    predict: Predict, images: np.ndarray, labels: np.ndarray, repeats: int = SINGLE_REPEATS
) -> dict:
    """Return the seconds of each repeated prediction, of all images and of one, and the accuracy.

    Args:
        predict: images -> probabilities [n, classes].
        images: [n, ...], as `predict` takes them.
        labels: [n].
        repeats: predictions of one image.
    """
    probabilities = predict(images)
    many = [seconds(predict, images) for _ in range(REPEATS)]
    for _ in range(WARM_UP):
        predict(images[:1])
    one = [seconds(predict, images[i : i + 1]) for i in range(repeats)]
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    return {"many_seconds": many, "one_seconds": one, "accuracy": accuracy}


def seconds(predict: Predict, images: np.ndarray) -> float:
    start = time.perf_counter()
    predict(images)
    return time.perf_counter() - start
