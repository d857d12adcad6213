"""The page in a picture that also shows what lies beside it."""

import numpy as np
import pytest
from pictures import composed, on_paper
from PIL import Image

import tenfold
from tenfold.handwriting.page_area import find_page
from tenfold.handwriting.picture import load_picture

HEIGHT, WIDTH = 300, 320  # of the page
BAND = 120


@pytest.fixture
def page(plain):
    """A page with the number 25."""
    ink = np.zeros((HEIGHT, WIDTH))
    number = composed(["25"], plain)
    ink[60 : 60 + number.shape[0], 40 : 40 + number.shape[1]] = number
    return on_paper(ink, pen=60)


def left(page, brightness=15):
    return np.hstack([np.full((HEIGHT, BAND), brightness, np.uint8), page]), (BAND, 0)


def right(page):
    return np.hstack([page, np.full((HEIGHT, BAND), 15, np.uint8)]), (0, 0)


def around(page):
    return np.pad(page, BAND, constant_values=30), (BAND, BAND)


def gutter(page):
    shadow = np.clip(np.arange(WIDTH) / 12, 0.3, 1)
    return left((page * shadow).astype(np.uint8))


def turned(page):
    """Four degrees to the right, on a dark desk with grain."""
    picture = Image.fromarray(np.pad(page, BAND, constant_values=0))
    picture = np.asarray(picture.rotate(-4, Image.Resampling.BICUBIC))
    grain = np.random.default_rng(0).normal(30, 3, picture.shape)
    return np.where(picture < 25, grain, picture).astype(np.uint8), (BAND, BAND)


@pytest.mark.parametrize("beside", [left, right, around, gutter, turned])
def test_what_lies_beside_the_page_is_left_out(page, beside):
    picture, (x, y) = beside(page)
    _, box = find_page(load_picture(picture))
    assert np.abs(np.array(box) - (x, y, WIDTH, HEIGHT)).max() < 0.16 * WIDTH
    reading = tenfold.read(picture)
    assert reading.text == "25"
    boxes = np.array([digit.box for digit in reading.digits])
    alone = np.array([digit.box for digit in tenfold.read(page).digits])
    if beside is not turned:
        assert np.abs(boxes - alone - (x, y, x, y)).max() <= 4
    assert reading.size == picture.shape[::-1]


def test_a_page_that_fills_the_picture_stays(page):
    assert find_page(load_picture(page)) is None
    shadow = np.where(np.arange(WIDTH) < 150, 0.55, 1)  # on the page, with ink in it
    assert find_page(load_picture((page * shadow).astype(np.uint8))) is None


def test_a_note_beside_the_page_is_not_left_out(page):
    picture, _ = left(page)
    picture[100:150, 30:70] = 215
    assert find_page(load_picture(picture)) is None
    chalk, _ = left(page)
    chalk[80:160, 50:58] = 230
    assert find_page(load_picture(chalk)) is None


def test_ink_in_a_dark_area_keeps_it(page):
    dark = (page * np.where(np.arange(WIDTH) < 200, 0.35, 1)).astype(np.uint8)
    assert find_page(load_picture(dark)) is None


@pytest.mark.parametrize("times", [1, 4, 12])
def test_the_background_of_light_ink_is_no_margin(plain, times):
    for image in plain:
        picture = image.repeat(times, 0).repeat(times, 1)
        assert find_page(load_picture(picture)) is None
        tight = picture[4 * times : -4 * times, 4 * times : -4 * times]
        assert find_page(load_picture(tight)) is None


@pytest.mark.filterwarnings("error")
def test_a_diagonal_stroke_of_light_ink_has_no_margin():
    rows, columns = np.indices((240, 240))
    picture = np.where(abs(rows - columns) < 20, 220, 10).astype(np.uint8)
    assert find_page(load_picture(picture)) is None


def test_a_blank_picture_has_no_margin():
    assert find_page(load_picture(np.full((200, 200), 90, np.uint8))) is None


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_boxes_of_a_turned_picture_are_in_pixels_of_the_whole(plain, turns):
    ink = np.zeros((HEIGHT, 500))
    number = composed(["5247"], plain)
    ink[60 : 60 + number.shape[0], 40 : 40 + number.shape[1]] = number
    upright = np.pad(on_paper(ink, pen=60), ((0, 0), (BAND, 20)), constant_values=15)
    reading = tenfold.read(np.ascontiguousarray(np.rot90(upright, -turns)))
    assert reading.text == "5247"
    assert (reading.quarter_turns, reading.size) == (turns, upright.shape[::-1])
    boxes = np.array([digit.box for digit in reading.digits])
    expected = np.array([digit.box for digit in tenfold.read(upright).digits])
    assert np.abs(boxes - expected).max() <= 4
