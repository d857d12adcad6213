"""Occlusion maps against covering each window separately."""

import numpy as np
import pytest

from tenfold import InputError
from tenfold.evaluation.occlusion import log_odds, occlusion_map
from tenfold.export.predictor import default_predictor


@pytest.fixture(scope="module")
def seven(few):
    return few.test.images[0]


def test_a_value_is_the_mean_decrease_over_the_windows_that_cover_the_pixel(seven):
    network = default_predictor()
    result = occlusion_map(network, seven)
    y, x = 8, 13
    odds = []
    for top in range(0, 23, 2):
        for left in range(0, 23, 2):
            if top <= y < top + 6 and left <= x < left + 6:
                covered = seven.copy()
                covered[top : top + 6, left : left + 6] = 0
                odds.append(log_odds(network(covered), np.array([result.predicted]))[0])
    uncovered = log_odds(network(seven), np.array([result.predicted]))[0]
    assert len(odds) == 9
    assert network.class_names[result.predicted] == "7"
    expected = uncovered - np.mean(odds)
    assert result.values[y, x] * result.scale == pytest.approx(expected, abs=0.02)
    assert np.abs(result.values).max() == pytest.approx(1)


def test_covering_the_strongest_ink_hurts_more_than_covering_the_weakest(seven):
    network = default_predictor()
    result = occlusion_map(network, seven)
    ink = np.where(seven > 0, result.values, np.nan)

    def probability_without(pixel):
        y, x = np.unravel_index(pixel, seven.shape)
        covered = seven.copy()
        covered[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = 0
        return network(covered)[0, result.predicted]

    assert probability_without(np.nanargmax(ink)) < probability_without(np.nanargmin(ink))


def test_an_empty_image_has_no_evidence():
    assert not occlusion_map(default_predictor(), np.zeros((28, 28), np.uint8)).values.any()


def test_ink_against_the_prediction_is_negative():
    def network(images):
        evidence_for, evidence_against = images[:, 2, 2] > 0, images[:, 25, 25] > 0
        probability = 0.6 + 0.3 * evidence_for - 0.09 * evidence_against
        return np.stack([probability, 1 - probability], axis=1)

    result = occlusion_map(network, np.full((28, 28), 9, np.uint8))
    assert result.values[2, 2] > 0.9
    assert result.values[25, 25] < -0.1
    assert result.values[14, 14] == 0


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((28, 28)), r"received float64 \[28, 28\]"),
        (np.zeros((5, 28), np.uint8), "at least 6 pixels"),
    ],
)
def test_bad_input_is_refused_in_one_line(image, message):
    with pytest.raises(InputError, match=message) as caught:
        occlusion_map(default_predictor(), image)
    assert "\n" not in str(caught.value)
