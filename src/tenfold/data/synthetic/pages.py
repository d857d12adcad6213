"""Pages of handwritten numbers, with the box and class of every digit.

Pages are composed from digits of MNIST's training images and drawn clutter. They train and test
the detector that reads pictures; see ``scripts/make_detector.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tenfold.data.synthetic import paper
from tenfold.data.synthetic.hands import Hand
from tenfold.data.synthetic.handwriting_styles import add_upstrokes, cross_stems, lengthen_stems
from tenfold.data.synthetic.pen import Glyph, Ink

DIGIT_HEIGHTS = (15.0, 42.0)
"""Heights of the digits that are labelled, in pixels."""
IGNORED_HEIGHTS = (11.0, 54.0)
"""Digits between these and ``DIGIT_HEIGHTS`` are neither digits nor background."""
_ALIKE = 0.06  # share of numbers whose digits are all of one class
_MARKED = 0.1  # share of numbers with a mark just behind
_VISIBLE, _HIDDEN = 0.75, 0.25  # shares of a digit within the page: a digit, background

_STYLES = (
    (partial(add_upstrokes, longest=0.75), 1, 0.08),
    (cross_stems, 7, 0.04),
    (lengthen_stems, 7, 0.02),
)
"""Function, class of its digits, and digits of the style by all digits."""

LAYOUTS = {"numbers": 0.35, "cell": 0.18, "single": 0.14, "framed": 0.08, "scattered": 0.08,
           "large": 0.06, "small": 0.03, "none": 0.08}  # fmt: skip
"""Kinds of pages and their probabilities."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page and the digits on it.

    Attributes:
        pixels: uint8 ``[height, width]``, dark ink on light paper.
        boxes: float32 ``[n, 4]``: left, top, right, bottom in pixels.
        labels: int64 ``[n]``, the classes.
        ignored: float32 ``[m, 4]``: boxes of what may be taken for a digit or not.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    ignored: NDArray[np.float32]


class Digits:
    """The digits that pages are composed from.

    Args:
        images: uint8 ``[n, 28, 28]``, light ink on black.
        labels: ``[n]``, classes 0 to 9.
        seed: of the digits that are restyled: ones with upstrokes, crossed and long sevens.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.integer], seed: int) -> None:
        generator = np.random.default_rng(seed)
        kinds, classes = [images], [labels]
        for style, label, share in _STYLES:
            of_class = np.flatnonzero(labels == label)
            chosen = generator.permutation(of_class)[: int(share * len(labels))]
            if len(chosen):
                kinds.append(style(images[chosen], seed))
                classes.append(np.full(len(chosen), label))
        self._images, self.labels = np.concatenate(kinds), np.concatenate(classes)
        self._of_class = [np.flatnonzero(self.labels == label) for label in range(10)]
        self._glyphs: dict[int, Glyph] = {}

    def choose(self, generator: Generator, label: int | None = None) -> tuple[Glyph, int]:
        """Return a random digit of a class, or of a random one."""
        index, label = self._random(generator, label)
        if index not in self._glyphs:
            self._glyphs[index] = Glyph.from_image(self._images[index])
        return self._glyphs[index], label

    def choose_image(self, generator: Generator) -> tuple[NDArray[np.uint8], int]:
        """Return the image of a random digit of a random class: uint8 ``[28, 28]``."""
        index, label = self._random(generator)
        return self._images[index], label

    def _random(self, generator: Generator, label: int | None = None) -> tuple[int, int]:
        label = int(generator.integers(10)) if label is None else label
        return int(generator.choice(self._of_class[label])), label


@dataclass(eq=False)
class _Canvas:
    """A page that is being written."""

    ink: Ink
    drawing: paper.Drawing
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    ignored: list[tuple[float, ...]] = field(default_factory=list)
    frame: tuple[int, int, int, int] | None = None  # of a picture that is smaller than the page
    margin: tuple[float, bool] | None = None  # x of the edge of the paper; whether it is the left

    @property
    def visible(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the part that the picture shows."""
        rows, columns = self.ink.shape
        if self.margin is not None:
            edge, is_left = round(self.margin[0]), self.margin[1]
            return (edge, 0, columns, rows) if is_left else (0, 0, edge, rows)
        return (0, 0, columns, rows) if self.frame is None else self.frame

    def paste(self, digit: Ink, label: int, x: float, y: float) -> tuple[float, ...]:
        """Put a digit with its upper left corner at x, y; return its box."""
        left, top = round(x), round(y)
        height, width = digit.shape
        box = (left, top, left + width, top + height)
        x0, y0, x1, y1 = self.visible
        shown = (max(left, x0), max(top, y0), min(left + width, x1), min(top + height, y1))
        if shown[0] >= shown[2] or shown[1] >= shown[3]:
            return box
        area = (shown[2] - shown[0]) * (shown[3] - shown[1]) / (height * width)
        target = self.ink[shown[1] : shown[3], shown[0] : shown[2]]
        part = digit[shown[1] - top : shown[3] - top, shown[0] - left : shown[2] - left]
        np.maximum(target, part, out=target)
        low, high = IGNORED_HEIGHTS
        if area >= _VISIBLE and DIGIT_HEIGHTS[0] <= height <= DIGIT_HEIGHTS[1]:
            self.boxes.append(shown)
            self.labels.append(label)
        elif area >= _HIDDEN and low <= height <= high:
            self.ignored.append(shown)
        return box


