"""Ruled lines, frames and tables are removed, digits are not."""

import itertools

import numpy as np
import pytest
from pictures import PAPER, composed, on_paper, text_by_similarity
from PIL import Image, ImageDraw

from tenfold.core.errors import InputError
from tenfold.handwriting import detect_digits
from tenfold.handwriting.ruled_lines import Lines, _fitted


def ruled(ink, step, slope=0.0, squared=False, level=0.7, width=2):
    """Lines across, and down if squared, every `step` pixels, over ink from 0 to 1."""
    rows, columns = np.indices(ink.shape)
    lines = (rows + slope * columns) % step < width
    if squared:
        lines |= (columns - slope * rows) % step < width
    return np.maximum(ink, level * lines)


@pytest.mark.parametrize("squared", [False, True], ids=["ruled", "squared"])
@pytest.mark.parametrize("slope", [0.0, 0.03], ids=["straight", "rotated"])
@pytest.mark.parametrize("level", [0.25, 0.9], ids=["faint", "dark"])
def test_ruled_and_squared_paper_is_removed(squared, slope, level, digits):
    rows = ["304152", "984726"]
    ink = ruled(composed(rows, digits, times=4, line=36), 61, slope, squared, level)
    assert text_by_similarity(detect_digits(on_paper(ink)), digits) == "\n".join(rows)


def test_form_boxes_are_removed(digits):
    ink = composed(["3041", "5298"], digits, times=4, pitch=40, line=44)
    picture = Image.fromarray(on_paper(ink))
    draw = ImageDraw.Draw(picture)
    for row, column in itertools.product(range(2), range(4)):
        left, top = (column * 40 + 9) * 4, (row * 44 + 9) * 4
        draw.rectangle([left, top, left + 136, top + 136], outline=80, width=3)
    assert text_by_similarity(detect_digits(picture), digits) == "3041\n5298"


def in_perspective(levels):
    """A page whose edges are no longer parallel, as a camera sees it."""
    picture = Image.fromarray(levels)
    width, height = picture.size
    quad = (0, 0, 0, height, 0.97 * width, 0.98 * height, 0.99 * width, 0.03 * height)
    return picture.transform(picture.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("squared", [False, True], ids=["ruled", "squared"])
@pytest.mark.parametrize("level", [0.3, 1.0], ids=["faint", "dark"])
def test_lines_in_perspective_are_removed(squared, level, digits):
    rows = ["304152", "984726"]
    ink = ruled(composed(rows, digits, times=6, line=36), 91, 0.02, squared, level, width=3)
    assert text_by_similarity(detect_digits(in_perspective(on_paper(ink))), digits) == "\n".join(
        rows
    )


def test_empty_squared_paper_contains_no_digit():
    ink = ruled(np.zeros((480, 640)), 61, 0.02, squared=True)
    with pytest.raises(InputError, match="no digit found"):
        detect_digits(on_paper(ink))


@pytest.mark.parametrize("shape", [(1, 2000), (2000, 1)])
def test_dashes_in_a_picture_one_pixel_wide_are_not_digits(shape):
    dashes = (np.arange(2000) % 7 > 0).reshape(shape)
    with pytest.raises(InputError, match="no digit found"):
        detect_digits(~dashes)


@pytest.mark.parametrize("width", [136, 100], ids=["apart", "touched"])
def test_a_row_of_boxes_across_the_picture_is_removed(width, digits):
    picture = Image.fromarray(on_paper(composed(["304152"], digits, times=4, pitch=37, line=44)))
    draw = ImageDraw.Draw(picture)
    for column in range(6):
        left = column * 148 + 60 + (136 - width) // 2
        draw.rectangle([left, 46, left + width, 182], outline=60, width=3)
    picture = picture.rotate(2, Image.Resampling.BICUBIC, fillcolor=PAPER)
    assert text_by_similarity(detect_digits(picture), digits) == "304152"


def test_a_table_of_cells_is_removed(digits):
    ink = composed(["3041", "5298"], digits, times=4, pitch=36, line=40)
    picture = Image.fromarray(on_paper(ink))
    draw = ImageDraw.Draw(picture)
    for column in range(5):
        draw.line([(40 + column * 144, 30), (40 + column * 144, 350)], 80, 3)
    for row in range(3):
        draw.line([(40, 30 + row * 160), (616, 30 + row * 160)], 80, 3)
    assert text_by_similarity(detect_digits(picture), digits) == "3041\n5298"


@pytest.mark.parametrize("column", [[], [4]])
@pytest.mark.filterwarnings("error")
def test_a_line_without_two_columns_of_ink_keeps_its_place(column):
    thin = np.zeros((12, 20), bool)
    thin[4:7, column] = True
    line = Lines(np.array([5.0]), np.array([0.1]), np.array([0.4]), 20, 1, 1.0)
    fitted = _fitted(line, thin)
    assert (fitted.centers.tolist(), fitted.slopes.tolist()) == ([5.0], [0.1])
