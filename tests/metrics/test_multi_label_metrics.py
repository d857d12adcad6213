"""Metrics of images with any number of labels, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.metrics.registry import MULTI_LABEL_METRICS

RNG = np.random.default_rng(0)
LABELS = (RNG.random((200, 5)) < [0.5, 0.3, 0.2, 0.1, 0.05]).astype(np.uint8)
SCORES = np.clip(LABELS * 0.3 + RNG.random((200, 5)) * 0.7, 0, 1).round(2)  # with ties
ANSWERS = SCORES >= 0.5
EXPECTED = {
    "macro_auroc": reference.roc_auc_score(LABELS, SCORES),
    "macro_average_precision": reference.average_precision_score(LABELS, SCORES),
    "exact_match": reference.accuracy_score(LABELS, ANSWERS),
    "label_accuracy": 1 - reference.hamming_loss(LABELS, ANSWERS),
}
for mean in ("macro", "micro"):
    for name in ("precision", "recall", "f1"):
        function = getattr(reference, f"{name}_score")
        EXPECTED[f"{mean}_{name}"] = function(LABELS, ANSWERS, average=mean, zero_division=0)


def test_every_metric_is_compared():
    assert set(EXPECTED) == set(MULTI_LABEL_METRICS)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_metric_equals_that_of_scikit_learn(name):
    score = MULTI_LABEL_METRICS[name].function(SCORES, LABELS)
    assert score.value == pytest.approx(EXPECTED[name], abs=1e-12)
    assert score.low < score.value < score.high
    assert score.high - score.low < 0.25


def test_each_label_has_its_scores():
    scores = metrics.label_scores(SCORES, LABELS)
    for i, label in enumerate(scores):
        truth, answers = LABELS[:, i], ANSWERS[:, i]
        assert label.auroc.value == pytest.approx(reference.roc_auc_score(truth, SCORES[:, i]))
        area = reference.average_precision_score(truth, SCORES[:, i])
        assert label.average_precision.value == pytest.approx(area)
        assert label.average_precision.low <= area <= label.average_precision.high
        assert label.f1.value == pytest.approx(reference.f1_score(truth, answers))
        assert (label.n, label.predicted) == (truth.sum(), answers.sum())


def test_a_label_that_no_image_has_is_not_ranked():
    labels = LABELS * [1, 1, 1, 1, 0]
    score = MULTI_LABEL_METRICS["macro_auroc"].function(SCORES, labels)
    assert score.value == pytest.approx(reference.roc_auc_score(labels[:, :4], SCORES[:, :4]))
    empty = metrics.label_scores(SCORES, labels)[4]
    assert empty.auroc is None
    assert empty.average_precision is None
    assert empty.recall is None


def test_the_bootstrap_interval_of_the_area_agrees_with_that_of_delong():
    bootstrapped = MULTI_LABEL_METRICS["macro_auroc"].function(SCORES[:, :1], LABELS[:, :1], 2000)
    exact = metrics.label_scores(SCORES[:, :1], LABELS[:, :1])[0].auroc
    assert bootstrapped.low == pytest.approx(exact.low, abs=0.01)
    assert bootstrapped.high == pytest.approx(exact.high, abs=0.01)


def test_labels_of_one_class_an_image_are_refused():
    with pytest.raises(InputError, match="labels must be 0 and 1 for each"):
        MULTI_LABEL_METRICS["macro_f1"].function(SCORES, LABELS[:, 0])


def test_without_a_label_to_rank_there_are_no_areas():
    defined = metrics.defined_metrics(np.ones((3, 2)))
    assert "exact_match" in defined
    assert "macro_auroc" not in defined