def draw_page(
    generator: Generator,
    digits: Digits,
    height: int = 160,
    width: int = 160,
    fonts: Sequence[str] = (),
    layout: str | None = None,
) -> Page:
    """Compose a page.

    Args:
        generator: of random numbers.
        digits: to compose it from.
        height: in pixels.
        width: in pixels.
        fonts: files of fonts for words; by default those of matplotlib.
        layout: one of ``LAYOUTS``; None for a random one.

    Example:
        >>> images = np.zeros((10, 28, 28), np.uint8)
        >>> images[:, 6:22, 13:15] = 255
        >>> digits = Digits(images, np.arange(10), seed=0)
        >>> page = draw_page(np.random.default_rng(1), digits)
        >>> page.pixels.shape, len(page.boxes) == len(page.labels)
        ((160, 160), True)
    """
    canvas = _Canvas(np.zeros((height, width), np.float32), paper.Drawing(height, width))
    kind = layout or generator.choice(list(LAYOUTS), p=list(LAYOUTS.values()))
    low, high = np.log(DIGIT_HEIGHTS)
    size = float(np.exp(generator.uniform(low + 0.05, high - 0.05)))
    if kind == "numbers":
        _numbers(generator, canvas, digits, size)
    elif kind == "cell":
        _cell(generator, canvas, digits, size)
    elif kind == "framed":
        _framed_number(generator, canvas, digits, size)
    elif kind == "single":
        _single(generator, canvas, digits, size)
    elif kind != "none":
        if kind == "large":
            size = generator.uniform(58, 220)
        if kind == "small":
            size = generator.uniform(5, 10)
        _scattered(generator, canvas, digits, size)
    _clutter(generator, canvas, size, fonts or paper.default_fonts(), kind)
    return _finish(generator, canvas)


def _number(
    generator: Generator,
    canvas: _Canvas,
    digits: Digits,
    hand: Hand,
    at: tuple[float, float],
    longest: int = 10,
) -> tuple[float, float, float, float]:
    """Write a number with its upper left corner about at x, y; return its box."""
    x, y = at
    tilt, size = generator.normal(0, 0.05), hand.pen.height
    boxes: list[tuple[float, ...]] = []
    last, last_top = np.zeros((1, 1), np.float32), y
    same = int(generator.integers(10)) if generator.random() < _ALIKE else None
    for _ in range(min(1 + int(generator.geometric(0.28)), longest)):
        glyph, label = digits.choose(generator, same)
        ink = hand.draw(generator, glyph)
        top = y + size - ink.shape[0] + generator.normal(0, hand.wander) * size + tilt * (x - at[0])
        if boxes:
            x += hand.advance(generator, last, ink, top - last_top)
        boxes.append(canvas.paste(ink, label, x, top))
        last, last_top = ink, top
        if generator.random() < 0.04:
            middle = x + ink.shape[1] + 0.2 * size
            paper.mark(generator, canvas.drawing, middle, y + 0.6 * size, size, paper.WITHIN)
            x += 0.6 * size
    x += last.shape[1]
    if generator.random() < hand.full_stops:
        right = x + generator.uniform(0.08, 0.25) * size
        paper.full_stop(generator, canvas.drawing, right, y + 0.97 * size, size)
    if generator.random() < _MARKED:
        aside = generator.uniform([0.3, 0.1], [0.9, 0.9]) * size
        extent = size * generator.uniform(0.3, 0.9)
        paper.mark(generator, canvas.drawing, x + aside[0], y + aside[1], extent, paper.BEHIND)
    sides = np.array(boxes)
    return (sides[:, 0].min(), sides[:, 1].min(), sides[:, 2].max(), sides[:, 3].max())


