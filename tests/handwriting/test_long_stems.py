"""Digits with long stems are classified by their heads."""

import numpy as np
import pytest
from classified import classified_as, component_of
from pictures import enlarged
from PIL import Image, ImageDraw

from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.long_stems import reclassify_long_stems
from tenfold.handwriting.reading import read


def line_with_long_nine(plain, length):
    """A 3, a nine of 40 pixels' width whose stem ends `length` pixels below its top, and a 5."""
    page = Image.new("L", (640, 460), 235)
    for left, label in ((60, 3), (460, 5)):
        page.paste(Image.fromarray(255 - enlarged(plain[label], 5)), (left, 80))
    pen = ImageDraw.Draw(page)
    pen.ellipse((300, 100, 340, 150), outline=20, width=9)
    pen.line([(336, 110), (334, 180), (322, 100 + length)], fill=20, width=9)
    return page


@pytest.mark.parametrize("length", [110, 250, 320])
def test_a_nine_is_read_however_long_its_stem(plain, length):
    picture = line_with_long_nine(plain, length)
    reading = read(picture)
    assert reading.text == "395"
    bottom = reading.digits[1].box[3]
    assert bottom == pytest.approx(100 + length, abs=8) if length < 300 else bottom > 250


def test_only_long_digits_that_end_in_one_stroke_are_classified_by_their_heads():
    straight = np.zeros((200, 60), bool)
    straight[:, 30:40] = True
    short, bowl = straight[:130], straight.copy()
    bowl[150:, 0:10] = bowl[190:] = True
    heights = []

    def crop(component):
        return np.full((28, 28), component.height, np.uint8)

    def predict_nine(crops):
        heights.extend(crops[:, 0, 0].tolist())
        return np.eye(11, dtype=np.float32)[[9] * len(crops)]

    def predict_uniform(crops):
        return np.full((len(crops), 11), 1 / 11, np.float32)

    digits = classified_as([component_of(mask) for mask in (straight, short, bowl)], 0.9)
    confident = reclassify_long_stems(digits, 100, 10, Classifier(predict_nine, 10), crop)
    assert heights == [120]
    assert confident.probabilities.argmax(axis=1).tolist() == [9, 3, 3]
    assert confident.components == digits.components
    unsure = reclassify_long_stems(digits, 100, 10, Classifier(predict_uniform, 10), crop)
    np.testing.assert_array_equal(unsure.probabilities, digits.probabilities)
