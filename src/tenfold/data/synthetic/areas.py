"""Filled areas: stains, things with a mirror axis, textures; and frames with nothing in them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tenfold.data.synthetic.placement import SIDE, Images, placed

Field = NDArray[np.float64]


def blob(generator: Generator) -> Images:
    """A filled outline, plain or with a texture: uint8 ``[28, 28]``.

    Half are round in a wavy way, as stains are; half have a mirror axis, as garments and
    utensils have, and fill the frame.
    """
    drawing = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(drawing)
    thing = generator.random() < 0.5
    for points in _thing(generator) if thing else [_stain(generator)]:
        pen.polygon([(x, y) for x, y in (SIDE / 2 + 54 * points).tolist()], 255)
    mask = np.asarray(drawing) / 255
    light = generator.uniform(0.35, 1) * (1 - generator.uniform(0, 0.7) * _field(generator, SIDE))
    filled = Image.fromarray((255 * mask * light).round().astype(np.uint8))
    if thing:
        return np.array(filled.resize((28, 28), Image.Resampling.BOX))
    return placed(generator, filled)


def texture(generator: Generator) -> Images:
    """A smooth random field over the whole frame, or a part of it: uint8 ``[28, 28]``."""
    field = _field(generator, 28)
    kind = generator.integers(3)
    if kind == 1:  # patches with clear borders
        field = np.clip(generator.uniform(2, 8) * (field - generator.uniform(0.2, 0.7)) + 0.5, 0, 1)
    if kind == 2:  # fades out to a side
        across = np.linspace(-1, 1, 28)
        field = field * np.clip(across + generator.uniform(0.3, 1), 0, 1)
        field = np.rot90(field, int(generator.integers(4)))
    grain = generator.normal(0, generator.uniform(0, 0.15), (28, 28))
    level = generator.uniform(0.4, 1)
    return _as_bytes(level * np.clip(field + grain * (field > 0), 0.02, 1))


def empty(generator: Generator) -> Images:
    """Nothing, a faint shade, or noise of paper and scanner alone: uint8 ``[28, 28]``."""
    kind = generator.integers(4)
    if kind == 0:
        return np.zeros((28, 28), np.uint8)
    if kind == 1:
        return _as_bytes(generator.uniform(0, 0.4) * _field(generator, 28))
    noise = generator.normal(0, generator.uniform(0.02, 0.3), (28, 28))
    if kind == 2:
        return _as_bytes(noise + generator.uniform(0, 0.3))
    specks = generator.random((28, 28)) < generator.uniform(0.001, 0.05)
    return _as_bytes(specks * generator.uniform(0.3, 1, (28, 28)))


def _stain(generator: Generator) -> Field:
    """A circle with three waves of random height along it: points float ``[90, 2]``."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    radius = np.full(90, 0.6)
    for waves in (2, 3, 5):
        height, phase = generator.uniform(0, 0.45 / waves), generator.uniform(0, 2 * np.pi)
        radius += height * np.cos(waves * angle + phase)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _thing(generator: Generator) -> list[Field]:
    """One outline with a mirror axis, or two apart: each points float ``[n, 2]``."""
    count = int(generator.integers(3, 8))
    y = np.linspace(-1, 1, count) * generator.uniform(0.5, 1)
    half = generator.uniform(0.35, 1, count)
    if generator.random() < 0.25:
        inner = np.minimum(generator.uniform(0.03, 0.2), half / 3)
        sides = [np.stack([x, y], axis=1) for x in (half * 0.6 + inner, inner)]
        leg = np.concatenate([sides[0], sides[1][::-1]])
        return [leg, leg * [-1, 1]]
    right = np.stack([half, y], axis=1)
    whole = np.concatenate([right, (right * [-1, 1])[::-1]])
    return [whole[:, ::-1] if generator.random() < 0.4 else whole]


def _field(generator: Generator, side: int) -> Field:
    """A random field in [0, 1], float ``[side, side]``: a coarse grid made smooth, or stripes."""
    if generator.random() < 0.25:
        waves = generator.uniform(-6, 6, 2)
        y, x = np.mgrid[:side, :side] / side
        stripes: Field = 0.5 + 0.5 * np.sin(2 * np.pi * (waves[0] * y + waves[1] * x))
        return stripes
    cells = int(generator.integers(2, 10))
    coarse = Image.fromarray(generator.random((cells, cells)).astype(np.float32))
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float64)
    field: Field = (smooth - smooth.min()) / np.ptp(smooth)
    return field


def _as_bytes(field: Field) -> Images:
    return (255 * np.clip(field, 0, 1)).round().astype(np.uint8)
