"""Pictures without a digit: words, scribbles, signs, lines and textures, as people draw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tenfold.data.synthetic import paper
from tenfold.data.synthetic.letters import UNAMBIGUOUS

Strokes = list[NDArray[np.float64]]
"""Polylines ``[n, 2]`` of x and y from about -0.5 to 0.5."""

_WORDS = (
    "Hello world", "Invoice", "Total", "thank you", "Monday", "Address", "signature", "Kaffee",
    "Name", "yes", "maybe", "open", "Please turn over", "milk and bread", "Bahnhof", "Quantity",
    "Receipt", "garden", "The quick brown fox", "house", "Date", "Room", "never", "WANTED",
)  # fmt: skip


def draw_drawing(generator: Generator, kind: str, fonts: Sequence[str] = ()) -> NDArray[np.uint8]:
    """Draw a picture in which nothing is a digit: uint8 ``[height, width]``.

    Args:
        generator: of random numbers.
        kind: one of ``DRAWINGS``.
        fonts: files of fonts for letters and words; by default those of matplotlib.

    Example:
        >>> picture = draw_drawing(np.random.default_rng(0), "heart")
        >>> str(picture.dtype), picture.ndim
        ('uint8', 2)
    """
    width = round(float(np.exp(generator.uniform(np.log(120), np.log(420)))))
    height = round(width * generator.uniform(0.5, 1))
    drawing = paper.Drawing(height, width)
    ground = paper.background(generator, height, width)
    if kind in ("words", "letter"):
        _write(generator, drawing, kind, fonts or paper.default_fonts())
    elif kind in _AREAS:
        ground = ground * (1 - generator.uniform(0.2, 0.9) * _AREAS[kind](generator, ground.shape))
    else:
        size = height * generator.uniform(0.3, 0.9)
        pen = max(1.2, size * generator.uniform(0.02, 0.12))
        middle = generator.uniform(0.4, 0.6, 2) * [width, height]
        strokes = _STROKES[kind](generator)
        size /= 2 * max(float(abs(points).max()) for points in strokes)
        for points in strokes:
            jitter = generator.normal(0, 0.008, points.shape)
            drawing.line((points + jitter) * size + middle, pen)
    page = ground * (1 - generator.uniform(0.4, 1) * drawing.ink)
    pixels = paper.photograph(generator, page)
    return 255 - pixels if generator.random() < 0.2 else pixels


def _write(generator: Generator, drawing: paper.Drawing, kind: str, fonts: Sequence[str]) -> None:
    font = fonts[int(generator.integers(len(fonts)))]
    if kind == "letter":
        text = UNAMBIGUOUS[generator.integers(len(UNAMBIGUOUS))]
        size = drawing.height * generator.uniform(0.3, 0.9)
    else:
        text = _WORDS[generator.integers(len(_WORDS))]
        size = 1.3 * drawing.width / len(text) * generator.uniform(0.5, 1)
    x, y = generator.uniform(0.03, 0.25) * drawing.width, generator.uniform(0.5, 0.9)
    for _ in range(1 if kind == "letter" else int(generator.integers(1, 4))):
        at = x
        for sign in text:
            boxes = drawing.letter(at, y * drawing.height, sign, font, size)
            at = boxes[0][2] + 0.04 * size if boxes else at + 0.35 * size
        y += 1.3 * size / drawing.height


def _polygon(generator: Generator, corners: int, reach: float = 0.5) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, corners + 1) + generator.uniform(0, 2 * np.pi)
    return reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _straight_scribble(generator: Generator) -> Strokes:
    count = int(np.exp(generator.uniform(np.log(5), np.log(60))))
    return [generator.uniform(-0.5, 0.5, (count, 2)) * [generator.uniform(0.7, 1.6), 1]]


def _star(generator: Generator) -> Strokes:
    points = _polygon(generator, 5)
    return [points[[0, 2, 4, 1, 3, 0]]]


def _spiral(generator: Generator) -> Strokes:
    angle = np.linspace(0, 2 * np.pi * generator.uniform(2.2, 6), 150)
    radius = np.linspace(0, 0.5, 150)[:, None]
    return [radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)]


def _hatching(generator: Generator) -> Strokes:
    steps = np.linspace(-0.5, 0.5, int(generator.integers(5, 20)))
    slant = generator.uniform(-0.3, 0.3)
    lines = [np.array([[x - slant, -0.5], [x + slant, 0.5]]) for x in steps]
    crossed = [line[:, ::-1] for line in lines] if generator.random() < 0.5 else []
    return lines + crossed


def _frame(generator: Generator) -> Strokes:
    """Draw one to four empty boxes in a row."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0.0]]) - 0.5
    count, aspect = int(generator.integers(1, 5)), generator.uniform(0.7, 1.4)
    size = min(1.0, 1.6 / count)
    return [size * aspect * (corners + np.array([i - (count - 1) / 2, 0])) for i in range(count)]


