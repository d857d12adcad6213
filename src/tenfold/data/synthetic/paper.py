"""Paper, print and camera: what surrounds digits on a page, and what a photo does to them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tenfold.data.synthetic.letters import UNAMBIGUOUS

Ink = NDArray[np.float32]
Boxes = list[tuple[float, float, float, float]]
Sign = Callable[[Generator], list[NDArray[np.float64]]]
_SUPERSAMPLING = 2
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIGNS = "$€£%&#@§?!+=*<>:;,.'\"()[]-~^"


class Drawing:
    """A layer of ink that is drawn in coordinates of the page and smoothed when it is read."""

    def __init__(self, height: int, width: int) -> None:
        size = (_SUPERSAMPLING * width, _SUPERSAMPLING * height)
        self._image = Image.new("L", size)
        self._draw = ImageDraw.Draw(self._image)
        self.height, self.width = height, width

    def line(self, points: NDArray[np.float64], width: float, level: float = 1.0) -> None:
        """Draw a polyline ``[n, 2]`` of x and y; width in pixels, level from 0 to 1."""
        path = [(x, y) for x, y in (_SUPERSAMPLING * points).tolist()]
        pixels = max(1, round(_SUPERSAMPLING * width))
        self._draw.line(path, int(255 * level), pixels, joint="curve")

    def polygon(self, points: NDArray[np.float64], level: float = 1.0) -> None:
        """Fill a polygon ``[n, 2]``."""
        path = [(x, y) for x, y in (_SUPERSAMPLING * points).tolist()]
        self._draw.polygon(path, int(255 * level))

    def letter(self, x: float, baseline: float, sign: str, font: str, size: float) -> Boxes:
        """Draw one letter; return its box, or nothing if the font lacks it."""
        face = _font(font, max(4, round(_SUPERSAMPLING * size)))
        at = (_SUPERSAMPLING * x, _SUPERSAMPLING * baseline)
        self._draw.text(at, sign, 255, face, anchor="ls")
        box = self._draw.textbbox(at, sign, face, anchor="ls")
        left, top, right, bottom = (side / _SUPERSAMPLING for side in box)
        return [(left, top, right, bottom)] if right > left and bottom > top else []

    @property
    def ink(self) -> Ink:
        """float32 ``[height, width]`` from 0 to 1."""
        small = self._image.resize((self.width, self.height), Image.Resampling.BOX)
        return np.asarray(small, np.float32) / np.float32(255)


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@cache
def default_fonts() -> tuple[str, ...]:
    """Return the text fonts that matplotlib brings."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts/ttf"
    return tuple(
        str(path) for path in sorted(folder.glob("DejaVuS*.ttf")) if "Dis" not in path.stem
    )


def rulings(generator: Generator, drawing: Drawing, digit_height: float) -> None:
    """Draw ruled or squared paper, a table, or single long lines."""
    tilt, width = generator.normal(0, 0.02), generator.uniform(0.5, 2.2)
    kind = generator.integers(5)
    spacing = digit_height * (
        generator.uniform(0.35, 0.8) if kind == 1 else generator.uniform(1, 3)
    )
    level = generator.uniform(0.3, 1)
    if kind < 3:
        _parallels(generator, drawing, spacing, tilt, (width, level), upright=False)
    if kind in (1, 2):
        across = spacing if kind == 1 else spacing * generator.uniform(0.6, 3)
        _parallels(generator, drawing, across, tilt, (width, level), upright=True)
    if kind >= 3:
        for _ in range(generator.integers(1, 4)):
            offset = generator.uniform(0, drawing.width)
            _long_line(drawing, offset, tilt, (width * 1.5, level), generator.random() < 0.5)


def _parallels(
    generator: Generator,
    drawing: Drawing,
    spacing: float,
    tilt: float,
    pen: tuple[float, float],
    *,
    upright: bool,
) -> None:
    reach = drawing.width if upright else drawing.height
    for offset in np.arange(generator.uniform(-spacing, spacing), reach + spacing, spacing):
        _long_line(drawing, float(offset), tilt, pen, upright)


def _long_line(
    drawing: Drawing, offset: float, tilt: float, pen: tuple[float, float], upright: bool
) -> None:
    length = 2.0 * max(drawing.height, drawing.width)
    line = np.array([[-length, offset - tilt * length], [length, offset + tilt * length]])
    if upright:
        line = line[:, ::-1] * [1, 1]
    drawing.line(line, *pen)


