"""Accuracy, confusion matrix, precision, recall and F1, ranked classes."""

import json

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    CLASSES,
    assert_refused,
    batch,
    batches,
)

from tenfold.metrics import (
    accuracy,
    class_scores,
    confusion_matrix,
    proportion,
    top_confidence,
    top_k,
    top_k_accuracy,
    wilson_interval,
)


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
        values = [np.nan if score is None else score.value for score in figures]
        assert [*values, scores.n] == pytest.approx([row[i] for row in expected], nan_ok=True)
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
def test_top_confidence_is_the_first_of_top_k_and_agrees_with_accuracy(images):
    probabilities, labels = images
    confidence, correct = top_confidence(probabilities, labels)
    np.testing.assert_array_equal(confidence, top_k(probabilities, 1)[1][:, 0])
    assert correct.mean() == pytest.approx(accuracy(probabilities, labels).value)


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


HALF = [[0.5, 0.5]]
NAN = [[np.nan, 0.5], [0.5, 0.5]]
BAD = {
    "one row, no batch": (accuracy, ([0.5, 0.5], [0]), "[n, classes], got (2,)"),
    "no classes": (accuracy, (np.zeros((2, 0)), [0, 0]), "got (2, 0)"),
    "no images": (accuracy, (np.zeros((0, 10)), np.zeros(0, int)), "no images"),
    "ragged": (accuracy, ([[0.5, 0.5], [1.0]], [0, 0]), "rows of one length"),
    "text": (accuracy, ([["a", "b"]], [0]), "real numbers, got <U1"),
    "complex": (accuracy, ([[1j, 0]], [0]), "real numbers, got complex128"),
    "nan": (accuracy, (NAN, [0, 0]), "finite, 1 of 2 rows"),
    "too many labels": (accuracy, (HALF, [0, 1]), "1 rows, labels has 2"),
    "one-hot labels": (accuracy, (HALF, [[0, 1]]), "argmax"),
    "scalar label": (accuracy, (HALF, 1), r"labels must be integers [n], got shape ()"),
    "ragged labels": (accuracy, (HALF, [[0], [1, 2]]), "labels must be a row of integers"),
    "float labels": (accuracy, (HALF, [1.0]), "integers, got float64"),
    "label too large": (accuracy, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "negative label": (accuracy, (HALF, [-1]), "from 0 to 1, got -1"),
    "k of zero": (top_k, (HALF, 0), "from 1 to 2"),
    "k above classes": (top_k_accuracy, (HALF, [0], 3), "from 1 to 2"),
    "no class": (confusion_matrix, ([0], [0], 0), "classes must be at least 1"),
    "prediction too large": (confusion_matrix, ([5], [0], 5), "predicted must be from 0 to 4"),
    "no images of classes": (class_scores, ([], [], 3), "predicted is empty"),
    "class too large": (class_scores, ([0], [3], 3), "labels must be from 0 to 2, got 3 to 3"),
    "named classes": (class_scores, (["a"], [0], 3), "predicted must be integers, got <U1"),
    "confidence of logits": (top_confidence, ([[3.0, -2.0]], [0]), "softmax"),
    "lengths differ": (confusion_matrix, ([0, 1], [0], 2), "predicted has 2 entries, labels has 1"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