def _numbers(generator: Generator, canvas: _Canvas, digits: Digits, size: float) -> None:
    height, width = canvas.ink.shape
    hand = Hand.random(generator, size)
    y = generator.uniform(-0.3 * size, max(1.0, height - 1.2 * size))
    spacing = size * generator.uniform(1.1, 2.5)
    for _ in range(1 if generator.random() < 0.4 else 6):
        x = generator.uniform(-size, 0.6 * width)
        while x < width - 0.3 * size:
            box = _number(generator, canvas, digits, hand, (x, y))
            if generator.random() < 0.15:
                paper.underline(generator, canvas.drawing, box)
            x = box[2] + size * generator.uniform(0.7, 3)
        y += spacing
        if y > height - 0.6 * size:
            break


def _cell(generator: Generator, canvas: _Canvas, digits: Digits, size: float) -> None:
    """Write one short number into a cell of a form beside a dark margin."""
    height, width = canvas.ink.shape
    edge, far = generator.uniform(0.05, 0.5) * width, generator.uniform(0.75, 1.05) * width
    is_left = bool(generator.random() < 0.7)
    left, right = (edge, far) if is_left else (width - far, width - edge)
    canvas.margin = (left, True) if is_left else (right, False)
    paper.cell(generator, canvas.drawing, left, right)
    size = max(DIGIT_HEIGHTS[0], min(size, 0.45 * (right - left)))
    x = left + generator.uniform(0, 0.5) * (right - left)
    y = generator.uniform(0.1 * height, max(0.1 * height, height - 1.6 * size))
    box = _number(generator, canvas, digits, Hand.random(generator, size), (x, y), longest=4)
    if generator.random() < 0.4:
        paper.underline(generator, canvas.drawing, box)
    for _ in range(int(generator.geometric(0.5)) - 1):
        aside = generator.uniform([0.1, -0.4], [1.5, 1.8]) * size
        paper.mark(generator, canvas.drawing, box[2] + aside[0], box[1] + aside[1], size)


def _single(generator: Generator, canvas: _Canvas, digits: Digits, size: float) -> None:
    """Write one digit; in a close crop, with parts of its neighbours."""
    height, width = canvas.ink.shape
    glyph, label = digits.choose(generator)
    hand = Hand.random(generator, size)
    ink = hand.draw(generator, glyph)
    x = generator.uniform(0, max(1, width - ink.shape[1]))
    y = generator.uniform(0, max(1, height - ink.shape[0]))
    box = np.array((x, y, x + ink.shape[1], y + ink.shape[0]))
    if generator.random() < 0.55:
        canvas.frame = _frame(generator, box, size, (height, width))
        if generator.random() < 0.7:
            _neighbours(generator, canvas, digits, hand, box)
    canvas.paste(ink, label, x, y)
    if generator.random() < 0.15:
        paper.underline(generator, canvas.drawing, tuple(box))


def _framed_number(generator: Generator, canvas: _Canvas, digits: Digits, size: float) -> None:
    """Write one short number and crop the picture close to it."""
    height, width = canvas.ink.shape
    at = (
        generator.uniform(0.05, 0.35) * width,
        generator.uniform(0.1 * height, height - 1.6 * size),
    )
    box = _number(generator, canvas, digits, Hand.random(generator, size), at, longest=4)
    canvas.frame = _frame(generator, np.array(box), size, (height, width))


