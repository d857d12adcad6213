"""Temperature scaling."""

import numpy as np
import pytest
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
)

from tenfold.metrics import (
    accuracy,
    apply_temperature,
    fit_temperature,
    log_loss,
)


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


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
