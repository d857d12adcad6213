"""The detector: boxes, scores and classes of digits of any size, and the selection among them."""

from itertools import pairwise

import numpy as np
import pytest

from tenfold.handwriting.contrast import HIGHEST, LOWEST, level, level_together
from tenfold.handwriting.detections import Detections, concatenate, without_duplicates
from tenfold.handwriting.detector import (
    MAX_PIXELS,
    detect,
    fit_digit_count,
    scales,
    select_digits,
)


def candidates(boxes, scores):
    probabilities = np.full((len(boxes), 10), 0.1, np.float32)
    return Detections(np.array(boxes, np.float32), np.array(scores, np.float32), probabilities)


@pytest.mark.parametrize("shape", [(28, 28), (16, 16), (300, 150), (3000, 4000), (60, 1500)])
def test_the_pyramid_covers_digits_from_the_picture_s_height_down(shape):
    levels = scales(*shape)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] * shape[0] <= 56
    assert levels[0] ** 2 * shape[0] * shape[1] <= 1.01 * MAX_PIXELS
    assert all(a / b < 1.75 for a, b in pairwise(levels))


@pytest.mark.parametrize("size", [1, 3, 10])
def test_digits_are_detected_at_any_size(digits, size):
    for label in (0, 2, 3, 5, 8):
        picture = np.pad(digits[label].repeat(size, 0).repeat(size, 1), 6 * size)
        found = detect(1 - picture.astype(np.float32) / 255)
        assert found.scores[0] > 0.5
        assert found.probabilities[0].argmax() == label
        rows, columns = np.nonzero(picture > 100)
        edges = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(found.boxes[0] - edges).max() <= 0.25 * 28 * size


def test_paper_without_ink_has_no_digit():
    grain = np.random.default_rng(0).normal(0.8, 0.01, (400, 600)).astype(np.float32)
    assert detect(grain).evidence < 0.5
    assert not len(select_digits(detect(np.full((50, 50), 0.7, np.float32)), (50, 50)))


def test_grain_is_not_amplified_beside_ink_of_another_size():
    generator = np.random.default_rng(0)
    blank = generator.normal(0.8, 0.005, (100, 100)).astype(np.float32)
    page = blank.copy()
    page[30:70, 50:54] = 0.2
    together = level_together([blank, page])
    assert np.abs(together[0]).max() < 0.2
    assert together[1][50, 52] == pytest.approx(1, abs=0.1)
    assert np.abs(level(blank)).max() > 0.5


def test_levels_stay_within_their_limits():
    noise = np.random.default_rng(1).random((64, 80)).astype(np.float32)
    ink = level(noise)
    assert ink.shape == noise.shape
    assert ink.dtype == np.float32
    assert ink.min() >= LOWEST
    assert ink.max() <= HIGHEST


def test_digits_of_other_heights_and_at_the_border_are_left_out():
    found = candidates(
        [[10, 10, 30, 50], [40, 10, 60, 50], [70, 40, 74, 48], [95, 10, 100, 50]],
        [0.9, 0.9, 0.9, 0.65],
    )
    assert select_digits(found, (100, 100)).boxes[:, 0].tolist() == [10, 40]


def test_what_the_border_cuts_and_is_lower_than_the_digits_is_left_out():
    digits = [[20, 20, 40, 60], [50, 20, 70, 60]]
    for box, kept in (([90, 40, 100, 60], 2), ([80, 20, 100, 60], 3)):
        found = select_digits(candidates([*digits, box], [0.99, 0.98, 0.95]), (100, 100))
        assert len(found) == kept


def test_overlapping_candidates_are_one_digit_of_their_mean_class():
    probabilities = np.full((2, 10), 0.02, np.float32)
    probabilities[0, [4, 9]], probabilities[1, [4, 9]] = (0.4, 0.44), (0.8, 0.04)
    boxes = np.array([[10, 10, 30, 50], [11, 10, 31, 51]], np.float32)
    found = without_duplicates(Detections(boxes, np.array([0.9, 0.8], np.float32), probabilities))
    assert found.boxes.tolist() == boxes[:1].tolist()
    assert found.scores.tolist() == [np.float32(0.9)]
    weights = np.array([0.81, 0.64])
    np.testing.assert_allclose(found.probabilities[0], np.average(probabilities, 0, weights), 1e-5)


def test_a_group_of_digits_side_by_side_is_not_one_digit():
    group = [10, 8, 54, 52]
    side_by_side = [[10, 10, 30, 50], [32, 10, 52, 50]]
    found = without_duplicates(candidates([group, *side_by_side], [0.95, 0.9, 0.9]))
    assert found.boxes.tolist() == side_by_side
    one_above_the_other = [[8, 8, 42, 52], [10, 10, 40, 30], [10, 31, 40, 50]]
    found = without_duplicates(candidates(one_above_the_other, [0.95, 0.9, 0.9]))
    assert found.boxes.tolist() == [[8, 8, 42, 52]]


def test_texture_within_a_large_digit_is_not_a_group_of_digits():
    large = [100, 50, 700, 1150]
    texture = [[150 + 60 * i, 400, 180 + 60 * i, 430] for i in range(8)]
    found = without_duplicates(candidates([large, *texture], [0.9, *8 * [0.95]]))
    assert found.boxes.tolist() == [large]


def test_the_only_candidate_of_a_close_crop_is_kept():
    faint = candidates([[5, 2, 20, 26], [0, 0, 3, 5]], [0.3, 0.1])
    assert len(select_digits(faint, (28, 28))) == 1
    assert not len(select_digits(faint, (400, 400)))


def test_numbers_are_fitted_to_a_known_count_of_digits():
    boxes = [[10, 10, 30, 50], [40, 10, 60, 50], [70, 10, 90, 50], [300, 10, 320, 50]]
    every = candidates(boxes, [0.9, 0.9, 0.3, 0.2])
    chosen = every.select(np.array([0, 1]))
    assert fit_digit_count(every, chosen, 3).boxes[:, 0].tolist() == [10, 40, 70]
    assert len(fit_digit_count(every, chosen, 2)) == 2
    assert fit_digit_count(every, chosen, 1).scores.tolist() == pytest.approx([0.9])
    certain = candidates(boxes[:3], [1.0, 0.9, 1.0])  # 2 of 3 digits would be another number
    assert len(fit_digit_count(certain, certain, 1)) == 2


def test_groups_are_concatenated_in_order():
    one, other = candidates([[0, 0, 1, 1]], [0.5]), candidates([[2, 2, 3, 3]], [0.7])
    assert concatenate([one, other]).scores.tolist() == pytest.approx([0.5, 0.7])
