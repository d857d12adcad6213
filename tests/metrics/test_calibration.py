"""Reliability diagrams and the calibration error."""

import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    assert_refused,
    batch,
    batches,
    calibrated_batch,
    tied_batch,
    tied_batches,
)
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from tenfold.metrics import (
    apply_temperature,
    expected_calibration_error,
    reliability,
    top_confidence,
)


def test_reliability_is_that_of_scikit_learn():
    probabilities, labels = batch(1500)
    diagram = reliability(probabilities, labels)
    confidence, correct = top_confidence(probabilities, labels)
    share, mean = calibration_curve(correct, confidence, n_bins=15, strategy="quantile")
    np.testing.assert_allclose(diagram.accuracy, share)
    np.testing.assert_allclose(diagram.confidence, mean)
    assert diagram.n.tolist() == [100] * 15
    low, high = proportion_confint(np.round(100 * share), 100, method="wilson")
    np.testing.assert_allclose(diagram.low, low, atol=1e-12)
    np.testing.assert_allclose(diagram.high, high)


@given(batches | tied_batches, st.integers(1, 20))
def test_bins_of_reliability_hold_all_images_and_do_not_depend_on_their_order(images, bins):
    probabilities, labels = images
    diagram = reliability(probabilities, labels, bins)
    assert diagram.n.sum() == len(labels)
    assert 1 <= len(diagram.n) <= min(bins, len(labels))
    assert (diagram.n > 0).all()
    assert (np.diff(diagram.confidence) > 0).all()
    order = np.random.default_rng(0).permutation(len(labels))
    again = reliability(probabilities[order], labels[order], bins)
    np.testing.assert_allclose(diagram.accuracy, again.accuracy)
    np.testing.assert_allclose(diagram.confidence, again.confidence)


def test_bins_without_ties_hold_equally_many_images_to_one():
    for n in (5, 15, 16, 100, 1007):
        counts = reliability(*batch(n)).n
        assert len(counts) == min(15, n)
        assert counts.max() - counts.min() <= 1


def test_images_of_equal_confidence_share_a_bin():
    diagram = reliability([[0.9, 0.1]] * 50 + [[0.6, 0.4]] * 50, [0] * 100, bins=10)
    assert diagram.n.tolist() == [50, 50]
    assert diagram.confidence == pytest.approx([0.6, 0.9])


def test_reliability_is_plain_json():
    diagram = reliability(*batch(40), bins=4)
    fields = json.loads(json.dumps(diagram.as_json()))
    assert list(fields) == ["confidence", "accuracy", "low", "high", "n"]
    assert fields["n"] == [10, 10, 10, 10]


def _brute_force_error(confidence, correct, bins):
    groups = np.array_split(np.argsort(confidence), bins)
    gaps = [abs(correct[g].mean() - confidence[g].mean()) * len(g) for g in groups]
    return sum(gaps) / len(correct)


@pytest.mark.parametrize(("n", "bins"), [(300, 15), (40, 4), (12, 12), (7, 1)])
def test_calibration_error_is_the_mean_gap_over_bins_of_equal_mass(n, bins):
    probabilities, labels = batch(n)
    expected = _brute_force_error(*top_confidence(probabilities, labels), bins)
    assert expected_calibration_error(probabilities, labels, bins, 10).value == pytest.approx(
        expected
    )


def test_calibration_error_is_that_of_its_reliability():
    probabilities, labels = tied_batch(400)
    diagram = reliability(probabilities, labels)
    gaps = np.abs(diagram.accuracy - diagram.confidence)
    assert expected_calibration_error(probabilities, labels).value == pytest.approx(
        np.average(gaps, weights=diagram.n)
    )


def test_interval_of_the_calibration_error_holds_the_basic_bootstrap_of_scipy():
    truth, labels = calibrated_batch(300)
    probabilities = apply_temperature(truth, 0.7)
    confidence, correct = top_confidence(probabilities, labels)
    home = np.empty(300, int)
    home[np.argsort(confidence)] = np.repeat(np.arange(5), 60)

    def error(index):
        sums = np.bincount(home[index], (correct - confidence)[index], minlength=5)
        return np.abs(sums).sum() / 300

    expected = scipy.stats.bootstrap(
        (np.arange(300),), error, vectorized=False, method="basic", n_resamples=4000, rng=1
    ).confidence_interval
    score = expected_calibration_error(probabilities, labels, bins=5, resamples=4000)
    assert score.low == pytest.approx(expected.low, abs=0.004)
    gaps, hits = np.zeros((4000, 5)), np.random.default_rng(2)
    for row in gaps:
        index = hits.integers(0, 300, 300)
        row[:] = np.bincount(home[index], (correct - confidence)[index], minlength=5) / 300
    observed = np.bincount(home, correct - confidence, minlength=5) / 300
    growth = np.quantile(((gaps - observed) * np.sign(observed)).sum(axis=1), 0.975)
    assert score.high == pytest.approx(max(expected.high, score.value + growth), abs=0.004)


def test_a_calibrated_network_rarely_has_an_interval_above_0():
    batches = [calibrated_batch(500, seed) for seed in range(60)]
    scores = [expected_calibration_error(*images, resamples=200) for images in batches]
    assert np.mean([score.low == 0 for score in scores]) >= 0.9
    assert min(score.value for score in scores) > 0


@given(batches | tied_batches, st.integers(1, 20))
def test_calibration_error_lies_in_its_interval_and_below_1(images, bins):
    score = expected_calibration_error(*images, bins, resamples=20)
    assert 0 <= score.low <= score.value <= score.high
    assert score.value <= 1


def test_calibration_error_is_small_for_a_calibrated_network_and_large_for_a_sharpened_one():
    probabilities, labels = calibrated_batch(4000)
    calibrated = expected_calibration_error(probabilities, labels, resamples=200)
    overconfident = expected_calibration_error(
        apply_temperature(probabilities, 0.3), labels, resamples=200
    )
    assert calibrated.value < 0.03
    assert calibrated.high < 0.05 < overconfident.low


def test_same_seed_gives_the_same_interval_and_another_seed_another():
    images = batch(100)
    first = expected_calibration_error(*images, resamples=50, seed=3)
    assert first == expected_calibration_error(*images, resamples=50, seed=3)
    assert first != expected_calibration_error(*images, resamples=50, seed=4)


HALF = [[0.5, 0.5]]
BAD = {
    "no images": (reliability, (np.zeros((0, 10)), np.zeros(0, int)), "no images"),
    "no bins": (reliability, (HALF, [0], 0), "bins must be an integer of at least 1, got 0"),
    "half a bin": (reliability, (HALF, [0], 1.5), "at least 1, got 1.5"),
    "logits to calibrate": (expected_calibration_error, ([[3.0, -2.0]], [0]), "softmax"),
    "bins below zero": (expected_calibration_error, (HALF, [0], -1), "bins must be an integer"),
    "no resamples": (expected_calibration_error, (HALF, [0], 15, 0), "resamples must be an"),
    "negative seed": (expected_calibration_error, (HALF, [0], 15, 9, -1), "seed must be an"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