def _frame(
    generator: Generator, box: NDArray[np.float64], size: float, shape: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the sides of a picture close around a box."""
    margin = size * generator.choice([generator.uniform(0, 0.1), generator.uniform(0.1, 0.8)])
    sides = margin + generator.uniform(0, 0.3 * margin + 1, 4)
    low, high = np.maximum(box + sides * [-1, -1, 1, 1], 0).round().astype(int).reshape(2, 2)
    return (int(low[0]), int(low[1]), min(int(high[0]), shape[1]), min(int(high[1]), shape[0]))


def _neighbours(
    generator: Generator, canvas: _Canvas, digits: Digits, hand: Hand, box: NDArray[np.float64]
) -> None:
    """Write digits beside, above or below a digit, mostly cut by the border of the picture."""
    left, top, right, bottom = canvas.visible
    for side in generator.permutation(4)[: generator.integers(1, 4)]:
        glyph, label = digits.choose(generator)
        ink = hand.draw(generator, glyph)
        shown = generator.uniform(0.05, 0.7)
        x = box[0] + generator.normal(0, 0.15) * hand.pen.height
        y = box[1] + generator.normal(0, 0.15) * hand.pen.height
        if side == 0:
            x = min(left - (1 - shown) * ink.shape[1], box[0] - ink.shape[1])
        elif side == 1:
            x = max(right - shown * ink.shape[1], box[2])
        elif side == 2:
            y = min(top - (1 - shown) * ink.shape[0], box[1] - ink.shape[0])
        else:
            y = max(bottom - shown * ink.shape[0], box[3])
        canvas.paste(ink, label, x, y)


def _scattered(generator: Generator, canvas: _Canvas, digits: Digits, size: float) -> None:
    height, width = canvas.ink.shape
    taken: list[tuple[float, ...]] = []
    for _ in range(int(min(40, 1 + 0.6 * height * width / (2 * size) ** 2))):
        glyph, label = digits.choose(generator)
        hand = Hand.random(generator, size * float(np.exp(generator.normal(0, 0.25))))
        ink = hand.draw(generator, glyph)
        x = generator.uniform(-0.5 * size, width - 0.5 * size)
        y = generator.uniform(-0.5 * size, height - 0.5 * size)
        box = (x - 2, y - 2, x + ink.shape[1] + 2, y + ink.shape[0] + 2)
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            canvas.paste(ink, label, x, y)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return not (
        one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    )


def _clutter(
    generator: Generator, canvas: _Canvas, size: float, fonts: Sequence[str], kind: str
) -> None:
    """Draw lines, marks and words; digits stay readable."""
    size = min(max(size, DIGIT_HEIGHTS[0]), DIGIT_HEIGHTS[1])
    drawing = canvas.drawing
    if generator.random() < 0.45:
        paper.rulings(generator, drawing, size)
    for _ in range(int(generator.geometric(0.25 if kind == "none" else 0.45)) - 1):
        x, y, extent = _free_place(generator, canvas, size)
        if generator.random() < 0.55:
            paper.mark(generator, drawing, x, y, extent)
        else:
            canvas.ignored += paper.word(generator, drawing, x - extent, y, extent, fonts)


def _free_place(generator: Generator, canvas: _Canvas, size: float) -> tuple[float, float, float]:
    """Return x, y and a size at which a mark covers no digit, as far as a few tries find one."""
    height, width = canvas.ink.shape
    for _ in range(8):
        extent = size * generator.uniform(0.4, 1.8)
        x, y = generator.uniform(0, width), generator.uniform(0, height)
        box = (x - extent, y - extent, x + 2 * extent, y + 0.5 * extent)
        if not any(_overlap(box, other) for other in (*canvas.boxes, *canvas.ignored)):
            break
        size *= 0.85
    return x, y, extent


def _finish(generator: Generator, canvas: _Canvas) -> Page:
    """Put ink on paper and take a photo of it."""
    height, width = canvas.ink.shape
    ground = paper.background(generator, height, width)
    if canvas.margin is not None:
        ground *= paper.dark_margin(generator, height, width, canvas.margin)
    strength = generator.uniform(0.3, 1)
    texture = 1 - generator.uniform(0, 0.5) * generator.random() * paper.grain(
        generator, height, width
    )
    lines = generator.uniform(0.15, 1) * canvas.drawing.ink
    if generator.random() < 0.08:  # the back of the page shows through
        lines = np.maximum(lines, generator.uniform(0.05, 0.25) * canvas.ink[:, ::-1])
    ink = np.maximum(canvas.ink * texture, lines)
    pixels = paper.photograph(generator, ground * (1 - strength * ink), 0.16 * strength)
    if canvas.frame is not None:
        pixels = _cut_out(pixels, canvas.frame)
    return Page(
        pixels,
        np.array(canvas.boxes, np.float32).reshape(-1, 4),
        np.array(canvas.labels, np.int64),
        np.array(canvas.ignored, np.float32).reshape(-1, 4),
    )


def _cut_out(pixels: NDArray[np.uint8], frame: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Return a small picture within the frame, surrounded by the brightness of its paper."""
    left, top, right, bottom = frame
    inside = pixels[top:bottom, left:right]
    padded = np.full_like(pixels, np.percentile(inside, 90))
    padded[top:bottom, left:right] = inside
    return padded
