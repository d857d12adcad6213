"""Readings as tables, and numbers with value, box and confidence."""

import numpy as np
import pytest

from tenfold.core.errors import InputError
from tenfold.handwriting.reading import read
from tenfold.handwriting.result import Digit, Number, Reading
from tenfold.handwriting.table import to_table


def digit(label, left, top, confidence=0.9, accepted=True):
    image, row = np.zeros((28, 28), np.uint8), np.zeros(11, np.float32)
    return Digit(label, confidence, accepted, (left, top, left + 10, top + 20), image, row)


def number(text, left, top):
    return Number(tuple(digit(c, left + 12 * i, top) for i, c in enumerate(text)))


def test_numbers_have_text_value_box_and_confidence():
    four = number("40", 100, 50)
    assert (four.text, four.value, four.box) == ("40", 40, (100, 50, 122, 70))
    assert four.confidence == pytest.approx(0.81)
    unsure = Number((digit("4", 0, 0), digit("1", 12, 0, accepted=False)))
    assert (unsure.text, unsure.value) == ("4?", None)


def test_cells_are_the_columns_of_the_page():
    rows = (
        (number("12", 0, 0), number("7", 100, 0)),
        (number("3", 8, 40),),
        (number("456", 90, 80), number("8", 200, 80)),
    )
    table = to_table(Reading(rows, (), (300, 120)))
    assert table == [["12", "7", ""], ["3", "", ""], ["", "456", "8"]]


def test_reading_keeps_all_numbers_in_order():
    reading = Reading(
        ((number("12", 0, 0), number("7", 100, 0)), (number("3", 8, 40),)), (), (1, 1)
    )
    assert [each.value for each in reading.numbers] == [12, 7, 3]
    assert reading.text == "12 7\n3"
    assert reading.confidence == pytest.approx(0.9**4)
    assert [entry["value"] for entry in reading.to_json()["numbers"]] == [12, 7, 3]


@pytest.fixture(scope="module")
def two_numbers(digits):
    page = np.full((120, 400), 255, np.uint8)
    for place, label in enumerate((3, 0)):
        page[40:68, 30 + 24 * place : 58 + 24 * place] -= digits[label]
    page[40:68, 300:328] -= digits[5]
    return page


def test_a_region_is_read_in_pixels_of_the_picture(two_numbers):
    reading = read(two_numbers, region=(250, 0, 150, 120))
    assert [each.label for each in reading.digits] == ["5"]
    assert reading.size == (400, 120)
    left, top, right, bottom = reading.digits[0].box
    assert 295 < left < right < 335
    assert 35 < top < bottom < 75


def test_numbers_of_another_length_are_not_accepted(two_numbers):
    reading = read(two_numbers, expect=2)
    by_length = {len(each): each for each in reading.numbers}
    assert by_length[2].text == "30"
    assert not any(digit.accepted for digit in by_length.get(1, Number(())).digits)


@pytest.mark.parametrize("region", [(0, 0, 401, 120), (-1, 0, 10, 10), (0, 0, 0, 5)])
def test_regions_outside_of_the_picture_are_refused(two_numbers, region):
    with pytest.raises(InputError, match=r"not within the picture of 400x120"):
        read(two_numbers, region=region)


def test_an_expected_count_below_one_is_refused(two_numbers):
    with pytest.raises(InputError, match="expect=0"):
        read(two_numbers, expect=0)
