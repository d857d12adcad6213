"""Log loss and Brier score."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from score_batches import CLASSES, assert_refused, batch, batches

from tenfold.metrics import (
    accuracy,
    brier_score,
    log_loss,
)


def test_log_loss_and_its_interval_are_those_of_scikit_learn_and_scipy():
    probabilities, labels = batch(500)
    score = log_loss(probabilities, labels)
    assert score.value == pytest.approx(
        sklearn.metrics.log_loss(labels, probabilities, labels=range(CLASSES)), rel=1e-12
    )
    losses = -np.log(probabilities[np.arange(500), labels])
    expected = scipy.stats.ttest_1samp(losses, 0).confidence_interval(0.95)
    assert (score.low, score.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_log_loss_clips_as_keras_does_and_stays_above_zero():
    certain = np.eye(2)[[0, 0, 0, 0]]
    assert log_loss(certain, [0, 0, 0, 1]).value == pytest.approx(-np.log(1e-7) / 4, rel=1e-6)
    assert log_loss(certain, [0, 0, 0, 1]).low == 0
    assert log_loss(certain, [0, 0, 0, 0]).value == pytest.approx(1e-7, rel=1e-6)


def test_log_loss_of_one_image_has_no_interval():
    score = log_loss([[0.5, 0.5]], [1])
    assert (score.value, score.low, score.high, score.n) == (np.log(2), None, None, 1)
    assert score.as_text() == "0.6931"


@pytest.mark.parametrize("score", [accuracy, log_loss])
@given(images=batches)
def test_scores_do_not_depend_on_the_order_of_images(score, images):
    probabilities, labels = images
    order = np.random.default_rng(1).permutation(len(labels))
    one, other = score(probabilities, labels), score(probabilities[order], labels[order])
    assert one.value == pytest.approx(other.value, rel=1e-12)
    if one.low is not None:
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("label_dtype", [np.uint8, np.int32, np.int64])
def test_scores_take_the_types_that_networks_and_files_give(dtype, label_dtype):
    probabilities, labels = batch(200)
    narrow, few = probabilities.astype(dtype), labels.astype(label_dtype)
    assert log_loss(narrow, few).value == pytest.approx(
        log_loss(probabilities, labels).value, rel=2e-3
    )
    assert accuracy(narrow, few).n == 200


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


HALF = [[0.5, 0.5]]
BAD = {
    "infinite": (log_loss, ([[np.inf, 0]], [0]), "finite, 1 of 1 rows"),
    "logits": (log_loss, ([[3.0, -2.0]], [0]), "softmax"),
    "sum of two": (log_loss, ([[1.0, 1.0]], [0]), "sum 1, 1 of 1 rows"),
    "nan": (brier_score, ([[np.nan, 1.0]], [0]), "finite, 1 of 1 rows"),
    "logits as probabilities": (brier_score, ([[3.0, -2.0]], [0]), "softmax"),
    "label too large": (brier_score, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "too many labels": (brier_score, (HALF, [0, 1]), "1 rows, labels has 2"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
