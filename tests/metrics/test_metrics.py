import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from score_batches import CLASSES, assert_refused, batch, batches
from statsmodels.stats.proportion import proportion_confint

from tenfold.metrics import (
    Score,
    SeedSummary,
    accuracy,
    class_scores,
    confusion_matrix,
    log_loss,
    over_seeds,
    proportion,
    top_confidence,
    top_k,
    top_k_accuracy,
    wilson_interval,
)


@pytest.mark.parametrize("n", [1, 7, 100, 10_000, 70_000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9812, 1.0])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilson_interval_is_that_of_statsmodels(n, share, confidence):
    successes = round(share * n)
    expected = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    assert wilson_interval(successes, n, confidence) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 10**6), st.data())
def test_wilson_interval_holds_the_share_and_mirrors(n, data):
    successes = data.draw(st.integers(0, n))
    low, high = wilson_interval(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high
    assert wilson_interval(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(st.integers(1, 1000), st.data())
def test_wilson_interval_narrows_with_more_images(n, data):
    successes = data.draw(st.integers(0, n))
    few, many = wilson_interval(successes, n), wilson_interval(10 * successes, 10 * n)
    assert many[1] - many[0] < few[1] - few[0]


@given(batches)
def test_accuracy_is_that_of_scikit_learn(images):
    probabilities, labels = images
    score = accuracy(probabilities, labels)
    assert score.value == sklearn.metrics.accuracy_score(labels, probabilities.argmax(axis=1))
    hits = round(score.value * len(labels))
    assert (score.low, score.high) == wilson_interval(hits, len(labels))
    assert score.n == len(labels)


@given(batches, st.integers(1, CLASSES - 1))
def test_top_k_accuracy_is_that_of_scikit_learn(batch, k):
    probabilities, labels = batch
    expected = sklearn.metrics.top_k_accuracy_score(
        labels, probabilities, k=k, labels=range(CLASSES)
    )
    assert top_k_accuracy(probabilities, labels, k).value == pytest.approx(expected, abs=1e-12)


@given(batches)
def test_top_k_accuracy_grows_with_k_up_to_one(batch):
    values = [top_k_accuracy(*batch, k).value for k in range(1, CLASSES + 1)]
    assert values == sorted(values)
    assert values[0] == accuracy(*batch).value
    assert values[-1] == 1


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


@given(batches)
def test_confusion_matrix_is_that_of_scikit_learn(images):
    probabilities, labels = images
    predicted = probabilities.argmax(axis=1)
    counts = confusion_matrix(predicted, labels, CLASSES)
    expected = sklearn.metrics.confusion_matrix(labels, predicted, labels=range(CLASSES))
    np.testing.assert_array_equal(counts, expected)
    assert counts.dtype == np.int64


def test_confusion_matrix_of_narrow_integers_does_not_overflow():
    labels = np.full(3, 46, np.uint8)
    assert confusion_matrix(labels, labels, 47)[46, 46] == 3


@pytest.mark.parametrize("n", [20, 500])
def test_class_scores_are_those_of_scikit_learn(n):
    probabilities, labels = batch(n, signal=1.0)
    predicted = probabilities.argmax(axis=1)
    expected = sklearn.metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(CLASSES), zero_division=np.nan
    )
    for i, scores in enumerate(class_scores(predicted, labels, CLASSES)):
        figures = (scores.precision, scores.recall, scores.f1)
        found = [np.nan if score is None else score.value for score in figures]
        assert [*found, scores.n] == pytest.approx([row[i] for row in expected], nan_ok=True)
        assert scores.predicted == (predicted == i).sum()


def test_intervals_of_class_scores_are_wilson_intervals_of_their_counts():
    scores = class_scores([0] * 9 + [1] * 5, [0] * 8 + [1] * 6, classes=2)[1]
    assert scores.precision == proportion(5, 5)
    assert scores.recall == proportion(5, 6)
    jaccard = wilson_interval(5, 6)
    assert (scores.f1.low, scores.f1.high) == pytest.approx([2 * j / (1 + j) for j in jaccard])
    assert (scores.f1.value, scores.f1.n) == (pytest.approx(10 / 11), 6)


def test_class_scores_of_nothing_are_none():
    never, absent, neither = class_scores([1, 1], [0, 0], classes=3)
    assert (never.precision, never.recall.value, never.f1.value) == (None, 0, 0)
    assert (absent.precision.value, absent.recall, absent.f1.value) == (0, None, 0)
    assert (neither.precision, neither.recall, neither.f1) == (None, None, None)
    assert json.loads(json.dumps(never.as_json()))["recall"] == proportion(0, 2).as_json()


@given(batches)
def test_f1_lies_between_precision_and_recall_and_in_its_interval(images):
    probabilities, labels = images
    for scores in class_scores(probabilities.argmax(axis=1), labels, CLASSES):
        if scores.f1 is not None and scores.f1.value > 0:
            ends = sorted([scores.precision.value, scores.recall.value])
            assert ends[0] - 1e-12 <= scores.f1.value <= ends[1] + 1e-12
            assert 0 <= scores.f1.low <= scores.f1.value <= scores.f1.high <= 1


@given(batches)
def test_top_label_is_the_first_of_top_k_and_agrees_with_accuracy(images):
    probabilities, labels = images
    confidence, right = top_confidence(probabilities, labels)
    np.testing.assert_array_equal(confidence, top_k(probabilities, 1)[1][:, 0])
    assert right.mean() == pytest.approx(accuracy(probabilities, labels).value)


@given(batches, st.integers(1, CLASSES))
def test_top_k_is_sorted_and_takes_the_largest(images, k):
    probabilities, _ = images
    indices, values = top_k(probabilities, k)
    np.testing.assert_array_equal(values, -np.sort(-probabilities, axis=1)[:, :k])
    np.testing.assert_array_equal(np.take_along_axis(probabilities, indices, axis=1), values)
    assert all(len(set(row)) == k for row in indices.tolist())


def test_equal_probabilities_rank_the_lower_class_first():
    probabilities = np.full((3, CLASSES), 0.1)
    indices, _ = top_k(probabilities, 4)
    assert indices.tolist() == [[0, 1, 2, 3]] * 3
    assert accuracy(probabilities, [0, 0, 1]).value == pytest.approx(2 / 3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_over_seeds_is_mean_deviation_and_interval_of_scipy(values):
    summary = over_seeds(values)
    assert summary.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert summary.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert summary.n == len(values)
    error = scipy.stats.sem(values)
    if error > 0:
        expected = scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
        assert (summary.low, summary.high) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_one_seed_has_no_spread():
    assert over_seeds([0.98]) == SeedSummary(0.98, None, None, None, 1)
    assert over_seeds([0.98]).as_text(2) == "0.98"


@pytest.mark.parametrize(
    "figure",
    [accuracy(*batch(50)), log_loss(*batch(1)), over_seeds([0.9, 0.8]), over_seeds([1])],
)
def test_scores_come_back_from_json(figure):
    assert type(figure)(**json.loads(json.dumps(figure.as_json()))) == figure


def test_scores_are_written_with_their_intervals():
    assert Score(0.98119, 0.97826, 0.9837, 10_000).as_percent() == "98.12 % (97.83 to 98.37)"
    assert Score(0.98119, 0.97826, 0.9837, 10_000).as_percent(1) == "98.1 % (97.8 to 98.4)"
    assert over_seeds([0.1, 0.3]).as_text(1) == "0.2 ± 0.1 (-1.1 to 1.5)"


HALF = [[0.5, 0.5]]
NAN = [[np.nan, 0.5], [0.5, 0.5]]
BAD = {
    "n of zero": (wilson_interval, (0, 0), "n must be at least 1, got 0"),
    "more right than there are": (wilson_interval, (11, 10), "from 0 to n = 10, got 11"),
    "fewer than none": (wilson_interval, (-1, 10), "got -1"),
    "certainty": (wilson_interval, (1, 2, 1.0), "between 0 and 1, got 1.0"),
    "one row, no batch": (accuracy, ([0.5, 0.5], [0]), "[n, classes], got (2,)"),
    "no classes": (accuracy, (np.zeros((2, 0)), [0, 0]), "got (2, 0)"),
    "no images": (accuracy, (np.zeros((0, 10)), np.zeros(0, int)), "no images"),
    "ragged": (accuracy, ([[0.5, 0.5], [1.0]], [0, 0]), "rows of one length"),
    "text": (accuracy, ([["a", "b"]], [0]), "real numbers, got <U1"),
    "complex": (accuracy, ([[1j, 0]], [0]), "real numbers, got complex128"),
    "nan": (accuracy, (NAN, [0, 0]), "finite, 1 of 2 rows"),
    "infinite": (log_loss, ([[np.inf, 0]], [0]), "finite, 1 of 1 rows"),
    "too many labels": (accuracy, (HALF, [0, 1]), "1 rows, labels has 2"),
    "one-hot labels": (accuracy, (HALF, [[0, 1]]), "argmax"),
    "scalar label": (accuracy, (HALF, 1), r"labels must be integers [n], got shape ()"),
    "ragged labels": (accuracy, (HALF, [[0], [1, 2]]), "labels must be a row of integers"),
    "float labels": (accuracy, (HALF, [1.0]), "integers, got float64"),
    "label too large": (accuracy, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "negative label": (accuracy, (HALF, [-1]), "from 0 to 1, got -1"),
    "logits": (log_loss, ([[3.0, -2.0]], [0]), "softmax"),
    "sum of two": (log_loss, ([[1.0, 1.0]], [0]), "sum 1, 1 of 1 rows"),
    "k of zero": (top_k, (HALF, 0), "from 1 to 2"),
    "k above classes": (top_k_accuracy, (HALF, [0], 3), "from 1 to 2"),
    "no class": (confusion_matrix, ([0], [0], 0), "classes must be at least 1"),
    "prediction too large": (confusion_matrix, ([5], [0], 5), "predicted must be from 0 to 4"),
    "no images of classes": (class_scores, ([], [], 3), "predicted is empty"),
    "class too large": (class_scores, ([0], [3], 3), "labels must be from 0 to 2, got 3 to 3"),
    "named classes": (class_scores, (["a"], [0], 3), "predicted must be integers, got <U1"),
    "confidence of logits": (top_confidence, ([[3.0, -2.0]], [0]), "softmax"),
    "share of nothing": (proportion, (0, 0), "n must be at least 1, got 0"),
    "lengths differ": (confusion_matrix, ([0, 1], [0], 2), "predicted has 2 entries, labels has 1"),
    "no seeds": (over_seeds, ([],), "at least one number"),
    "table of seeds": (over_seeds, ([[1.0]],), "got shape (1, 1)"),
    "diverged seed": (over_seeds, ([0.9, np.nan],), "finite, got [0.9, nan]"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_in_one_line(function, arguments, words):
    assert_refused(function, arguments, words)


def test_scores_import_without_the_heavy_libraries():
    code = (
        "import sys, tenfold.metrics;"
        "print([m for m in ('scipy', 'pandas', 'keras', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
