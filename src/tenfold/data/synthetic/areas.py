"""Non-digits that fill areas: blobs, textures and empty frames."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tenfold.core.limits import IMAGE_SHAPE, IMAGE_SIDE
from tenfold.data.synthetic.placement import SIDE, Images, place

Field = NDArray[np.float64]


def blob(generator: Generator) -> Images:
    """Draw a filled outline, plain or textured: uint8 ``[28, 28]``.

    Half are round with a wavy outline, like stains; half are mirror-symmetric, like garments and
    utensils, and fill the frame.
    """
    drawing = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(drawing)
    is_symmetric = generator.random() < 0.5
    for points in _symmetric(generator) if is_symmetric else [_stain(generator)]:
        pen.polygon([(x, y) for x, y in (SIDE / 2 + 54 * points).tolist()], 255)
    mask = np.asarray(drawing) / 255
    light = generator.uniform(0.35, 1) * (1 - generator.uniform(0, 0.7) * _field(generator, SIDE))
    filled = Image.fromarray((255 * mask * light).round().astype(np.uint8))
    if is_symmetric:
        return np.array(filled.resize(IMAGE_SHAPE, Image.Resampling.BOX))
    return place(generator, filled)


def texture(generator: Generator) -> Images:
    """Draw a smooth random field over the frame, or over a part of it: uint8 ``[28, 28]``."""
    field = _field(generator, IMAGE_SIDE)
    kind = generator.integers(3)
    if kind == 1:  # patches with sharp borders
        field = np.clip(generator.uniform(2, 8) * (field - generator.uniform(0.2, 0.7)) + 0.5, 0, 1)
    if kind == 2:  # fades out towards one side
        across = np.linspace(-1, 1, IMAGE_SIDE)
        field = field * np.clip(across + generator.uniform(0.3, 1), 0, 1)
        field = np.rot90(field, int(generator.integers(4)))
    grain = generator.normal(0, generator.uniform(0, 0.15), IMAGE_SHAPE)
    level = generator.uniform(0.4, 1)
    return _to_uint8(level * np.clip(field + grain * (field > 0), 0.02, 1))


def empty(generator: Generator) -> Images:
    """Draw a black frame, a faint shade, or the noise of paper and scanner: uint8 ``[28, 28]``."""
    kind = generator.integers(4)
    if kind == 0:
        return np.zeros(IMAGE_SHAPE, np.uint8)
    if kind == 1:
        return _to_uint8(generator.uniform(0, 0.4) * _field(generator, IMAGE_SIDE))
    noise = generator.normal(0, generator.uniform(0.02, 0.3), IMAGE_SHAPE)
    if kind == 2:
        return _to_uint8(noise + generator.uniform(0, 0.3))
    specks = generator.random(IMAGE_SHAPE) < generator.uniform(0.001, 0.05)
    return _to_uint8(specks * generator.uniform(0.3, 1, IMAGE_SHAPE))


def _stain(generator: Generator) -> Field:
    """Return a circle with three waves of random amplitude: points float ``[90, 2]``."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    radius = np.full(90, 0.6)
    for waves in (2, 3, 5):
        amplitude, phase = generator.uniform(0, 0.45 / waves), generator.uniform(0, 2 * np.pi)
        radius += amplitude * np.cos(waves * angle + phase)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _symmetric(generator: Generator) -> list[Field]:
    """Return one mirror-symmetric outline, or a pair of mirrored ones: points float ``[n, 2]``."""
    count = int(generator.integers(3, 8))
    y = np.linspace(-1, 1, count) * generator.uniform(0.5, 1)
    half = generator.uniform(0.35, 1, count)
    if generator.random() < 0.25:
        inner = np.minimum(generator.uniform(0.03, 0.2), half / 3)
        sides = [np.stack([x, y], axis=1) for x in (half * 0.6 + inner, inner)]
        leg = np.concatenate([sides[0], sides[1][::-1]])
        return [leg, leg * [-1, 1]]
    right = np.stack([half, y], axis=1)
    outline = np.concatenate([right, (right * [-1, 1])[::-1]])
    return [outline[:, ::-1] if generator.random() < 0.4 else outline]


def _field(generator: Generator, side: int) -> Field:
    """Return a random field in [0, 1]: an interpolated coarse grid or stripes, ``[side, side]``."""
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


def _to_uint8(field: Field) -> Images:
    return (255 * np.clip(field, 0, 1)).round().astype(np.uint8)
