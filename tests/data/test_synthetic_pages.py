"""Synthetic pages: where digits are and which; reproducible; ink looks like a pen."""

import numpy as np
import pytest
from scipy import ndimage

from tenfold.data.synthetic.hands import Hand
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


def _two_digits(mnist, slant, gap):
    hand = Hand(Pen(60, 0.06, slant=slant), unevenness=0, wander=0, gap=gap)
    generator = np.random.default_rng(0)
    glyphs = [
        Glyph.from_image(mnist.train.images[np.flatnonzero(mnist.train.labels == 1)[i]])
        for i in (0, 1)
    ]
    last, following = (hand.draw(generator, glyph) for glyph in glyphs)
    page = np.zeros((60 + 40, 400), np.float32)
    advance = hand.advance(generator, last, following, down=0)
    for x, ink in ((20, last), (20 + round(advance), following)):
        target = page[: ink.shape[0], x : x + ink.shape[1]]
        target += ink
    return page, advance, last.shape[1]


def test_the_gap_is_between_strokes_so_that_boxes_of_slanted_digits_overlap(mnist):
    for slant in (0.0, 0.8):
        page, advance, width = _two_digits(mnist, slant, gap=0.3)
        assert page.max() <= 1  # the strokes do not overlap
        assert ndimage.label(page > 0.3, np.ones((3, 3)))[1] == 2
        assert (advance < width) == (slant == 0.8)
    assert _two_digits(mnist, 0.8, gap=0.45)[1] > advance


def test_evened_digits_have_the_slant_of_the_hand(mnist):
    ones = mnist.train.images[np.flatnonzero(mnist.train.labels == 1)[:20]]
    glyphs = [Glyph.from_image(image) for image in ones]
    for slant in (0.0, 0.5):
        pen = Pen(60, 0.05, slant=slant, evened=1.0)
        drawn = [_slant_of(glyph.render(pen, np.random.default_rng(0))) for glyph in glyphs]
        assert np.mean(drawn) == pytest.approx(slant, abs=0.05)
        assert np.std(drawn) < 0.05 < np.std([glyph.slant for glyph in glyphs])


def _slant_of(ink):
    rows, columns = np.nonzero(ink > 0.3)
    y, x = rows - rows.mean(), columns - columns.mean()
    return -(x * y).sum() / (y * y).sum()


def test_a_nib_broadens_strokes_across_its_edge(mnist):
    glyph = Glyph.from_image(mnist.train.images[0])
    thin, broad = (
        glyph.render(Pen(60, 0.05, nib=nib), np.random.default_rng(0)) for nib in (0.0, 0.1)
    )
    assert (broad > 0.3).sum() > 1.3 * (thin > 0.3).sum()


def _halves(ink):
    """Ink above and below the middle."""
    middle = ink.shape[0] // 2
    return float(ink[:middle].sum()), float(ink[-middle:].sum())


def test_a_stroke_that_swells_is_broader_at_the_bottom(mnist):
    one = Glyph.from_image(mnist.train.images[np.flatnonzero(mnist.train.labels == 1)[0]])
    even, swollen = (
        one.render(Pen(80, 0.1, swell=swell), np.random.default_rng(0)) for swell in (0.0, 0.1)
    )
    upper, lower = _halves(even)
    assert 0.8 < lower / upper < 1.25
    upper, lower = _halves(swollen)
    assert lower > 1.5 * upper


def test_a_drop_of_ink_lies_at_the_lowest_end_of_the_stroke(mnist):
    one = Glyph.from_image(mnist.train.images[np.flatnonzero(mnist.train.labels == 1)[0]])
    plain, dropped = (
        one.render(Pen(80, 0.05, blob=blob), np.random.default_rng(0)) for blob in (0.0, 0.08)
    )
    grown = dropped.sum() - plain.sum()
    assert 0.5 < grown / (np.pi * (80 * 0.105) ** 2 - 80 * 0.05 * 80 * 0.105) < 1.5
    assert (dropped[-14:] > 0.5).any(axis=0).sum() > 2 * (plain[-14:] > 0.5).any(axis=0).sum()
    ring = Glyph.from_image(_ring())
    assert ring.end is None
    assert np.array_equal(
        ring.render(Pen(80, 0.05, blob=0.08), np.random.default_rng(0)),
        ring.render(Pen(80, 0.05), np.random.default_rng(0)),
    )


def _ring():
    y, x = np.mgrid[:28, :28] - 13.5
    radius = np.hypot(x, y)
    return (255 * ((radius > 7) & (radius < 10))).astype(np.uint8)


@pytest.mark.parametrize("waist", [-0.15, 0.15])
def test_the_waist_moves_the_middle_and_keeps_the_ends(waist):
    cross = np.zeros((28, 28), np.uint8)
    cross[4:24, 13:15] = cross[13:15, 6:22] = 255
    glyph = Glyph.from_image(cross)
    plain, moved = (
        glyph.render(Pen(100, 0.05, waist=by), np.random.default_rng(0)) for by in (0.0, waist)
    )
    bars = [int((ink > 0.5).sum(axis=1).argmax()) for ink in (plain, moved)]
    assert abs(len(moved) - len(plain)) <= 2
    assert bars[1] - bars[0] == pytest.approx(100 * waist, abs=5)


def test_all_digits_of_some_numbers_are_alike_and_framed_numbers_are_whole(mnist):
    digits = Digits(mnist.train.images[:500], mnist.train.labels[:500], seed=0)
    pages = [draw_page(np.random.default_rng(seed), digits, layout="framed") for seed in range(200)]
    several = [page.labels for page in pages if len(page.labels) >= 3]
    assert 3 <= sum(len(set(labels.tolist())) == 1 for labels in several) <= 30
    assert sum(1 <= len(page.labels) <= 4 for page in pages) > 180