def _grid(generator: Generator) -> Strokes:
    steps = np.linspace(-0.5, 0.5, int(generator.integers(3, 12)))
    rows = [np.array([[-0.7, y], [0.7, y]]) for y in steps]
    return rows + [np.array([[1.4 * x, -0.5], [1.4 * x, 0.5]]) for x in steps]


def _house(generator: Generator) -> Strokes:
    door = generator.uniform(0.05, 0.2)
    walls = np.array([[-0.3, 0], [-0.3, 0.5], [0.3, 0.5], [0.3, 0], [-0.3, 0], [0, -0.4], [0.3, 0]])
    return [walls, np.array([[-door, 0.5], [-door, 0.2], [door, 0.2], [door, 0.5]])]


def _flower(generator: Generator) -> Strokes:
    t = np.linspace(0, 2 * np.pi, 120)
    petals = int(generator.integers(4, 9))
    radius = 0.2 + 0.1 * np.cos(petals * t)
    ring = radius[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1) - [0, 0.25]
    return [ring, np.array([[0, -0.05], [0.03, 0.5]])]


def _check_list(generator: Generator) -> Strokes:
    tick = np.array([[-0.12, 0.0], [-0.04, 0.1], [0.12, -0.12]])
    cross = [np.array([[-0.1, -0.1], [0.1, 0.1]]), np.array([[-0.1, 0.1], [0.1, -0.1]])]
    strokes: Strokes = []
    for y in np.linspace(-0.35, 0.35, 3):
        sign = [tick] if generator.random() < 0.6 else cross
        strokes += [line + np.array([0, y]) for line in sign]
    return strokes


def _noise(generator: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.clip(generator.normal(0.3, 0.3, shape), 0, 1).astype(np.float32)


def _texture(generator: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = float(np.exp(generator.uniform(np.log(3), np.log(60))))
    return paper.grain(generator, shape[0], shape[1], size)


def _weave(generator: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw the threads of a fabric, or planks."""
    x, y = np.arange(shape[1]), np.arange(shape[0])[:, None]
    periods = np.exp(generator.uniform(np.log(4), np.log(40), 2))
    bend = 3 * generator.random() * np.sin(y / generator.uniform(10, 60))
    threads = np.sin(2 * np.pi * (x + bend) / periods[0]) * np.sin(2 * np.pi * y / periods[1])
    weave: NDArray[np.float32] = (0.5 + 0.5 * threads).astype(np.float32)
    return weave


_STROKES: dict[str, Callable[[Generator], Strokes]] = {
    **paper.SIGNS,
    "straight scribble": _straight_scribble,
    "star": _star,
    "spiral": _spiral,
    "hatching": _hatching,
    "frames": _frame,
    "grid": _grid,
    "house": _house,
    "flower": _flower,
    "check list": _check_list,
}
_AREAS: dict[str, Callable[[Generator, tuple[int, ...]], NDArray[np.float32]]] = {
    "noise": _noise,
    "texture": _texture,
    "weave": _weave,
}
DRAWINGS = ("words", "letter", *_STROKES, *_AREAS)
"""Kinds of pictures without a digit."""
