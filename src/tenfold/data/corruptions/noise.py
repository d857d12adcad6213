"""Noise and blurs. All functions take float32 ``[n, height, width]`` in [0, 1]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

PHOTONS = 3
"""Expected events of a white pixel with shot noise."""

IMPULSES = 0.17
"""Share of pixels that impulse noise replaces by black or white."""

GLASS = (0.7, 2)
"""Of glass blur: sigma of both blurs, and how often pixels are exchanged with a neighbour."""

MOTION = (10, 3.0)
"""Of motion blur: length in pixels of 28, and sigma of the weights along it."""


def shot_noise(images: Floats, generator: np.random.Generator) -> Floats:
    """Poisson noise of few photons, as in the dark.

    Example:
        >>> noisy = shot_noise(np.full((1, 50, 50), 0.5, np.float32), np.random.default_rng(0))
        >>> round(float(noisy.mean()), 1)
        0.5
    """
    return (generator.poisson(images * PHOTONS) / np.float32(PHOTONS)).astype(np.float32)


def impulse_noise(images: Floats, generator: np.random.Generator) -> Floats:
    """Black and white pixels, salt and pepper."""
    draw = generator.random(images.shape, np.float32)
    salt = np.where(draw < IMPULSES / 2, np.float32(1), images)
    return np.where(draw > 1 - IMPULSES / 2, np.float32(0), salt)


def glass_blur(images: Floats, generator: np.random.Generator) -> Floats:
    """Pixels exchanged with random neighbours, between two Gaussian blurs."""
    sigma, rounds = GLASS
    glass = gaussian(images, sigma * images.shape[1] / 28)
    n, height, width = images.shape
    every = np.arange(n)
    for _ in range(rounds):
        for row in range(height - 2, 0, -1):
            for column in range(width - 2, 0, -1):
                down, right = generator.integers(-1, 2, (2, n))
                here = glass[:, row, column].copy()
                glass[:, row, column] = glass[every, row + down, column + right]
                glass[every, row + down, column + right] = here
    return gaussian(glass, sigma * images.shape[1] / 28)


def motion_blur(images: Floats, generator: np.random.Generator) -> Floats:
    """The mean along a line of a random direction up to 45 degrees from horizontal."""
    length, sigma = (value * images.shape[1] / 28 for value in MOTION)
    n, height, width = images.shape
    angles = generator.uniform(-np.pi / 4, np.pi / 4, n)
    steps = np.arange(round(length) + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    margin = len(steps)
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    total = np.zeros_like(images)
    every, rows, columns = np.ogrid[:n, :height, :width]
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        down, right = (
            np.rint(step * direction).astype(int)[:, None, None] + margin
            for direction in (np.sin(angles), np.cos(angles))
        )
        total += np.float32(weight) * padded[every, rows + down, columns + right]
    return total


def gaussian(images: Floats, sigma: float) -> Floats:
    """Blur each image with a Gaussian; outside the frame it is black."""
    from scipy.ndimage import gaussian_filter

    blurred: Floats = gaussian_filter(images, (0, sigma, sigma), mode="constant")
    return blurred
