"""MNIST's crops: 28x28 pixels, stroke width and slant."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import enlarged
from PIL import Image, ImageDraw
from scipy import ndimage

from tenfold.core.errors import InputError
from tenfold.handwriting import detect_digits, mnist_image
from tenfold.handwriting.mnist_crop import normalize_stroke
from tenfold.handwriting.strokes import deslanted, stroke_width


def test_mnist_images_are_unchanged_by_the_procedure(mnist):
    images = mnist.validation.images[:500]
    again = np.stack([mnist_image(image) for image in images])
    assert np.abs(again.astype(int) - images).max() <= 3


def test_the_procedure_equals_plain_loops():
    ink = np.zeros((37, 50), bool)
    ink[5:30, 12:18] = ink[25:30, 12:40] = True
    side = 28
    square = np.zeros((side, side))
    square[1:26, 0:28] = ink[5:30, 12:40]
    small = np.zeros((20, 20))
    step, half = side / 20, 0.99 * side / 20 / 2
    for row, column in itertools.product(range(20), repeat=2):
        for y, x in itertools.product(range(side), repeat=2):
            shares = [
                max(
                    0.0,
                    min((at + 0.5) * step + half, cell + 1) - max((at + 0.5) * step - half, cell),
                )
                for at, cell in ((row, y), (column, x))
            ]
            small[row, column] += square[y, x] * shares[0] * shares[1]
    small = np.rint(small * 255 / small.max())
    positions = np.arange(20) + 0.5
    top = int(15 - (small.sum(1) * positions).sum() / small.sum())
    left = int(15 - (small.sum(0) * positions).sum() / small.sum())
    expected = np.zeros((28, 28))
    expected[top : top + 20, left : left + 20] = small
    assert np.abs(mnist_image(ink) - expected).max() <= 1


@given(st.integers(2, 70), st.integers(2, 70), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_crops_are_invariant_to_translation_and_centred_in_pixel_14_15(h, w, y, x):
    ink = np.zeros((90, 90), bool)
    ink[y : y + h, x : x + w] = True
    moved = np.zeros((90, 90), bool)
    moved[5 : 5 + h, 7 : 7 + w] = True
    image = mnist_image(ink)
    assert (image == mnist_image(moved)).all()
    assert image.max() == 255
    for axis in (0, 1):
        line = image.sum(axis=axis, dtype=float)
        assert 14 < (line * (np.arange(28) + 0.5)).sum() / line.sum() <= 15


@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.zeros((5, 5), bool), "no ink"),
        (np.zeros((2, 5, 5)), "ink must be numbers"),
        (np.array([["a"]]), "ink must be numbers"),
    ],
)
def test_invalid_ink_is_refused(ink, message):
    with pytest.raises(InputError, match=message):
        mnist_image(ink)


@pytest.mark.parametrize("width", [2, 4, 8, 14, 24, 34])
def test_thin_strokes_are_dilated_and_thick_ones_eroded(width):
    picture = Image.new("L", (140, 140))
    ImageDraw.Draw(picture).line([(30, 20), (110, 20), (60, 120)], 255, width, "curve")
    drawn = normalize_stroke(np.asarray(picture) > 0)
    rows, columns = np.nonzero(drawn)
    unit = max(np.ptp(rows), np.ptp(columns)) / 20
    assert 1.7 * unit < stroke_width(drawn) < 4.6 * unit


def test_a_stroke_width_within_mnists_range_is_unchanged(digits):
    ink = enlarged(digits[2], 5) > 127
    assert normalize_stroke(ink) is ink


def test_the_topology_is_invariant_to_stroke_normalization():
    for width in (3, 30):
        picture = Image.new("L", (140, 140))
        ImageDraw.Draw(picture).ellipse([20, 10, 110, 130], outline=255, width=width)
        ring = normalize_stroke(np.asarray(picture) > 0)
        ground = ndimage.label(np.pad(~ring, 1, constant_values=True))[0]
        assert ndimage.label(ring, np.ones((3, 3)))[1] == 1
        assert ground.max() == 2


@pytest.mark.parametrize("slope", [-0.7, -0.3, 0.3, 0.7])
def test_deslanting_removes_the_slant(slope):
    rows, columns = np.mgrid[:80, :160]
    stroke = np.abs(columns - 80 - slope * (rows - 40)) < 4
    assert deslanted(stroke).any(axis=0).sum() < 14


def test_deslanted_crops_are_narrower(digits):
    ink = enlarged(digits[1], 6)
    slanted = Image.fromarray(ink).transform(
        ink.shape, Image.Transform.AFFINE, (1, 0.6, -50, 0, 1, 0)
    )
    wide, narrow = (detect_digits(slanted, deslant=d).crops[0] for d in (False, True))
    assert (narrow > 0).any(0).sum() < 0.7 * (wide > 0).any(0).sum()
