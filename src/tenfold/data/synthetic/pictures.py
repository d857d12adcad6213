"""Small pictures of all kinds that people show to a reader: pages, close crops, and drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tenfold.data.synthetic.drawings import draw_drawing
from tenfold.data.synthetic.pages import Digits, Page, draw_page

PICTURES = {"page": 0.45, "crop": 0.25, "image": 0.1, "drawing": 0.2}
"""Kinds of pictures and their probabilities."""
_LAYOUTS = {"numbers": 0.5, "cell": 0.15, "single": 0.2, "scattered": 0.15}
_NOTHING = np.zeros((0, 4), np.float32)


def draw_picture(
    generator: Generator,
    digits: Digits,
    drawings: Sequence[str],
    fonts: Sequence[str] = (),
    kind: str | None = None,
) -> Page:
    """Compose a picture in which every digit is labelled, or that has none.

    Args:
        generator: of random numbers.
        digits: to compose it from.
        drawings: kinds of drawings, some of ``drawings.DRAWINGS``.
        fonts: files of fonts for words; by default those of matplotlib.
        kind: one of ``PICTURES``; None for a random one.

    Example:
        >>> images = np.zeros((10, 28, 28), np.uint8)
        >>> images[:, 6:22, 13:15] = 255
        >>> digits = Digits(images, np.arange(10), seed=0)
        >>> len(draw_picture(np.random.default_rng(0), digits, ["heart"], kind="drawing").labels)
        0
    """
    kind = kind or str(generator.choice(list(PICTURES), p=list(PICTURES.values())))
    if kind == "drawing":
        drawing = draw_drawing(generator, str(generator.choice(list(drawings))), fonts)
        return Page(drawing, _NOTHING, np.zeros(0, np.int64), _NOTHING)
    page = _image(generator, digits) if kind == "image" else _page(generator, digits, fonts)
    if kind == "crop" and len(page.boxes):
        page = _cropped(generator, page)
    return replace(page, pixels=255 - page.pixels) if generator.random() < 0.25 else page


def _page(generator: Generator, digits: Digits, fonts: Sequence[str]) -> Page:
    height, width = int(generator.integers(80, 260)), int(generator.integers(90, 330))
    layout = str(generator.choice(list(_LAYOUTS), p=list(_LAYOUTS.values())))
    return draw_page(generator, digits, height, width, fonts, layout)


def _image(generator: Generator, digits: Digits) -> Page:
    """Return a digit as a dataset stores it, at 1 to 6 times its size, with or without margin."""
    image, label = digits.choose_image(generator)
    pixels = 255 - image
    if generator.random() < 0.3:
        rows, columns = np.nonzero(image)
        pixels = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = int(generator.integers(1, 7))
    pixels = pixels.repeat(scale, 0).repeat(scale, 1)
    rows, columns = np.nonzero(pixels < 200)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Page(pixels, np.array([box], np.float32), np.array([label]), _NOTHING)


def _cropped(generator: Generator, page: Page) -> Page:
    """Cut out the surroundings of one digit; what is cut of others may be taken for a digit."""
    left, top, right, bottom = page.boxes[generator.integers(len(page.boxes))].tolist()
    low, high = 0.02, float(generator.choice([0.15, 0.6]))
    margins = generator.uniform(low, high, 4) * (bottom - top) * [-1, -1, 1, 1]
    sides = np.array([left, top, right, bottom]) + margins
    limits = (page.pixels.shape[1], page.pixels.shape[0])
    x0, y0 = np.maximum(sides[:2], 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(sides[2:]), limits).astype(int).tolist()
    shown = _within(page.boxes, (x0, y0, x1, y1))
    whole = _area(shown) > 0.9 * _area(page.boxes)
    part = ~whole & (_area(shown) > 0)
    ignored = np.concatenate([shown[part], _within(page.ignored, (x0, y0, x1, y1))])
    pixels: NDArray[np.uint8] = page.pixels[y0:y1, x0:x1]
    return Page(pixels, shown[whole], page.labels[whole], ignored[_area(ignored) > 0])


def _within(boxes: NDArray[np.float32], frame: tuple[int, ...]) -> NDArray[np.float32]:
    low, high = np.array(frame[:2] * 2), np.array(frame[2:] * 2)
    shown: NDArray[np.float32] = (np.clip(boxes, low, high) - low).astype(np.float32)
    return shown


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    area: NDArray[np.float32] = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return area
