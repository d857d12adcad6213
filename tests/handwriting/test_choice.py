"""Which of several readings of a picture is returned."""

import numpy as np
import pytest

from tenfold.data.synthetic import REJECT_CLASS
from tenfold.handwriting import choice
from tenfold.handwriting.pipeline import in_reading_order
from tenfold.handwriting.result import Digit, Number, Reading

LEFT, MIDDLE, RIGHT = (10, 10, 25, 40), (30, 10, 45, 40), (50, 10, 65, 40)
BOTH = (30, 10, 65, 40)
CROP, EVEN = np.zeros((28, 28), np.uint8), np.full(11, 1 / 11, np.float32)


def reading(*digits):
    """A reading of one number, from labels, boxes and confidences."""
    made = [
        Digit(label, confidence, label != REJECT_CLASS, box, CROP, EVEN)
        for label, box, confidence in digits
    ]
    number = Number(tuple(digit for digit in made if not digit.is_rejected))
    rejected = tuple(digit for digit in made if digit.is_rejected)
    return Reading(((number,),), rejected, (100, 50))


@pytest.fixture
def choose(monkeypatch):
    """Choose between readings whose detections are digits with these probabilities."""

    def run(*readings_and_chances):
        readings = [one for one, _ in readings_and_chances]
        chances = {id(one): np.array(chance) for one, chance in readings_and_chances}
        monkeypatch.setattr(choice, "measure", lambda one, *_: {"chance": chances[id(one)]})
        monkeypatch.setattr(choice.evidence, "probability", lambda found: found["chance"])
        monkeypatch.setattr(choice.evidence, "are_digits", lambda found: found["chance"] > 0.5)
        return choice.choose(readings, object(), None)

    return run


def test_a_reading_loses_by_digits_that_it_lacks(choose):
    one = reading(("1", LEFT, 0.99))
    three = reading(("1", LEFT, 0.97), ("0", MIDDLE, 0.9), ("0", RIGHT, 0.9))
    assert choose((one, [0.99]), (three, [0.99, 0.98, 0.98])).text == "100"
    assert choose((one, [0.99]), (three, [0.99, 0.02, 0.02])).text == "1"


def test_a_reading_loses_by_digits_that_it_rejects(choose):
    rejecting = reading(("1", LEFT, 0.99), (REJECT_CLASS, BOTH, 0.6))
    three = reading(("1", LEFT, 0.97), ("0", MIDDLE, 0.8), ("0", RIGHT, 0.8))
    assert choose((rejecting, [0.99, 0.99]), (three, [0.99, 0.98, 0.98])).text == "100"


@pytest.mark.parametrize("x", [0.2, 99.8])
def test_no_box_is_empty_after_scaling(x):
    boxes = np.array([[10 * x, 10, 10 * x + 1, 12]], np.int64)
    digits = in_reading_order(boxes, np.zeros((1, 28, 28), np.uint8), None, 0.1, (100, 50), False)
    left, top, right, bottom = digits.boxes[0]
    assert 0 <= left < right <= 100
    assert 0 <= top < bottom <= 50