def cell(generator: Generator, drawing: Drawing, left: float, right: float) -> None:
    """Draw the sides of a table's cell, and some of the lines of its rows.

    Args:
        generator: of random numbers.
        drawing: to draw on.
        left: x of the left side.
        right: x of the right side.
    """
    tilt = generator.normal(0, 0.01)
    pen = (generator.uniform(0.6, 3.0), generator.uniform(0.4, 1))
    for x in (left, right):
        if generator.random() < 0.7:
            _long_line(drawing, x + generator.normal(0, 3), tilt, pen, upright=True)
    count = int(generator.integers(0, 5))
    faint = (0.7 * pen[0], pen[1] * generator.uniform(0.2, 1))
    for y in generator.uniform(0, drawing.height, count):
        ends = [left - 4, right + 4] if generator.random() < 0.5 else [0.5 * (left + right), right]
        drawing.line(np.array([[ends[0], y], [ends[1], y - tilt * (ends[1] - ends[0])]]), *faint)


def full_stop(generator: Generator, drawing: Drawing, x: float, y: float, height: float) -> None:
    """Draw the point behind a number.

    Args:
        generator: of random numbers.
        drawing: to draw on.
        x: of the middle.
        y: of the middle.
        height: of the digits beside it, in pixels.
    """
    for points in _dot(generator):
        drawing.line(points * height + [x, y], max(0.8, generator.uniform(0.04, 0.1) * height))


def underline(generator: Generator, drawing: Drawing, box: tuple[float, ...]) -> None:
    """Draw one or two lines under a number, or a frame around it that may touch it."""
    left, top, right, bottom = box
    height, width = bottom - top, generator.uniform(0.8, 0.1 * max(10.0, bottom - top))
    margin = generator.uniform(0.05, 0.5) * height
    if generator.random() < 0.5:
        for i in range(generator.integers(1, 3)):
            y = bottom + margin * (0.4 + i)
            ends = generator.normal(0, 0.06 * height, 2)
            overhang = generator.uniform(-0.3, 1.5, 2) * height
            x = (left - overhang[0], right + overhang[1])
            drawing.line(np.array([[x[0], y + ends[0]], [x[1], y + ends[1]]]), width)
        return
    frame = np.array([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]])
    outward = margin * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    drawing.line(frame + outward + generator.normal(0, 0.03 * height, (5, 2)), width)


def mark(
    generator: Generator,
    drawing: Drawing,
    x: float,
    y: float,
    height: float,
    kinds: Sequence[Sign] = (),
) -> None:
    """Draw a dash, dot, comma, tick, cross, bracket, arrow, heart, face or scribble.

    Args:
        generator: of random numbers.
        drawing: to draw on.
        x: of the middle.
        y: of the middle.
        height: of the digits beside it, in pixels.
        kinds: to choose from; all by default.
    """
    width = max(0.8, generator.uniform(0.04, 0.14) * height)
    choice = tuple(kinds) or (*SIGNS.values(), _dot, _comma, _scribble, _waves)
    for points in choice[generator.integers(len(choice))](generator):
        jitter = generator.normal(0, 0.02, points.shape)
        drawing.line((points + jitter) * height + [x, y], width)


def _dash(generator: Generator) -> list[NDArray[np.float64]]:
    half = generator.uniform(0.15, 1.2)
    return [np.array([[-half, 0.0], [half, generator.normal(0, 0.12)]])]


def _dot(generator: Generator) -> list[NDArray[np.float64]]:
    side = generator.uniform(0.02, 0.08)
    return [np.array([[-side, 0], [side, 0], [0, side], [0, -side]])]


def _comma(generator: Generator) -> list[NDArray[np.float64]]:
    return [np.array([[0.05, 0.0], [0.04, 0.12], [-generator.uniform(0.02, 0.15), 0.25]])]


def _tick(generator: Generator) -> list[NDArray[np.float64]]:
    return [np.array([[-0.4, generator.uniform(-0.1, 0.2)], [-0.1, 0.4], [0.6, -0.5]])]


def _cross(generator: Generator) -> list[NDArray[np.float64]]:
    if generator.random() < 0.5:
        return [np.array([[-0.5, -0.5], [0.5, 0.5]]), np.array([[-0.5, 0.5], [0.5, -0.5]])]
    return [np.array([[-0.5, 0.0], [0.5, 0]]), np.array([[0.0, -0.5], [0, 0.5]])]


