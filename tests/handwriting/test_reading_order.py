"""Lines from top to bottom, numbers from left to right."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import composed, on_paper, text_by_similarity
from PIL import Image

from tenfold.handwriting import detect_digits
from tenfold.handwriting.reading_order import reading_order


def test_lines_and_numbers_are_found_reading_order(digits):
    page = detect_digits(on_paper(composed(["3041  52", "98", "267  4085"], digits)))
    assert text_by_similarity(page, digits) == "3041 52\n98\n267 4085"
    assert [sum(map(len, line)) for line in page.numbers] == [6, 2, 7]
    assert [i for line in page.numbers for number in line for i in number] == list(range(15))
    assert page.light_on_dark is False


@pytest.mark.parametrize("degrees", [-3, -1, 2, 3])
def test_slanted_lines_stay_lines(degrees, digits):
    ink = Image.fromarray(
        (composed(["30415298", "47260", "98253047"], digits) * 255).astype(np.uint8)
    )
    rotated = ink.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    assert text_by_similarity(detect_digits(rotated), digits) == "30415298\n47260\n98253047"


def test_lines_of_different_size_on_one_page(digits):
    large, small = (composed([row], digits, times) for row, times in (("2750", 5), ("368294", 3)))
    ink = np.zeros((len(large) + len(small), max(large.shape[1], small.shape[1])))
    ink[: len(large), : large.shape[1]] = large
    ink[len(large) :, : small.shape[1]] = small
    assert text_by_similarity(detect_digits(on_paper(ink)), digits) == "2750\n368294"


def test_short_numbers_in_distant_columns_stay_on_their_lines():
    rows = [
        [(75, 65, 94), (126, 67, 96), (526, 71, 100)],
        [(70, 188, 217), (527, 187, 209), (545, 189, 210), (565, 186, 215)],
        [(72, 304, 333), (526, 307, 336)],
    ]
    boxes = np.array([(x, top, x + 20, bottom) for row in rows for x, top, bottom in row])
    assert [sum(map(len, line)) for line in reading_order(boxes)] == [3, 4, 2]


def test_the_order_of_one_box():
    assert reading_order(np.array([[0, 0, 5, 9]])) == (((0,),),)


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_the_reading_order_is_invariant_to_permutation(order):
    grid = [(x * 15, y * 30, x * 15 + 10, y * 30 + 20) for y in range(3) for x in range(4)]
    boxes = np.array(grid)[list(order)]
    lines = reading_order(boxes)
    assert [[order[i] for number in line for i in number] for line in lines] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def test_tilted_lines_that_begin_at_different_places_stay_apart():
    rows = [range(40, 320, 40), range(480, 720, 40), range(40, 320, 40)]
    places = [(x, round(200 + 56 * i - 0.15 * x)) for i, row in enumerate(rows) for x in row]
    boxes = np.array([(x, y, x + 25, y + 40) for x, y in places])
    assert sorted(sum(map(len, line)) for line in reading_order(boxes)) == [6, 7, 7]
