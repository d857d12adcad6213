"""Reading stops when its time budget is spent, and says so."""

import itertools
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

import tenfold
from tenfold.export.predictor import default_predictor
from tenfold.handwriting import reading, ways
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.mnist_crop import crop_digit
from tenfold.handwriting.picture import load_picture
from tenfold.handwriting.reading import read_upright
from tenfold.handwriting.segmentation import segment
from tenfold.handwriting.shortest_path import classify_and_recut
from tenfold.handwriting.time_budget import OutOfTimeError, check_time, is_time_up, time_budget


def hatching():
    image = Image.new("L", (900, 900), 255)
    for x in range(-900, 900, 14):
        ImageDraw.Draw(image).line((x, 0, x + 900, 900), 0, 3)
    return np.asarray(image)


def specks():
    rng, levels = np.random.default_rng(0), np.full((900, 900), 255, np.uint8)
    rows, columns = rng.integers(2, 898, (2, 6000))
    for shift in range(9):
        levels[rows + shift // 3 - 1, columns + shift % 3 - 1] = 0
    return levels


def noise():
    return np.random.default_rng(0).integers(0, 256, (900, 900), np.uint8)


def many_digits():
    image = Image.new("L", (1400, 1400), 255)
    for x, y in itertools.product(range(20, 1380, 40), repeat=2):
        ImageDraw.Draw(image).ellipse((x, y, x + 16, y + 24), None, 0, 4)
    return np.asarray(image)


@pytest.mark.parametrize("make", [hatching, specks, noise, many_digits])
def test_a_picture_without_end_ends_near_its_budget(make):
    predictor, picture = default_predictor(), make()
    start = time.thread_time()
    found = read_upright(picture, predictor, budget=0.01)
    assert not found.complete
    assert not found.to_json()["complete"]
    assert time.thread_time() - start < 3


def test_digits_that_are_not_classified_in_time_are_left_out(digits_page):
    page = np.tile(digits_page, (10, 10))
    segmentation = segment(page < 100)
    assert len(segmentation.digits) == 200
    with time_budget(0):
        digits = classify_and_recut(
            segmentation,
            Classifier.from_predictor(default_predictor()),
            lambda component: crop_digit(component.mask),
        )
    assert 0 < len(digits.components) < 100
    lowest = max(digit.bottom for digit in digits.components)
    upper = [digit for digit in segmentation.digits if digit.bottom < lowest]
    assert len(upper) <= len(digits.components)


def test_a_reading_within_its_budget_is_the_same_as_without(digits_page):
    unlimited = tenfold.read(digits_page, budget=None)
    limited = tenfold.read(digits_page, budget=60)
    assert limited.to_json() == unlimited.to_json()
    assert limited.complete
    with pytest.raises(tenfold.InputError, match=r"within 0 s; give a region or a larger budget"):
        tenfold.read(digits_page, budget=0)
    for budget in (-1, float("nan")):
        with pytest.raises(tenfold.InputError, match="give seconds from 0 on"):
            tenfold.read(digits_page, budget=budget)


def test_loading_a_picture_spends_its_budget(digits_page, monkeypatch):
    def slowly(source):
        end = time.thread_time() + 0.05
        while time.thread_time() < end:
            pass
        return load_picture(source)

    monkeypatch.setattr(reading, "load_picture", slowly)
    monkeypatch.delattr(ways, "detect_digits")  # nothing is begun that cannot be finished
    monkeypatch.delattr(ways, "detect_digits_by_network")
    with pytest.raises(tenfold.InputError, match=r"within 0\.05 s"):
        tenfold.read(digits_page, budget=0.05)


@pytest.fixture
def digits_page():
    page = np.full((90, 200), 230, np.uint8)
    page[20:70, 40:46] = page[20:70, 150:156] = 30
    return page


def test_an_inner_budget_does_not_extend_the_outer_one():
    with time_budget(0) as outer, time_budget(60) as inner:
        assert is_time_up()
        with pytest.raises(OutOfTimeError):
            check_time()
    assert (outer.exceeded, inner.exceeded) == (False, True)
    assert not is_time_up()
