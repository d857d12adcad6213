"""How long a network takes to answer many images, and one."""

import time
from collections.abc import Callable

import numpy as np

Ask = Callable[[np.ndarray], np.ndarray]

ROUNDS, SINGLES, WARM = 7, 300, 20


def asked(ask: Ask, images: np.ndarray, labels: np.ndarray, singles: int = SINGLES) -> dict:
    """Seconds of all images at once and of one alone, each many times, and the accuracy."""
    answers = ask(images)
    many = [seconds(ask, images) for _ in range(ROUNDS)]
    for _ in range(WARM):
        ask(images[:1])
    one = [seconds(ask, images[i : i + 1]) for i in range(singles)]
    accuracy = float((answers.argmax(axis=1) == labels).mean())
    return {"many_seconds": many, "one_seconds": one, "accuracy": accuracy}


def seconds(ask: Ask, images: np.ndarray) -> float:
    start = time.perf_counter()
    ask(images)
    return time.perf_counter() - start
