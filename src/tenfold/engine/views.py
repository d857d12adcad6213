"""Views of an image whose probabilities are averaged: test-time augmentation."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

_SHIFTS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
"""Rows and columns, in pixels."""


def views(name: str, image_shape: tuple[int, ...]) -> list[tuple[Indices, Indices]]:
    """The rows and columns that each view takes of an image, the image itself first.

    Keras's path and the model file are both made of them. Shifts by a pixel repeat the edge.

    Args:
        name: a value of the recipe field ``tta``.
        image_shape: ``(height, width)``, or ``(height, width, 3)``.

    Example:
        >>> [columns.tolist() for _, columns in views("flip", (2, 3))]
        [[0, 1, 2], [2, 1, 0]]
        >>> len(views("none", (28, 28))), len(views("flip+shift", (28, 28)))
        (1, 10)
    """
    height, width = image_shape[:2]
    shifts = _SHIFTS if "shift" in name else _SHIFTS[:1]
    orders = (1, -1) if "flip" in name else (1,)
    return [
        (
            np.clip(np.arange(height) + down, 0, height - 1),
            np.clip(np.arange(width) + right, 0, width - 1)[::order],
        )
        for order, (down, right) in itertools.product(orders, shifts)
    ]
