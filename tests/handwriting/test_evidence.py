"""Evidence decides whether a detection is a digit, and calibrates its probability."""

import numpy as np
import pytest

import tenfold
from tenfold.core.errors import NoDigitError
from tenfold.data.synthetic.drawings import draw_drawing
from tenfold.handwriting.detector import Detections
from tenfold.handwriting.evidence import IS_CLASS, IS_DIGIT, measure, overlap, weigh


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
    assert set(found) == {*IS_DIGIT, *IS_CLASS}
    assert all(column.shape == (2,) for column in found.values())


@pytest.mark.parametrize("share", ["ink of the picture", "ink of the line", "joined ink"])
def test_ink_outside_of_the_boxes_lowers_its_share(share):
    more = ink()
    more[45:55] = True
    assert evidence()[share][0] == 1
    assert evidence(mask=more)[share][0] < 1


def test_digits_that_both_ways_see_are_believed_and_others_are_not():
    probabilities = as_threes(0.9, 0.9)
    believed = weigh(probabilities, evidence())
    assert believed[:, 3].min() > 0.9
    more = ink()
    more[45:60] = True
    doubted = measure(BOXES, probabilities, probabilities, BOXES[:0], seen(BOXES[:0], 0), more)
    assert weigh(probabilities, doubted)[:, 3].max() < 0.2


@pytest.mark.parametrize("certainty", [0.2, 0.5, 0.999])
def test_the_most_probable_digit_stays_and_probabilities_sum_to_one(certainty):
    probabilities = as_threes(certainty, 0.6)
    probabilities[0, 4], probabilities[0, 10] = 0.99 * certainty, 1 - 1.99 * certainty
    probabilities = np.maximum(probabilities, 0)
    weighed = weigh(probabilities, evidence((0.4, 0.6)))
    assert weighed[:, :10].argmax(axis=1).tolist() == [3, 3]
    assert weighed.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_rejected_detection_stays_rejected():
    probabilities = as_threes(0.2, 0.9)
    assert weigh(probabilities, evidence((0.2, 0.9)))[0].argmax() == 10


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
