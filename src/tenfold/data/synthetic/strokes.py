"""Non-digits of pen strokes: scribbles and marks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tenfold.core.limits import IMAGE_SHAPE
from tenfold.data.synthetic.placement import SIDE, Images, place

Line = NDArray[np.float64]
"""Points of one stroke, float ``[n, 2]``: x and y from -1 to 1."""


def scribble(generator: Generator) -> Images:
    """Draw a random curve, a zigzag, a chain of loops, a spiral or hatching: uint8 ``[28, 28]``.

    Each has more turns than a digit.
    """
    kinds = (_curve, _zigzag, _loops, _spiral, _hatching)
    lines = kinds[generator.integers(len(kinds))](generator)
    drawing = _stroke(generator, [_rotate(generator, line) for line in lines], widest=10)
    return place(generator, drawing)


def mark(generator: Generator) -> Images:
    """Draw a tick, cross, dash, dots, bracket, arrow, star, or lines of a form: uint8 ``[28, 28]``.

    None of them is a single upright line, which would be a one.
    """
    kinds: tuple[Callable[[Generator], list[Line]], ...] = (
        _tick, _cross, _dashes, _dots, _bracket, _arrow, _star,
    )  # fmt: skip
    kind = generator.integers(len(kinds) + 2)
    if kind >= len(kinds):
        return _form(generator)
    lines = kinds[kind](generator)
    jitter = [line + generator.normal(0, 0.03, line.shape) for line in lines]
    return place(generator, _stroke(generator, jitter))


def _stroke(
    generator: Generator, lines: list[Line], reach: float = 40.0, widest: int = 16
) -> Image.Image:
    """Draw lines with a round pen of 4 pixels of the drawing or more: 1 pixel of the image."""
    drawing = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(drawing)
    width, level = int(generator.integers(4, widest + 1)), int(generator.integers(140, 256))
    for line in lines:
        points = [(x, y) for x, y in (SIDE / 2 + reach * line).tolist()]
        pen.line(points, level, width, joint="curve")
        for x, y in (points[0], points[-1]):
            pen.circle((x, y), width / 2, level)
    return drawing


def _rotate(generator: Generator, line: Line) -> Line:
    angle, stretch = generator.uniform(0, 2 * np.pi), generator.uniform(0.6, 1)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rotated: Line = (line @ rotation) * [1, stretch]
    return rotated


def _curve(generator: Generator) -> list[Line]:
    """Return a polyline of 10 to 16 points, smoothed by two moving averages."""
    count = int(generator.integers(10, 17))
    corners = generator.uniform(-1.2, 1.2, (count, 2))
    steps = np.linspace(0, count - 1, 12 * count)
    window = np.full(8, 1 / 8)
    sides = [np.interp(steps, np.arange(count), corners[:, axis]) for axis in (0, 1)]
    smooth = [np.convolve(np.convolve(side, window, "valid"), window, "valid") for side in sides]
    return [np.stack(smooth, axis=1)]


def _zigzag(generator: Generator) -> list[Line]:
    count = int(generator.integers(6, 13))
    x = np.linspace(-1, 1, count) + generator.normal(0, 0.04, count)
    y = np.where(np.arange(count) % 2, 1, -1) * generator.uniform(0.4, 1, count)
    return [np.stack([x, y], axis=1)]


def _loops(generator: Generator) -> list[Line]:
    loops, radius = int(generator.integers(3, 7)), generator.uniform(0.25, 0.6)
    angle = np.linspace(0, 2 * np.pi * loops, 30 * loops)
    x = np.linspace(-0.8, 0.8, len(angle)) + radius * np.cos(angle)
    return [np.stack([x, radius * generator.uniform(0.8, 1.8) * np.sin(angle)], axis=1)]


def _spiral(generator: Generator) -> list[Line]:
    turns = generator.uniform(2.4, 5)
    angle = np.linspace(0, 2 * np.pi * turns, 120)
    radius = np.linspace(generator.uniform(0, 0.2), 1, 120)
    return [np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)]


def _hatching(generator: Generator) -> list[Line]:
    """Return parallel lines, in half of all cases crossed by others."""
    lines = _parallels(generator)
    if generator.random() < 0.5:
        lines += [line[:, ::-1] for line in _parallels(generator)]
    return lines


def _parallels(generator: Generator) -> list[Line]:
    count = int(generator.integers(4, 8))
    ends = generator.normal(0, 0.08, (count, 2))
    return [
        np.array([[x + before, -1 + before], [x + after, 1 + after]])
        for x, (before, after) in zip(np.linspace(-1, 1, count), ends, strict=True)
    ]


def _tick(generator: Generator) -> list[Line]:
    corner = generator.uniform(-0.5, -0.1)
    return [np.array([[-1, generator.uniform(-0.1, 0.4)], [corner, 0.8], [1, -0.8]])]


def _cross(generator: Generator) -> list[Line]:
    corner = generator.uniform(0.6, 1)
    if generator.random() < 0.5:
        return [np.array([[-1, -corner], [1, corner]]), np.array([[-1, corner], [1, -corner]])]
    return [np.array([[-1.0, 0], [1, 0]]), np.array([[0, -corner], [0, corner]])]


def _dashes(generator: Generator) -> list[Line]:
    """Return one to three nearly horizontal strokes."""
    count, slant = int(generator.integers(1, 4)), generator.uniform(-0.3, 0.3)
    heights = 0.35 * (np.arange(count) - (count - 1) / 2)
    return [np.array([[-1, y - slant], [1, y + slant]]) for y in heights]


def _dots(generator: Generator) -> list[Line]:
    """Return one to four strokes that are shorter than the pen is wide."""
    spots = generator.uniform(-0.9, 0.9, (int(generator.integers(1, 5)), 1, 2))
    return [np.concatenate([spot, spot + 0.02]) for spot in spots]


def _bracket(generator: Generator) -> list[Line]:
    """Return a square bracket with long arms that opens to the right or the left."""
    arm = generator.uniform(0.5, 0.8)
    left = np.array([[arm - 0.9, -1], [-0.9, -1], [-0.9, 1], [arm - 0.9, 1]])
    return [left if generator.random() < 0.5 else -left]


def _arrow(generator: Generator) -> list[Line]:
    head = generator.uniform(0.3, 0.5)
    side = generator.choice([-1, 1])
    shaft, point = [[-1.0, 0], [1, 0]], [[1 - head, -head], [1, 0], [1 - head, head]]
    return [side * np.array(shaft), side * np.array(point)]


def _star(generator: Generator) -> list[Line]:
    angles = np.pi * (np.arange(3) + generator.random()) / 3
    ends = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [np.stack([-end, end]) for end in ends]


def _form(generator: Generator) -> Images:
    """Draw edges and corners of a form's boxes that leave the frame, some with a mark inside."""
    lines = [
        _across(upright, side * generator.uniform(0.7, 1))
        for upright in (False, True)
        for side in (-1, 1)
        if generator.random() < 0.6
    ]
    if generator.random() < 0.3:
        inside = (_tick, _cross, _dashes)[generator.integers(3)](generator)
        lines += [0.5 * line for line in inside]
    if generator.random() < 0.3 or not lines:
        lines.append(_across(False, generator.uniform(-1, 1)))
    slant = generator.normal(0, 0.05)
    slanted = [line + slant * line[:, ::-1] * [1, -1] for line in lines]
    small = _stroke(generator, slanted, SIDE / 2).resize(IMAGE_SHAPE, Image.Resampling.BOX)
    return np.array(small)


def _across(upright: bool, offset: float) -> Line:
    """Return a line through the frame, from outside to outside."""
    line = np.array([[-2.0, offset], [2.0, offset]])
    return line[:, ::-1] if upright else line
