"""Affine moves by bilinear sampling. All take float32 ``[n, height, width]`` in [0, 1]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SHEAR = 0.4
"""Tangent of the angle, to either side."""

SIZE = 0.7
"""New size as a share of the old one."""

ANGLE = 0.4
"""Rotation to either side, in radians: 23 degrees."""

SHIFT = 3
"""Pixels of 28, to either side along both axes."""


def shear(images: Floats, generator: np.random.Generator) -> Floats:
    """A horizontal shear to the left or right."""
    amounts = SHEAR * _signs(generator, len(images))
    return _sample(images, np.stack([_one(amounts), 0 * amounts, amounts, _one(amounts)]))


def scale(images: Floats, generator: np.random.Generator) -> Floats:
    """A smaller image in the centre of the frame."""
    factors = np.full(len(images), 1 / SIZE)
    return _sample(images, np.stack([factors, 0 * factors, 0 * factors, factors]))


def rotate(images: Floats, generator: np.random.Generator) -> Floats:
    """A rotation about the centre, to the left or right."""
    angles = ANGLE * _signs(generator, len(images))
    cosine, sine = np.cos(angles), np.sin(angles)
    return _sample(images, np.stack([cosine, -sine, sine, cosine]))


def translate(images: Floats, generator: np.random.Generator) -> Floats:
    """A shift along both axes.

    Example:
        >>> dot = np.zeros((1, 28, 28), np.float32)
        >>> dot[0, 14, 14] = 1
        >>> moved = translate(dot, np.random.default_rng(0))
        >>> sorted(abs(np.argwhere(moved[0])[0] - 14).tolist())
        [3, 3]
    """
    pixels = SHIFT * images.shape[1] / 28
    shifts = pixels * np.stack([_signs(generator, len(images)) for _ in range(2)])
    ones, zeros = np.ones(len(images)), np.zeros(len(images))
    return _sample(images, np.stack([ones, zeros, zeros, ones]), shifts)


def _sample(
    images: Floats, matrices: npt.NDArray[np.float64], shifts: npt.NDArray[np.float64] | None = None
) -> Floats:
    """Sample images at affine coordinates about the centre; outside the frame they are black.

    Args:
        images: float32 ``[n, height, width]``.
        matrices: ``[4, n]``: from the row and column of an output pixel to those of its source.
        shifts: ``[2, n]``, of rows and columns, in pixels.
    """
    from scipy.ndimage import map_coordinates

    n, height, width = images.shape
    y, x = np.mgrid[:height, :width] - np.array([height - 1, width - 1])[:, None, None] / 2
    a, b, c, d = matrices[:, :, None, None]
    down, right = np.zeros((2, n, 1, 1)) if shifts is None else shifts[:, :, None, None]
    rows = a * y + b * x + (height - 1) / 2 - down
    columns = c * y + d * x + (width - 1) / 2 - right
    every = np.broadcast_to(np.arange(n)[:, None, None], rows.shape)
    sampled: Floats = map_coordinates(images, [every, rows, columns], order=1, mode="constant")
    return sampled


def _signs(generator: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return generator.choice([-1.0, 1.0], n)


def _one(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.ones_like(values)
