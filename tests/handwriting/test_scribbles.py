"""Scribbles that hold parts which look like digits are no digits."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

import tenfold
from tenfold.core.errors import NoDigitError


def scribble(seed: int, strokes: int, width: int) -> Image.Image:
    """Return straight strokes between random points."""
    image = Image.new("L", (700, 420), 255)
    points = np.random.default_rng(seed).uniform(0.3, 0.6, (strokes, 2)) * image.size
    corners = [(x, y) for x, y in points.tolist()]
    ImageDraw.Draw(image).line(corners, fill=20, width=width, joint="curve")
    return image


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(("seed", "width"), [(0, 8), (0, 18), (3, 12)])
def test_no_part_of_a_scribble_is_accepted_as_a_digit(seed, width, invert):
    picture = np.asarray(scribble(seed, 48, width))
    try:
        reading = tenfold.read(255 - picture if invert else picture)
    except NoDigitError:
        return
    assert not any(digit.accepted for digit in reading.digits), reading.text
