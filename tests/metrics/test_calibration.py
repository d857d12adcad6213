"""Brier score, calibration error, reliability and temperature."""

import json

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    CLASSES,
    assert_refused,
    batch,
    batches,
    calibrated_batch,
    seeds,
    softmax,
    tied_batch,
    tied_batches,
)
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from tenfold.metrics import (
    accuracy,
    apply_temperature,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability,
    top_confidence,
)


def test_brier_score_is_that_of_scikit_learn_and_its_interval_that_of_scipy():
    probabilities, labels = batch(500)
    score = brier_score(probabilities, labels)
    assert score.value == pytest.approx(
        sklearn.metrics.brier_score_loss(
            labels, probabilities, labels=range(CLASSES), scale_by_half=False
        )
    )
    distances = ((probabilities - np.eye(CLASSES)[labels]) ** 2).sum(axis=1)
    expected = scipy.stats.ttest_1samp(distances, 0).confidence_interval(0.95)
    assert (score.low, score.high) == pytest.approx((expected.low, expected.high))


def test_brier_score_runs_from_0_to_2():
    certain = np.eye(2)[[0, 1]]
    assert brier_score(certain, [0, 1]).as_json() == {"value": 0, "low": 0, "high": 0, "n": 2}
    assert brier_score(certain, [1, 0]).value == 2
    assert brier_score([[0.5, 0.5]], [1]).low is None


@given(batches)
def test_brier_score_is_from_0_to_2_and_0_for_the_truth(images):
    probabilities, labels = images
    score = brier_score(probabilities, labels)
    assert 0 <= score.value <= 2
    assert brier_score(np.eye(CLASSES)[labels], labels).value == 0


def test_reliability_is_that_of_scikit_learn():
    probabilities, labels = batch(1500)
    diagram = reliability(probabilities, labels)
    confidence, right = top_confidence(probabilities, labels)
    share, mean = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
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


def _brute_force_error(confidence, right, bins):
    groups = np.array_split(np.argsort(confidence), bins)
    gaps = [abs(right[g].mean() - confidence[g].mean()) * len(g) for g in groups]
    return sum(gaps) / len(right)


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
    confidence, right = top_confidence(probabilities, labels)
    home = np.empty(300, int)
    home[np.argsort(confidence)] = np.repeat(np.arange(5), 60)

    def error(index):
        sums = np.bincount(home[index], (right - confidence)[index], minlength=5)
        return np.abs(sums).sum() / 300

    expected = scipy.stats.bootstrap(
        (np.arange(300),), error, vectorized=False, method="basic", n_resamples=4000, rng=1
    ).confidence_interval
    score = expected_calibration_error(probabilities, labels, bins=5, resamples=4000)
    assert score.low == pytest.approx(expected.low, abs=0.004)
    gaps, hits = np.zeros((4000, 5)), np.random.default_rng(2)
    for row in gaps:
        index = hits.integers(0, 300, 300)
        row[:] = np.bincount(home[index], (right - confidence)[index], minlength=5) / 300
    found = np.bincount(home, right - confidence, minlength=5) / 300
    growth = np.quantile(((gaps - found) * np.sign(found)).sum(axis=1), 0.975)
    assert score.high == pytest.approx(max(expected.high, score.value + growth), abs=0.004)


def test_a_calibrated_network_is_rarely_said_to_be_off():
    batches = [calibrated_batch(500, seed) for seed in range(60)]
    found = [expected_calibration_error(*images, resamples=200) for images in batches]
    assert np.mean([score.low == 0 for score in found]) >= 0.9
    assert min(score.value for score in found) > 0


@given(batches | tied_batches, st.integers(1, 20))
def test_calibration_error_lies_in_its_interval_and_below_1(images, bins):
    score = expected_calibration_error(*images, bins, resamples=20)
    assert 0 <= score.low <= score.value <= score.high
    assert score.value <= 1


def test_calibration_error_is_small_for_a_calibrated_network_and_large_for_a_sharpened_one():
    probabilities, labels = calibrated_batch(4000)
    honest = expected_calibration_error(probabilities, labels, resamples=200)
    boastful = expected_calibration_error(
        apply_temperature(probabilities, 0.3), labels, resamples=200
    )
    assert honest.value < 0.03
    assert honest.high < 0.05 < boastful.low


def test_same_seed_gives_the_same_interval_and_another_seed_another():
    images = batch(100)
    first = expected_calibration_error(*images, resamples=50, seed=3)
    assert first == expected_calibration_error(*images, resamples=50, seed=3)
    assert first != expected_calibration_error(*images, resamples=50, seed=4)


@given(seeds, st.floats(0.05, 20))
def test_temper_is_softmax_of_logits_over_the_temperature(seed, temperature):
    logits = np.random.default_rng(seed).normal(size=(6, CLASSES)) * 3
    np.testing.assert_allclose(
        apply_temperature(softmax(logits), temperature),
        softmax(logits / temperature),
        rtol=1e-9,
        atol=1e-300,
    )


