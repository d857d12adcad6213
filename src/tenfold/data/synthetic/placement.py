"""From a large drawing to an image of 28x28, as MNIST's were made or out of its place."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]
SIDE = 112  # of a drawing, in pixels: four a pixel of the image
_USUAL = 0.75  # the share that stands where MNIST's digits do


def placed(generator: Generator, drawing: Image.Image) -> Images:
    """Bring a drawing into its frame.

    Three quarters are fitted into 20x20 pixels and centred by their mass, as MNIST was made
    (LeCun et al., 1998); the others keep about their size, anywhere in the frame.

    Args:
        generator: decides which.
        drawing: a grey Pillow image, light on black, with ink.

    Returns:
        uint8 ``[28, 28]``.
    """
    if generator.random() < _USUAL:
        return fitted(drawing)
    cropped = drawing.crop(drawing.getbbox())
    small = _reduced(cropped, min(generator.uniform(0.12, 0.35), 28 / max(cropped.size)))
    return _framed(small, *(int(generator.integers(0, 29 - side)) for side in small.shape))


def fitted(drawing: Image.Image) -> Images:
    """Fit a drawing's ink into 20x20 pixels and centre it by its mass: uint8 ``[28, 28]``.

    Args:
        drawing: a grey Pillow image, light on black, with ink.
    """
    cropped = drawing.crop(drawing.getbbox())
    small = _reduced(cropped, 20 / max(cropped.size))
    return _framed(small, *_centred(small))


def _reduced(drawing: Image.Image, scale: float) -> Images:
    width, height = (max(1, round(side * scale)) for side in drawing.size)
    return np.asarray(drawing.resize((width, height), Image.Resampling.BOX))


def _framed(small: Images, top: int, left: int) -> Images:
    frame = np.zeros((28, 28), np.uint8)
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _centred(small: Images) -> tuple[int, int]:
    """Where the upper left corner stands when the centre of mass is the frame's, if that fits."""
    total = max(1, int(small.sum(dtype=np.int64)))
    corner = []
    for axis in (0, 1):
        mass = small.sum(axis=1 - axis, dtype=np.int64)
        centre = float((mass * np.arange(len(mass))).sum()) / total
        corner.append(int(np.clip(round(13.5 - centre), 0, 28 - len(mass))))
    return corner[0], corner[1]
