"""MNIST's digits as other hands write them: with a bar, a hook or an upstroke, long or short."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tenfold.errors import InputError
from tenfold.nondigits.placing import SIDE, Images, fitted

_TIMES = SIDE // 28  # pixels of the drawing a pixel of the image
_LEAST_GAPS = 3  # rows in which arm and stem of a four are apart, so that one can be told

Line = list[tuple[float, float]]
"""Corners of a stroke: x and y in pixels of the image."""


def crossed(images: Images, seed: int) -> Images:
    """Draw a bar through the stem of sevens, and a serif at the head of a third of them.

    Args:
        images: uint8 ``[n, 28, 28]``, sevens, light on black, with ink.
        seed: of everything random.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as MNIST is.

    Raises:
        InputError: the images have another shape, or no ink.

    Example:
        >>> seven = np.zeros((1, 28, 28), np.uint8)
        >>> seven[0, 5:8, 9:19] = seven[0, 5:24, 16:19] = 255
        >>> bool(crossed(seven, 0)[0, :, 20:].any()), bool(seven[0, :, 20:].any())
        (True, False)
    """
    return _changed(images, seed, lambda generator, image: _drawn_over(generator, image, _bar))


def with_upstroke(images: Images, seed: int) -> Images:
    """Draw a stroke up to the head of ones, and in a quarter of them a foot as well.

    The stroke leaves the stem at 25 to 60 degrees, and falls by 28 degrees at least: what is
    flatter is a seven.

    Args:
        images: uint8 ``[n, 28, 28]``, ones, light on black, with ink.
        seed: of everything random.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as MNIST is.

    Raises:
        InputError: the images have another shape, or no ink.

    Example:
        >>> one = np.zeros((1, 28, 28), np.uint8)
        >>> one[0, 4:24, 13:16] = 255
        >>> columns = with_upstroke(one, 0)[0].any(axis=0)
        >>> 6 < int(columns.sum()) < 16
        True
    """
    return _changed(images, seed, lambda generator, image: _drawn_over(generator, image, _upstroke))


def long_stemmed(images: Images, seed: int) -> Images:
    """Make the stem of sevens and nines 1.3 to 2 times as long, and leave the head as it is.

    Args:
        images: uint8 ``[n, 28, 28]``, sevens or nines, light on black, with ink.
        seed: of everything random.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as MNIST is.

    Raises:
        InputError: the images have another shape, or no ink.

    Example:
        >>> seven = np.zeros((1, 28, 28), np.uint8)
        >>> seven[0, 5:8, 9:19] = seven[0, 5:24, 16:19] = 255
        >>> int(seven[0].any(axis=0).sum()), int(long_stemmed(seven, 0)[0].any(axis=0).sum())
        (10, 7)
    """
    return _changed(images, seed, _lengthened)


def hooked(images: Images, seed: int) -> Images:
    """Draw a hook to the left at the lower end of nines.

    Args:
        images: uint8 ``[n, 28, 28]``, nines, light on black, with ink.
        seed: of everything random.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as MNIST is.

    Raises:
        InputError: the images have another shape, or no ink.

    Example:
        >>> nine = np.zeros((1, 28, 28), np.uint8)
        >>> nine[0, 4:12, 12:17] = nine[0, 4:24, 15:17] = 255
        >>> bool(nine[0, 20:, :12].any()), bool(hooked(nine, 0)[0, 20:, :12].any())
        (False, True)
    """
    return _changed(images, seed, lambda generator, image: _drawn_over(generator, image, _hook))


def short_stemmed(images: Images, seed: int) -> Images:
    """Cut the stem of fours a little over the bar, and lean the arm to the right.

    Args:
        images: uint8 ``[n, 28, 28]``, fours, light on black, with ink.
        seed: of everything random.

    Returns:
        uint8 ``[n, 28, 28]``, scaled and centred as MNIST is. A four whose arm and stem are not
        apart over the bar is as it was.

    Raises:
        InputError: the images have another shape, or no ink.

    Example:
        >>> four = np.zeros((1, 28, 28), np.uint8)
        >>> four[0, 4:16, 8:10] = four[0, 14:16, 8:20] = four[0, 4:24, 16:18] = 255
        >>> heads = [int((image[4:9] > 0).any(axis=0).sum()) for image in
        ...          (four[0], short_stemmed(four, 0)[0])]
        >>> heads[0], heads[1] < 8
        (4, True)
    """
    return _changed(images, seed, _shortened)


def _changed(
    images: Images, seed: int, change: Callable[[Generator, Images], Image.Image]
) -> Images:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise InputError(f"images: {images.dtype} {list(images.shape)}; give uint8 [n, 28, 28]")
    if not images.any(axis=(1, 2)).all():
        raise InputError("images: one is empty; give digits")
    generator = np.random.default_rng(seed)
    changed = np.zeros_like(images)
    for i, image in enumerate(images):
        changed[i] = fitted(change(generator, image))
    return changed


def _drawn_over(
    generator: Generator, image: Images, strokes: Callable[[Generator, Images], list[Line]]
) -> Image.Image:
    drawing = _enlarged(image)
    pen, width = ImageDraw.Draw(drawing), round(_TIMES * _pen(image))
    for line in strokes(generator, image):
        corners = [(_TIMES * (x + 0.5), _TIMES * (y + 0.5)) for x, y in line]
        pen.line(corners, 255, width, joint="curve")
        for x, y in (corners[0], corners[-1]):
            pen.circle((x, y), width / 2, 255)
    return drawing


def _lengthened(generator: Generator, image: Images) -> Image.Image:
    top, bottom = _ends(image)
    neck = top + round(generator.uniform(0.3, 0.5) * (bottom - top))
    times = _TIMES * generator.uniform(1.3, 2)
    head, stem = Image.fromarray(image[:neck]), Image.fromarray(image[neck:])
    parts = [
        np.asarray(part.resize((SIDE, round(part.height * scale)), Image.Resampling.BICUBIC))
        for part, scale in ((head, _TIMES), (stem, times))
    ]
    return Image.fromarray(np.concatenate(parts))


def _bar(generator: Generator, image: Images) -> list[Line]:
    top, bottom = _ends(image)
    height = bottom - top
    y = top + generator.uniform(0.42, 0.68) * height
    x = _middle(image, y)
    left, right = generator.uniform(0.15, 0.4, 2) * height
    rise = generator.uniform(-0.15, 0.3)
    lines = [[(x - left, y + rise * left), (x + right, y - rise * right)]]
    if generator.random() < 1 / 3:
        x, y = _left_of_head(image)
        down, aside = generator.uniform(0.08, 0.16) * height, generator.uniform(-0.1, 0.05) * height
        lines.append([(x + 1.0, y), (x + 1.0 + aside, y + down)])
    return lines


def _upstroke(generator: Generator, image: Images) -> list[Line]:
    top, bottom = _ends(image)
    height = bottom - top
    head = (_middle(image, top + 1), top + 1.0)
    stem = np.arctan2(height, head[0] - _middle(image, bottom - 1))  # 90 degrees where upright
    angle = max(stem - np.deg2rad(generator.uniform(25, 60)), np.deg2rad(28))
    length = generator.uniform(0.25, 0.6) * height
    lines = [[head, (head[0] - length * float(np.cos(angle)), top + length * float(np.sin(angle)))]]
    if generator.random() < 0.25:
        x, (left, right) = _middle(image, bottom - 1), generator.uniform(0.15, 0.3, 2) * height
        lines.append([(x - left, bottom - 1.0), (x + right, bottom - 1.0)])
    return lines


def _hook(generator: Generator, image: Images) -> list[Line]:
    top, bottom = _ends(image)
    height = bottom - top
    x, y = _middle(image, bottom - 1), bottom - 1.0
    reach, drop = generator.uniform(0.25, 0.5) * height, generator.uniform(0, 0.12) * height
    rise = generator.uniform(-0.05, 0.2) * height
    return [
        [(x, y), (x - reach / 3, y + drop), (x - 2 * reach / 3, y + drop), (x - reach, y - rise)]
    ]


def _shortened(generator: Generator, image: Images) -> Image.Image:
    ink = image > image.max() // 2
    top, bottom = _ends(image)
    upper, lower = top + (bottom - top) // 4, top + 3 * (bottom - top) // 4
    bar = upper + int(ink[upper:lower].sum(axis=1).argmax())
    neck = bar - int(generator.integers(2, 5))  # the row down to which the stem is cut
    gaps = {row: gap for row in range(top, neck) if (gap := _gap(ink[row])) is not None}
    if len(gaps) < _LEAST_GAPS:
        return _enlarged(image)
    kept = image.copy()
    for row in range(neck):
        kept[row, gaps[min(gaps, key=lambda known: abs(known - row))] :] = 0
    drawing = np.pad(np.asarray(_enlarged(kept)), ((0, 0), (0, SIDE)))
    lean = generator.uniform(0.1, 0.8)
    for row in range(_TIMES * bar):
        drawing[row] = np.roll(drawing[row], round(lean * (_TIMES * bar - row)))
    return Image.fromarray(drawing)


def _gap(row: NDArray[np.bool_]) -> int | None:
    """The middle of the last gap between two strokes of a row; None where there is but one."""
    inked = np.flatnonzero(row)
    apart = np.flatnonzero(np.diff(inked) > 1)
    return int(inked[apart[-1]] + inked[apart[-1] + 1] + 1) // 2 if len(apart) else None


def _enlarged(image: Images) -> Image.Image:
    return Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _ends(image: Images) -> tuple[int, int]:
    """The first and the last row of ink."""
    rows = np.flatnonzero((image > image.max() // 2).any(axis=1))
    return int(rows[0]), int(rows[-1])


def _left_of_head(image: Images) -> tuple[float, float]:
    """Where the upper half's ink reaches farthest left: x and y."""
    upper = image[: sum(_ends(image)) // 2] > image.max() // 2
    x = int(np.flatnonzero(upper.any(axis=0))[0])
    return float(x), float(np.flatnonzero(upper[:, x]).mean())


def _middle(image: Images, row: float) -> float:
    """The column of the rightmost stroke of a row: the middle of its last run of ink."""
    inked = np.flatnonzero(image[int(row)] > 100)
    if not len(inked):
        inked = np.flatnonzero(image[int(row)])
    if not len(inked):
        return 14.0
    runs = np.split(inked, np.flatnonzero(np.diff(inked) > 1) + 1)
    return float(runs[-1].mean())


def _pen(image: Images) -> float:
    """How wide the strokes are, in pixels: ink by half its edge, as for a long thin rectangle."""
    ink = np.pad(image > 100, 1)
    edge = sum(int((ink != np.roll(ink, 1, axis)).sum()) for axis in (0, 1))
    return float(np.clip(2.5 * ink.sum() / max(edge, 1), 1.5, 4.5))
