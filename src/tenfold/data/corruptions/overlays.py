"""Changes of grey levels and things in front. All take float32 ``[n, height, width]`` in [0, 1]."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tenfold.data.corruptions.noise import gaussian

Floats = npt.NDArray[np.float32]

BRIGHTNESS = 0.5
"""Added to all grey levels."""

STRIPE = (10, 14)
"""First column, of 28, and the one after the last, whose grey levels are inverted."""

FOG = (3.0, 1.4)
"""Thickness of fog, and by how much its detail fades with each halving of the scale."""

SPATTER = (1.5, 1.2, 0.6)
"""Sigma of drops in pixels of 28, how rare they are in standard deviations, their brightness."""

LINE = 0.8
"""Half the width of drawn lines and the radius of dots, in pixels of 28."""

DOTS, TEETH = 12, 5
"""Dots of a dotted line, and teeth of a zigzag."""


def brightness(images: Floats, generator: np.random.Generator) -> Floats:
    """All grey levels raised by the same amount."""
    brighter: Floats = np.minimum(images + np.float32(BRIGHTNESS), 1)
    return brighter


def stripe(images: Floats, generator: np.random.Generator) -> Floats:
    """A vertical stripe with black and white swapped.

    Example:
        >>> black = np.zeros((1, 28, 28), np.float32)
        >>> float(stripe(black, np.random.default_rng(0)).sum()) == 28 * 4
        True
    """
    width = images.shape[2]
    first, end = (round(column * width / 28) for column in STRIPE)
    changed = images.copy()
    changed[:, :, first:end] = 1 - changed[:, :, first:end]
    return changed


def fog(images: Floats, generator: np.random.Generator) -> Floats:
    """A cloud of random structure at all scales, in front."""
    thickness, fading = FOG
    cloud = np.float32(thickness) * _plasma(images.shape, fading, generator)
    foggy: Floats = np.divide(images + cloud, 1 + thickness, dtype=np.float32)
    return foggy


def spatter(images: Floats, generator: np.random.Generator) -> Floats:
    """Drops of random places and sizes that brighten the image."""
    sigma, rarity, level = SPATTER
    field = gaussian(
        generator.standard_normal(images.shape, np.float32), sigma * images.shape[1] / 28
    )
    field /= field.std(axis=(1, 2), keepdims=True)
    drops = np.clip(4 * (field - np.float32(rarity)), 0, 1)
    spattered: Floats = np.minimum(images + np.float32(level) * drops, 1)
    return spattered


def dotted_line(images: Floats, generator: np.random.Generator) -> Floats:
    """A row of dots across the image."""
    start, end = _ends(images.shape, generator)
    dots = [start + (end - start) * k / (DOTS - 1) for k in range(DOTS)]
    return _drawn(images, [(dot, dot) for dot in dots])


def zigzag(images: Floats, generator: np.random.Generator) -> Floats:
    """A zigzag line across the image."""
    start, end = _ends(images.shape, generator)
    along = (end - start) / (2 * TEETH)
    across = 0.8 * along[::-1] * np.array([[1.0], [-1.0]])
    points = [start + k * along + (k % 2) * across for k in range(2 * TEETH + 1)]
    return _drawn(images, list(pairwise(points)))


def canny_edges(images: Floats, generator: np.random.Generator) -> Floats:
    """The outlines that Canny's method finds, white on black."""
    from skimage.feature import canny

    return np.stack([canny(image) for image in images]).astype(np.float32)


def _plasma(shape: tuple[int, ...], fading: float, generator: np.random.Generator) -> Floats:
    """Random fields in [0, 1] by the diamond-square algorithm, float32 of the given shape."""
    n, height, width = shape
    side = 1 << int(np.ceil(np.log2(max(height, width))))
    field, step, spread = np.zeros((n, side, side)), side, 1.0
    while step > 1:
        half = step // 2
        corners = field[:, ::step, ::step]
        down, right = np.roll(corners, -1, axis=1), np.roll(corners, -1, axis=2)
        middle = (corners + down + right + np.roll(down, -1, axis=2)) / 4
        middle += generator.uniform(-spread, spread, middle.shape)
        field[:, half::step, half::step] = middle
        above, left = np.roll(middle, 1, axis=1), np.roll(middle, 1, axis=2)
        for edge, mean in (
            (field[:, ::step, half::step], (corners + right + middle + above) / 4),
            (field[:, half::step, ::step], (corners + down + middle + left) / 4),
        ):
            edge[:] = mean + generator.uniform(-spread, spread, mean.shape)
        step, spread = half, spread / fading
    field -= field.min(axis=(1, 2), keepdims=True)
    field /= field.max(axis=(1, 2), keepdims=True)
    return field[:, :height, :width].astype(np.float32)


def _ends(
    shape: tuple[int, ...], generator: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Row and column, each ``[2, n]``, of a random point at the left edge and one at the right."""
    n, height, width = shape
    rows = generator.uniform(0.15, 0.85, (2, n)) * (height - 1)
    start, end = (
        np.stack([row, np.full(n, column)])
        for row, column in zip(rows, (0, width - 1), strict=True)
    )
    return start, end


def _drawn(
    images: Floats, segments: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
) -> Floats:
    """Draw white segments between points ``[2, n]`` over the images."""
    height, width = images.shape[1:]
    places = np.mgrid[:height, :width][:, None].astype(np.float32)  # [2, 1, height, width]
    half = LINE * height / 28
    result = images
    for start, end in segments:
        first, along = (
            value.astype(np.float32)[:, :, None, None] for value in (start, end - start)
        )
        away = places - first
        length = np.maximum((along**2).sum(axis=0), 1e-6)
        share = np.clip((away * along).sum(axis=0) / length, 0, 1)
        distance = np.sqrt(((away - share * along) ** 2).sum(axis=0))
        result = np.maximum(result, np.clip(half + 0.5 - distance, 0, 1))
    return result