def _slash(generator: Generator) -> list[NDArray[np.float64]]:
    lean = generator.uniform(0.45, 0.9)
    return [np.array([[lean / 2, -0.75], [-lean / 2, 0.75]])]


def _bracket(generator: Generator) -> list[NDArray[np.float64]]:
    side = generator.choice([-1, 1])
    return [np.array([[0.3, -0.7], [-0.1, -0.7], [-0.1, 0.7], [0.3, 0.7]]) * [side, 1]]


def _arrow(generator: Generator) -> list[NDArray[np.float64]]:
    side = generator.choice([-1, 1])
    lines = [[[-0.8, 0.0], [0.8, 0.0]], [[0.4, -0.35], [0.8, 0.0], [0.4, 0.35]]]
    return [np.array(line) * [side, 1] for line in lines]


def _heart(generator: Generator) -> list[NDArray[np.float64]]:
    t = np.linspace(0, 2 * np.pi, 30)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [np.stack([16 * np.sin(t) ** 3, -y], axis=1) / 32]


def _face(generator: Generator) -> list[NDArray[np.float64]]:
    t = np.linspace(0, 2 * np.pi, 24)
    ring = np.stack([np.cos(t), np.sin(t)], axis=1)
    mouth = ring[2:11] * [0.5, generator.choice([-1, 1]) * 0.5] + [0, 0.1]
    eyes = [ring * 0.06 + [side, -0.25] for side in (-0.35, 0.35)]
    return [
        0.5 * ring * [generator.uniform(0.8, 1.2), 1],
        0.5 * mouth,
        *(0.5 * eye for eye in eyes),
    ]


def _scribble(generator: Generator) -> list[NDArray[np.float64]]:
    """Draw to and fro, in curves or in straight strokes."""
    if generator.random() < 0.4:
        count = int(generator.integers(5, 40))
        return [generator.uniform(-0.9, 0.9, (count, 2)) * generator.uniform(0.5, 2, 2)]
    count = int(generator.integers(7, 16))
    corners = generator.uniform(-0.9, 0.9, (count, 2)) * [generator.uniform(0.6, 2.5), 0.7]
    steps = np.linspace(0, count - 1, 8 * count)
    sides = [np.interp(steps, np.arange(count), corners[:, axis]) for axis in (0, 1)]
    smooth = [ndimage.uniform_filter1d(side, 7) for side in sides]
    return [np.stack(smooth, axis=1)]


def _waves(generator: Generator) -> list[NDArray[np.float64]]:
    """Draw joined waves, as of quick handwriting."""
    waves = int(generator.integers(3, 9))
    t = np.linspace(0, 2 * np.pi * waves, 14 * waves)
    size = 0.25 + 0.15 * ndimage.gaussian_filter1d(generator.normal(0, 3, len(t)), 6)
    x = np.linspace(0, 0.35 * waves, len(t)) + 0.15 * np.sin(t + generator.uniform(0, 2))
    return [np.stack([x - 0.17 * waves, size * np.cos(t)], axis=1)]


SIGNS: dict[str, Sign] = {
    "dash": _dash,
    "tick": _tick,
    "cross": _cross,
    "bracket": _bracket,
    "arrow": _arrow,
    "heart": _heart,
    "face": _face,
    "scribble": _scribble,
    "waves": _waves,
}
"""Strokes of a sign: from random numbers to polylines ``[n, 2]`` about a unit high."""
WITHIN: tuple[Sign, ...] = (_dash, _dot, _comma, _slash)
"""Marks within a number."""
BEHIND: tuple[Sign, ...] = (_cross, _cross, _tick, _dash, _dot, _comma, _bracket)
"""Marks just behind a number."""


def word(
    generator: Generator, drawing: Drawing, x: float, y: float, size: float, fonts: Sequence[str]
) -> Boxes:
    """Write a random word; return the boxes of letters that may be taken for digits."""
    font = fonts[int(generator.integers(len(fonts)))]
    count = int(generator.integers(1, 11))
    signs = _LETTERS if count > 1 else UNAMBIGUOUS + _SIGNS
    if generator.random() < 0.3:
        signs = "".join(sign for sign in signs if sign.isupper()) or signs
    ambiguous: Boxes = []
    for _ in range(count):
        sign = signs[generator.integers(len(signs))]
        boxes = drawing.letter(x, y, sign, font, size)
        if sign in "OoQDIlijSsZzgqbBG":
            ambiguous += boxes
        x = boxes[0][2] + 0.06 * size if boxes else x + 0.4 * size
    return ambiguous


