"""Handwriting styles that MNIST lacks: crossed sevens, long stems, ones with an upstroke."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SHAPE
from tenfold.data.synthetic.placement import SCALE, SIDE, Images, fit_and_centre

Line = list[tuple[float, float]]
"""Points of a stroke: x and y in pixels of the image."""


def cross_stems(images: Images, seed: int) -> Images:
    """Draw a bar through the stem of sevens, and in a third of them a serif at the head.

    Args:
        images: uint8 ``[n, 28, 28]``, sevens, light ink on black.
        seed: of all random numbers.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as in MNIST.

    Raises:
        InputError: the images have another shape or type, or one is empty.

    Example:
        >>> seven = np.zeros((1, 28, 28), np.uint8)
        >>> seven[0, 5:8, 9:19] = seven[0, 5:24, 16:19] = 255
        >>> int(seven[0].any(axis=0).sum()), int(cross_stems(seven, 0)[0].any(axis=0).sum())
        (10, 14)
    """
    return _transform(images, seed, partial(_draw_over, _bar))


def add_upstrokes(images: Images, seed: int, longest: float = 0.5) -> Images:
    """Draw a stroke from the head of ones, and in a quarter of them a foot as well.

    The angle between stroke and stem is 20 to 55 degrees, and the slope at least 33 degrees: a
    flatter stroke would make a seven.

    Arguments, result and errors are those of ``cross_stems``; ``longest`` is the longest stroke by
    the height of the digit.

    Example:
        >>> one = np.zeros((1, 28, 28), np.uint8)
        >>> one[0, 4:24, 13:16] = 255
        >>> columns = add_upstrokes(one, 0)[0].any(axis=0)
        >>> 6 < int(columns.sum()) < 16
        True
    """
    return _transform(images, seed, partial(_draw_over, partial(_upstroke, longest)))


def lengthen_stems(images: Images, seed: int) -> Images:
    """Lengthen the stem of sevens and nines by a factor of 1.3 to 2; the head keeps its size.

    Arguments, result and errors are those of ``cross_stems``.

    Example:
        >>> seven = np.zeros((1, 28, 28), np.uint8)
        >>> seven[0, 5:8, 9:19] = seven[0, 5:24, 16:19] = 255
        >>> int(seven[0].any(axis=0).sum()), int(lengthen_stems(seven, 0)[0].any(axis=0).sum())
        (10, 9)
    """
    return _transform(images, seed, _lengthen)


def _transform(
    images: Images, seed: int, change: Callable[[Generator, Images], Image.Image]
) -> Images:
    if images.dtype != np.uint8 or images.shape[1:] != IMAGE_SHAPE:
        raise InputError(f"images: {images.dtype} {list(images.shape)}; give uint8 [n, 28, 28]")
    if not images.any(axis=(1, 2)).all():
        raise InputError("images: one is empty; give digits")
    generator = np.random.default_rng(seed)
    changed = np.zeros_like(images)
    for i, image in enumerate(images):
        changed[i] = fit_and_centre(change(generator, image))
    return changed


def _draw_over(
    strokes: Callable[[Generator, Images], list[Line]], generator: Generator, image: Images
) -> Image.Image:
    drawing = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    pen, width = ImageDraw.Draw(drawing), round(SCALE * _stroke_width(image))
    for line in strokes(generator, image):
        corners = [(SCALE * (x + 0.5), SCALE * (y + 0.5)) for x, y in line]
        pen.line(corners, 255, width, joint="curve")
        for x, y in (corners[0], corners[-1]):
            pen.circle((x, y), width / 2, 255)
    return drawing


def _lengthen(generator: Generator, image: Images) -> Image.Image:
    top, bottom = _ends(image)
    neck = top + round(generator.uniform(0.3, 0.5) * (bottom - top))
    stem_scale = SCALE * generator.uniform(1.3, 2)
    head, stem = Image.fromarray(image[:neck]), Image.fromarray(image[neck:])
    parts = [
        np.asarray(part.resize((SIDE, round(part.height * scale)), Image.Resampling.BICUBIC))
        for part, scale in ((head, SCALE), (stem, stem_scale))
    ]
    return Image.fromarray(np.concatenate(parts))


def _bar(generator: Generator, image: Images) -> list[Line]:
    top, bottom = _ends(image)
    height = bottom - top
    y = top + generator.uniform(0.42, 0.68) * height
    x = _centre(image, y)
    left, right = generator.uniform(0.15, 0.4, 2) * height
    rise = generator.uniform(-0.15, 0.3)
    lines = [[(x - left, y + rise * left), (x + right, y - rise * right)]]
    if generator.random() < 1 / 3:
        x, y = _left_of_head(image)
        down, aside = generator.uniform(0.08, 0.16) * height, generator.uniform(-0.1, 0.05) * height
        lines.append([(x + 1.0, y), (x + 1.0 + aside, y + down)])
    return lines


def _upstroke(longest: float, generator: Generator, image: Images) -> list[Line]:
    top, bottom = _ends(image)
    height = bottom - top
    head = (_centre(image, top + 1), top + 1.0)
    stem = np.arctan2(height, head[0] - _centre(image, bottom - 1))  # 90 degrees where upright
    angle = max(stem - np.deg2rad(generator.uniform(20, 55)), np.deg2rad(33))
    length = generator.uniform(0.2, longest) * height
    lines = [[head, (head[0] - length * float(np.cos(angle)), top + length * float(np.sin(angle)))]]
    if generator.random() < 0.25:
        x, (left, right) = _centre(image, bottom - 1), generator.uniform(0.15, 0.3, 2) * height
        lines.append([(x - left, bottom - 1.0), (x + right, bottom - 1.0)])
    return lines


def _ends(image: Images) -> tuple[int, int]:
    """Return the first and the last row of ink."""
    rows = np.flatnonzero((image > image.max() // 2).any(axis=1))
    return int(rows[0]), int(rows[-1])


def _left_of_head(image: Images) -> tuple[float, float]:
    """Return x and y of the leftmost ink in the upper half."""
    upper = image[: sum(_ends(image)) // 2] > image.max() // 2
    x = int(np.flatnonzero(upper.any(axis=0))[0])
    return float(x), float(np.flatnonzero(upper[:, x]).mean())


def _centre(image: Images, row: float) -> float:
    """Return the column of the rightmost stroke in a row: the centre of its last run of ink."""
    inked = np.flatnonzero(image[int(row)] > 100)
    if not len(inked):
        inked = np.flatnonzero(image[int(row)])
    if not len(inked):
        return 14.0
    runs = np.split(inked, np.flatnonzero(np.diff(inked) > 1) + 1)
    return float(runs[-1].mean())


def _stroke_width(image: Images) -> float:
    """Return the stroke width in pixels: area by half the perimeter, as for a thin rectangle."""
    ink = np.pad(image > 100, 1)
    perimeter = sum(int((ink != np.roll(ink, 1, axis)).sum()) for axis in (0, 1))
    return float(np.clip(2.5 * ink.sum() / max(perimeter, 1), 1.5, 4.5))
