"""Synthetic pictures: every digit is labelled, and drawings have none."""

import numpy as np
import pytest

from tenfold.data.synthetic.drawings import DRAWINGS, draw_drawing
from tenfold.data.synthetic.pages import Digits
from tenfold.data.synthetic.pictures import draw_picture


@pytest.fixture(scope="module")
def digits(mnist):
    return Digits(mnist.validation.images[:300], mnist.validation.labels[:300], seed=0)


@pytest.mark.parametrize("kind", DRAWINGS)
def test_a_drawing_is_repeatable_and_not_blank(kind):
    picture = draw_drawing(np.random.default_rng(1), kind)
    assert picture.dtype == np.uint8
    assert picture.std() > 1
    assert (picture == draw_drawing(np.random.default_rng(1), kind)).all()


@pytest.mark.parametrize("kind", ["page", "crop", "image"])
def test_labelled_boxes_lie_in_the_picture_and_contain_ink(kind, digits):
    for seed in range(20):
        page = draw_picture(np.random.default_rng(seed), digits, (), kind=kind)
        height, width = page.pixels.shape
        assert len(page.boxes) == len(page.labels)
        for left, top, right, bottom in page.boxes.round().astype(int):
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
            assert np.ptp(page.pixels[top:bottom, left:right]) > 5


def test_an_image_is_the_digit_of_its_label(digits):
    page = draw_picture(np.random.default_rng(3), digits, (), kind="image")
    (left, top, right, bottom) = page.boxes[0].astype(int)
    whole = page.pixels if page.pixels[0, 0] > 127 else 255 - page.pixels
    assert (whole[top:bottom, left:right] < 200).sum() == (whole < 200).sum()
