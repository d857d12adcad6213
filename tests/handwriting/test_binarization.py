"""Polarity, contrast and threshold."""

import numpy as np
import pytest
from pictures import as_jpeg, composed, on_paper, text_by_similarity
from PIL import Image, ImageFilter

from tenfold.handwriting import detect_digits
from tenfold.handwriting.binarization import threshold


@pytest.mark.parametrize(
    ("paper", "pen", "light"),
    [
        ((255, 255, 255), (0, 0, 0), False),
        ((240, 235, 200), (30, 60, 160), False),
        ((255, 255, 255), (220, 30, 30), False),
        ((255, 255, 255), (250, 220, 60), False),
        ((120, 120, 120), (95, 95, 95), False),
        ((0, 0, 0), (255, 255, 255), True),
        ((20, 80, 40), (230, 230, 210), True),
        ((90, 90, 90), (130, 130, 130), True),
    ],
)
@pytest.mark.parametrize("text", ["0", "5", "30415", "304152 98"])
def test_ink_of_any_polarity_and_colour_is_detected(paper, pen, light, text, digits):
    ink = composed([text.replace(" ", "   ")], digits, times=5)[..., None]
    page = detect_digits((np.array(paper) + (np.array(pen) - paper) * ink).round().astype(np.uint8))
    assert page.light_on_dark is light
    assert text_by_similarity(page, digits) == text


def test_contrasts_that_differ_by_rounding_only_are_all_ink():
    levels = np.zeros((40, 40), np.float32)
    levels[10:20, 10:20] = 0.9
    levels[14, 14] = np.nextafter(levels[14, 14], np.float32(1))
    assert (threshold(levels, 2)[0] == (levels > 0)).all()


def test_stains_specks_and_a_shadow_are_removed(digits):
    ink = composed(["304152", "984726"], digits, times=4)
    rng = np.random.default_rng(3)
    levels = on_paper(ink).astype(float)
    for y, x in rng.integers(0, levels.shape, (30, 2)):
        levels[y : y + 3, x : x + 3] = 70
    rows, columns = np.indices(ink.shape)
    levels[(rows + columns) > 600] *= 0.6
    picture = Image.fromarray(levels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2))
    assert text_by_similarity(detect_digits(as_jpeg(picture)), digits) == "304152\n984726"
