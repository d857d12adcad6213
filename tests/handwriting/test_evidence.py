"""Evidence decides whether a detection is a digit."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

import tenfold
from tenfold.core.errors import NoDigitError
from tenfold.data.synthetic.drawings import draw_drawing
from tenfold.handwriting.detections import Detections
from tenfold.handwriting.evidence import IS_DIGIT, are_digits, measure, overlap, rejected


def as_threes(*certainties):
    """Probabilities of detections of a 3; the rest is the reject class's."""
    rows = np.zeros((len(certainties), 11), np.float32)
    rows[:, 3] = certainties
    rows[:, 10] = 1 - rows[:, 3]
    return rows


def seen(boxes, score):
    classes = np.full((len(boxes), 10), 0.01, np.float32)
    classes[:, 3] = 0.91
    return Detections(np.float32(boxes), np.full(len(boxes), score, np.float32), classes)


BOXES = np.array([[10.0, 10, 30, 50], [40, 10, 60, 50]])


def ink():
    mask = np.zeros((60, 100), bool)
    mask[10:50, 10:30] = mask[10:50, 40:60] = True
    return mask


def evidence(certainties=(0.9, 0.9), score=0.99, mask=None):
    probabilities = as_threes(*certainties)
    mask = ink() if mask is None else mask
    return measure(BOXES, probabilities, probabilities, BOXES, seen(BOXES, score), mask)


def test_overlap_is_intersection_by_union():
    boxes = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    assert overlap(boxes, boxes).round(6).tolist() == [
        [1, pytest.approx(1 / 3, abs=1e-6), 0], [pytest.approx(1 / 3, abs=1e-6), 1, 0], [0, 0, 1],
    ]  # fmt: skip


def test_every_feature_has_one_value_a_detection():
    found = evidence()
    assert set(found) == {*IS_DIGIT, "thin"}
    assert all(column.shape == (2,) for column in found.values())


@pytest.mark.parametrize("share", ["ink of the picture", "ink of the line", "joined ink"])
def test_ink_outside_of_the_boxes_lowers_its_share(share):
    more = ink()
    more[45:55] = True
    assert evidence()[share][0] == 1
    assert evidence(mask=more)[share][0] < 1


def test_digits_that_both_ways_see_are_believed_and_others_are_not():
    probabilities = as_threes(0.9, 0.9)
    assert are_digits(evidence()).all()
    more = ink()
    more[45:60] = True
    doubted = measure(BOXES, probabilities, probabilities, BOXES[:0], seen(BOXES[:0], 0), more)
    assert not are_digits(doubted).any()


@pytest.mark.parametrize("certainty", [0.2, 0.5, 0.999, 1])
def test_of_rejected_detections_no_digit_is_most_probable(certainty):
    probabilities = rejected(as_threes(certainty))
    assert probabilities.argmax(axis=1).tolist() == [10]
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("width", [8, 10, 12])
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_thin_ones_are_accepted_though_the_detector_misses_some(scale, width):
    page = Image.new("L", (272 * scale, 240 * scale), 255)
    pen = ImageDraw.Draw(page)
    for line in (
        [(41, 36), (41, 204)],
        [(132, 36), (132, 204)],
        [(174, 46), (222, 46), (196, 204)],
    ):
        points = [(scale * x, scale * y) for x, y in line]
        pen.line(points, fill=0, width=width * scale, joint="curve")
    assert tenfold.read(page).text == "117"


@pytest.mark.parametrize(
    "kind", ["dash", "tick", "cross", "heart", "star", "frames", "grid", "weave", "house"]
)
def test_a_picture_without_a_digit_gives_no_accepted_one(kind):
    for seed in range(2):
        try:
            reading = tenfold.read(draw_drawing(np.random.default_rng(seed), kind))
        except NoDigitError:
            continue
        assert not any(digit.accepted for digit in reading.digits), reading.text