@given(batches, st.floats(0.1, 20))
def test_temper_keeps_the_sum_and_the_most_probable_class(images, temperature):
    probabilities, _ = images
    tempered = apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(tempered.sum(axis=1), 1)
    np.testing.assert_array_equal(tempered.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(apply_temperature(probabilities, 1.0), probabilities)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_temper_keeps_the_type_of_floats(dtype):
    tempered = apply_temperature(np.array([[0.25, 0.75]], dtype), 2.0)
    assert tempered.dtype == dtype
    np.testing.assert_allclose(tempered, [[0.366, 0.634]], atol=1e-3)


def test_temper_takes_certainty_and_whole_numbers():
    tempered = apply_temperature([[1, 0]], 20.0)
    assert tempered.dtype == np.float64
    assert tempered[0, 1] == pytest.approx(np.finfo(np.float32).tiny ** (1 / 20), rel=0.02)


@pytest.mark.parametrize("true", [0.3, 1.0, 2.5, 6.0])
def test_fit_temperature_finds_the_temperature_that_was_taken_away(true):
    probabilities, labels = calibrated_batch(8000, spread=2.0)
    assert fit_temperature(apply_temperature(probabilities, 1 / true), labels) == pytest.approx(
        true, rel=0.05
    )


@given(st.builds(batch, st.integers(2, 200), seeds, st.floats(0, 6)), st.floats(0.2, 5))
def test_fitted_temperature_does_not_worsen_the_log_loss_nor_move_the_accuracy(images, sharper):
    probabilities, labels = images
    given_probabilities = apply_temperature(probabilities, sharper)
    tempered = apply_temperature(given_probabilities, fit_temperature(given_probabilities, labels))
    before, after = log_loss(given_probabilities, labels), log_loss(tempered, labels)
    assert after.value <= before.value + 1e-6
    assert accuracy(tempered, labels) == accuracy(given_probabilities, labels)


def test_fitted_temperature_is_the_best_of_a_grid():
    probabilities, labels = batch(300)
    fitted = log_loss(
        apply_temperature(probabilities, fit_temperature(probabilities, labels)), labels
    ).value
    grid = [
        log_loss(apply_temperature(probabilities, t), labels).value
        for t in np.geomspace(0.05, 20, 200)
    ]
    assert fitted <= min(grid)


def test_temperature_stays_within_its_bounds():
    assert fit_temperature([[0.9, 0.1]] * 5, [0] * 5) == pytest.approx(0.05, rel=1e-4)
    assert fit_temperature([[0.9, 0.1]] * 5, [1] * 5) == pytest.approx(20, rel=1e-4)
    assert 0.05 <= fit_temperature([[1.0, 0.0]] * 5, [0, 0, 0, 0, 1]) <= 20


HALF = [[0.5, 0.5]]
BAD = {
    "nan": (brier_score, ([[np.nan, 1.0]], [0]), "finite, 1 of 1 rows"),
    "logits": (brier_score, ([[3.0, -2.0]], [0]), "softmax"),
    "label too large": (brier_score, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "too many labels": (brier_score, (HALF, [0, 1]), "1 rows, labels has 2"),
    "no images": (reliability, (np.zeros((0, 10)), np.zeros(0, int)), "no images"),
    "no bins": (reliability, (HALF, [0], 0), "bins must be an integer of at least 1, got 0"),
    "half a bin": (reliability, (HALF, [0], 1.5), "at least 1, got 1.5"),
    "logits to calibrate": (expected_calibration_error, ([[3.0, -2.0]], [0]), "softmax"),
    "bins below zero": (expected_calibration_error, (HALF, [0], -1), "bins must be an integer"),
    "no resamples": (expected_calibration_error, (HALF, [0], 15, 0), "resamples must be an"),
    "negative seed": (expected_calibration_error, (HALF, [0], 15, 9, -1), "seed must be an"),
    "zero temperature": (
        apply_temperature,
        (HALF, 0.0),
        "temperature must be a number above 0, got 0.0",
    ),
    "cold": (apply_temperature, (HALF, -1.0), "above 0, got -1.0"),
    "hot": (apply_temperature, (HALF, float("inf")), "above 0, got inf"),
    "no temperature": (apply_temperature, (HALF, float("nan")), "above 0, got nan"),
    "logits to temper": (apply_temperature, ([[3.0, -2.0]], 1.0), "softmax"),
    "one row, no batch": (apply_temperature, ([0.5, 0.5], 1.0), "[n, classes], got (2,)"),
    "one-hot labels": (fit_temperature, (HALF, [[0, 1]]), "argmax"),
    "infinite": (fit_temperature, ([[np.inf, 0.0]], [0]), "finite, 1 of 1 rows"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_in_one_line(function, arguments, words):
    assert_refused(function, arguments, words)
