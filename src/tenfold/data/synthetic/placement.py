"""Scale a drawing to an image of 28x28, centred as in MNIST or off-centre."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tenfold.core.limits import IMAGE_SHAPE, IMAGE_SIDE

Images = NDArray[np.uint8]
SCALE = 4  # pixels of a drawing per pixel of the image
SIDE = SCALE * IMAGE_SIDE  # of a drawing, in pixels
_BOX = 20  # digits of MNIST fit into 20x20 pixels
_CENTRED_SHARE = 0.75


def place(generator: Generator, drawing: Image.Image) -> Images:
    """Scale a drawing and place it in a frame at random.

    Three quarters are fitted into 20x20 pixels and centred by mass, as in MNIST (LeCun et al.,
    1998); the others keep about their size and lie anywhere in the frame.

    Args:
        generator: of random numbers.
        drawing: a greyscale Pillow image, light ink on black.

    Returns:
        uint8 ``[28, 28]``.
    """
    if generator.random() < _CENTRED_SHARE:
        return fit_and_centre(drawing)
    cropped = drawing.crop(drawing.getbbox())
    scale = min(generator.uniform(0.12, 0.35), IMAGE_SIDE / max(cropped.size))
    small = _resize(cropped, scale)
    corner = (int(generator.integers(0, IMAGE_SIDE + 1 - side)) for side in small.shape)
    return _paste(small, *corner)


def fit_and_centre(drawing: Image.Image) -> Images:
    """Fit the ink of a drawing into 20x20 pixels and centre it by mass, as in MNIST.

    Args:
        drawing: a greyscale Pillow image, light ink on black.

    Returns:
        uint8 ``[28, 28]``.
    """
    cropped = drawing.crop(drawing.getbbox())
    small = _resize(cropped, _BOX / max(cropped.size))
    return _paste(small, *_centred_corner(small))


def _resize(drawing: Image.Image, scale: float) -> Images:
    width, height = (max(1, round(side * scale)) for side in drawing.size)
    return np.asarray(drawing.resize((width, height), Image.Resampling.BOX))


def _paste(small: Images, top: int, left: int) -> Images:
    frame = np.zeros(IMAGE_SHAPE, np.uint8)
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _centred_corner(small: Images) -> tuple[int, int]:
    """Return top and left such that the centre of mass is the centre of the frame, if it fits."""
    total = max(1, int(small.sum(dtype=np.int64)))
    corner = []
    for axis in (0, 1):
        mass = small.sum(axis=1 - axis, dtype=np.int64)
        centre = float((mass * np.arange(len(mass))).sum()) / total
        corner.append(int(np.clip(round((IMAGE_SIDE - 1) / 2 - centre), 0, IMAGE_SIDE - len(mass))))
    return corner[0], corner[1]
