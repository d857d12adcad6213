"""Synthetic pages: where digits are and which; reproducible; ink looks like a pen."""

import numpy as np
import pytest

from tenfold.data.synthetic.pages import DIGIT_HEIGHTS, LAYOUTS, Digits, draw_page
from tenfold.data.synthetic.pen import Glyph, Pen


@pytest.fixture(scope="module")
def digits(mnist):
    return Digits(mnist.train.images[:300], mnist.train.labels[:300], seed=0)


def test_pages_are_reproducible_and_within_limits(digits):
    for seed in range(40):
        page, again = (draw_page(np.random.default_rng(seed), digits) for _ in range(2))
        np.testing.assert_array_equal(page.pixels, again.pixels)
        np.testing.assert_array_equal(page.boxes, again.boxes)
        assert len(page.boxes) == len(page.labels)
        left, top, right, bottom = page.boxes.T
        assert (left < right).all()
        assert (page.boxes >= 0).all()
        assert (page.boxes <= 160).all()
        assert (bottom - top <= DIGIT_HEIGHTS[1]).all()
        assert set(page.labels.tolist()) <= set(range(10))


def test_boxes_contain_darker_ink_than_their_surroundings(digits):
    darker = []
    for seed in range(60):
        page = draw_page(np.random.default_rng(seed), digits)
        for left, top, right, bottom in page.boxes.astype(int):
            inside = page.pixels[top:bottom, left:right]
            darker.append(np.percentile(inside, 5) < np.median(page.pixels) - 3)
    assert np.mean(darker) > 0.85


def test_every_layout_occurs_and_their_probabilities_sum_to_one():
    assert sum(LAYOUTS.values()) == pytest.approx(1)


@pytest.mark.parametrize("width", [None, 0.05, 0.15])
@pytest.mark.parametrize("height", [16, 40, 120])
def test_digits_are_drawn_in_the_height_and_width_of_the_pen(mnist, width, height):
    glyph = Glyph.from_image(mnist.train.images[0])  # a five
    ink = glyph.render(Pen(height, width), np.random.default_rng(0))
    assert abs(ink.shape[0] - height) <= 2 + 0.16 * height
    assert 0 <= ink.min() <= ink.max() <= 1
    if width is not None and height >= 40:
        area, length = (ink > 0.5).sum(), ink.shape[0] * 2.2
        assert 0.4 < area / (length * width * height) < 2.2


def test_restyled_digits_are_added(mnist):
    plain = Digits(mnist.train.images[:500], mnist.train.labels[:500], seed=0)
    assert len(plain.labels) > 500
    assert set(plain.labels[500:].tolist()) == {1, 7}