def background(generator: Generator, height: int, width: int) -> Ink:
    """Return the brightness of paper with uneven light, grain, folds and dark margins."""
    paper = np.full((height, width), generator.uniform(0.5, 1), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    if generator.random() < 0.5:
        angle, depth = generator.uniform(0, 2 * np.pi), generator.uniform(0, 0.5)
        slope = (x * np.cos(angle) + y * np.sin(angle)) / max(height, width)
        paper *= 1 - depth * (slope - slope.min()) / max(float(np.ptp(slope)), 1e-6)
    if generator.random() < 0.3:
        paper *= 1 - generator.uniform(0.02, 0.2) * grain(generator, height, width, 12)
    for chance, softness, darkest in ((0.1, 0.5, 0.0), (0.1, 6.0, 0.3), (0.06, 25.0, 0.4)):
        if generator.random() < chance:
            paper *= _half_plane(generator, x, y, softness, darkest)
    return paper


def dark_margin(generator: Generator, height: int, width: int, edge: tuple[float, bool]) -> Ink:
    """Return the brightness of a scan beyond the edge of its paper; 1 on the paper.

    Args:
        generator: of random numbers.
        height: in pixels.
        width: in pixels.
        edge: its x, and whether the paper is to the right of it.
    """
    x, paper_is_right = edge
    y, columns = np.mgrid[:height, :width].astype(np.float32)
    across = columns - x + generator.normal(0, 0.01) * (y - height / 2)
    softness = float(np.exp(generator.uniform(np.log(0.4), np.log(5))))
    on_paper = 1 / (
        1 + np.exp(-np.clip((across if paper_is_right else -across) / softness, -30, 30))
    )
    level = generator.uniform(0, 0.35) * generator.random()
    shade: Ink = (level + (1 - level) * on_paper).astype(np.float32)
    return shade


def _half_plane(generator: Generator, x: Ink, y: Ink, softness: float, darkest: float) -> Ink:
    """Return 1 on one side of a straight edge and a dark level on the other."""
    angle = generator.choice(4) * np.pi / 2 + generator.normal(0, 0.06)
    across = x * np.cos(angle) + y * np.sin(angle)
    edge = np.quantile(across, generator.uniform(0.03, 0.3))
    inside = 1 / (1 + np.exp(-np.clip((across - edge) / softness, -30, 30)))
    level = generator.uniform(darkest, 0.95)
    shade: Ink = (level + (1 - level) * inside).astype(np.float32)
    return shade


def grain(generator: Generator, height: int, width: int, size: float = 3.0) -> Ink:
    """Return smooth noise from 0 to 1, with grains of a size in pixels."""
    coarse = generator.random((int(height / size) + 3, int(width / size) + 3)).astype(np.float32)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noise: Ink = np.clip(np.asarray(image), 0, 1)
    return noise


def photograph(
    generator: Generator, page: NDArray[np.floating[Any]], max_noise: float = 0.05
) -> NDArray[np.uint8]:
    """Blur, resample, add noise and compress a page: uint8 ``[height, width]``.

    Args:
        generator: of random numbers.
        page: brightness from 0 to 1.
        max_noise: its standard deviation.
    """
    height, width = page.shape
    if generator.random() < 0.5:
        page = ndimage.gaussian_filter(page, generator.uniform(0.3, 1.3))
    if generator.random() < 0.2:
        share = generator.uniform(0.45, 0.9)
        small = (max(8, int(width * share)), max(8, int(height * share)))
        image = Image.fromarray(page).resize(small, Image.Resampling.BILINEAR)
        page = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    if generator.random() < 0.6:
        page = page + generator.normal(
            0, generator.uniform(0.003, min(max_noise, 0.06)), page.shape
        )
    pixels: NDArray[np.uint8] = (255 * np.clip(page, 0, 1)).round().astype(np.uint8)
    if generator.random() < 0.4:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=int(generator.integers(20, 90)))
        pixels = np.array(Image.open(buffer))
    return pixels
