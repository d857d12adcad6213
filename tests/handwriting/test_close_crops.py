"""Close crops are classified as a complete."""

import numpy as np
import pytest
from classified import classified_as
from pictures import enlarged
from PIL import Image
from scipy import ndimage

from tenfold.export.predictor import default_predictor
from tenfold.handwriting import detect_digits
from tenfold.handwriting.binarization import Ink
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.close_crops import classify_as_one_digit, full_frame_digit, is_settled
from tenfold.handwriting.mnist_crop import crop_digit
from tenfold.handwriting.reading import read
from tenfold.handwriting.segmentation import Component


def crop_with_neighbours(plain, digit, left, right):
    """A digit with the inner halves of two others touching it, cut at the picture's edges."""
    halves = [enlarged(plain[k])[:, 28:140] for k in (left, digit, right)]
    ink = np.concatenate([halves[0][:, 60:], halves[1][:, 6:-6], halves[2][:, :50]], axis=1)
    return 235 - (0.8 * ink[20:150]).astype(np.uint8)


@pytest.mark.parametrize(
    ("digit", "left", "right"), [(2, 3, 5), (5, 0, 3), (8, 4, 2), (9, 2, 6), (4, 0, 5)]
)
def test_a_crop_with_fragments_of_neighbours_is_one_digit(digit, left, right, plain):
    reading = read(crop_with_neighbours(plain, digit, left, right))
    assert reading.text in (str(digit), "?")
    assert [d.label for d in reading.digits] == [str(digit)]


def test_complete_and_confident_digits_settle_a_close_crop():
    size, inner = (100, 100), np.ones((60, 30), bool)
    complete, clipped = Component(inner, 30, 20), Component(inner, 0, 20)
    assert is_settled(classified_as([complete], [0.95]), size)
    assert is_settled(classified_as([complete, Component(inner, 62, 20)], [0.95, 0.95]), size)
    assert not is_settled(classified_as([complete], [0.5]), size)
    assert not is_settled(classified_as([clipped], [0.95]), size)
    assert is_settled(classified_as([clipped], [0.995]), size)
    assert not is_settled(classified_as([complete, clipped], [0.995, 0.995]), size)


def test_the_probabilities_of_a_close_crop_are_the_mean_of_its_views():
    mask = np.zeros((100, 100), bool)
    mask[20:80, 40:60] = True
    ink = Ink(mask, mask, mask.astype(np.float32), light_on_dark=False)
    digits = classified_as([Component(mask[20:80, 40:60], 40, 20)], [0.4])

    def predict(crops):
        assert crops.shape == (3, 28, 28)
        probabilities = np.zeros((3, 11), np.float32)
        probabilities[:, 7] = [0.9, 0.6, 0.3]
        probabilities[:, 10] = [0.1, 0.4, 0.7]
        return probabilities

    digit = classify_as_one_digit(digits, ink, Classifier(predict, reject=10))
    expected = (0.6 + 0.5 * 0.0) / 1.5
    assert digit.probabilities[0, 7] == pytest.approx(expected)
    assert digit.probabilities[0, 3] == pytest.approx(0.5 * 0.4 / 1.5)
    assert digit.probabilities[0, 10] == 0
    reject = Classifier(lambda crops: np.eye(11, dtype=np.float32)[[10] * 3], reject=10)
    rejected = classify_as_one_digit(digits, ink, reject)
    assert rejected.probabilities.argmax() == 10


def filled_by(image, width, light):
    """A digit's box alone, its pen broad, stretched to 128 pixels by some width."""
    ink = image > 60
    box = ink[ink.any(axis=1)][:, ink.any(axis=0)]
    levels = Image.fromarray(box * np.uint8(255)).resize((width, 128), Image.Resampling.BICUBIC)
    picture = np.where(np.asarray(levels) > 90, 220, 20).astype(np.uint8)
    return picture if light else 240 - picture


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(("digit", "width"), [(6, 128), (8, 128), (9, 170)])
def test_a_digit_that_fills_the_picture_is_read(digit, width, light, plain):
    picture = filled_by(plain[digit], width, light)
    assert [d.label for d in read(picture).digits] == [str(digit)]
    classifier = Classifier.from_predictor(default_predictor())
    detected = detect_digits(picture, classifier=classifier)
    assert detected.light_on_dark == light
    assert detected.size == (width, 128)


def postal(image):
    """A digit with a broad pen in 16x16 pixels, from edge to edge in height or width."""
    box = image[np.ix_((image > 60).any(axis=1), (image > 60).any(axis=0))]
    broad = ndimage.grey_dilation(
        np.pad(enlarged(box), 6), footprint=np.hypot(*np.ogrid[-4:5, -4:5]) <= 4
    )
    scale = 16 / max(broad.shape)
    size = tuple(max(4, round(side * scale)) for side in broad.shape[::-1])
    small = np.asarray(Image.fromarray(broad).resize(size, Image.Resampling.BOX))
    rows, columns = 16 - small.shape[0], 16 - small.shape[1]
    return np.pad(small, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)))


@pytest.mark.parametrize("light", [False, True])
def test_small_digits_that_reach_two_edges_are_read_in_both_polarities(light, plain):
    pictures = [postal(image) for image in plain]
    texts = [read(picture if light else 255 - picture).text for picture in pictures]
    assert texts == list("0123456789")


def test_two_digits_from_edge_to_edge_are_not_one(plain):
    pair = np.hstack([postal(plain[2]), postal(plain[0])])[:, 1:-1]
    assert [digit.label for digit in read(255 - pair).digits] == ["2", "0"]


def test_a_picture_with_a_margin_or_without_contrast_is_not_full_frame(plain):
    def predict(crops):
        raise AssertionError("classified a picture that is not full-frame")

    small = np.stack([filled_by(plain[8], 128, light=False)] * 3, axis=2)
    classifier = Classifier(predict)
    with_margin = np.pad(small, ((2, 2), (2, 2), (0, 0)), constant_values=220)
    assert full_frame_digit(with_margin, crop_digit, classifier) is None
    assert full_frame_digit(np.full_like(small, 90), crop_digit, classifier) is None
