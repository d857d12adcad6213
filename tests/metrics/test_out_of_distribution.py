"""AUROC of a score that separates two sets of images."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from score_batches import assert_refused

from tenfold.metrics import (
    auroc,
)


def _delong(inside, outside):
    """AUC and its variance from all pairs, as DeLong et al. write them."""
    pairs = [[(k > u) + (k == u) / 2 for u in outside] for k in inside]
    rows, columns = np.mean(pairs, axis=1), np.mean(pairs, axis=0)
    variance = np.var(rows, ddof=1) / len(inside) + np.var(columns, ddof=1) / len(outside)
    return np.mean(pairs), variance


scores = st.lists(st.integers(0, 12).map(lambda i: i / 12), min_size=2, max_size=15)


@given(scores, scores)
def test_auroc_is_that_of_scikit_learn_and_its_interval_that_of_all_pairs(inside, outside):
    score = auroc(inside, outside)
    truth = [1] * len(inside) + [0] * len(outside)
    assert score.value == pytest.approx(sklearn.metrics.roc_auc_score(truth, inside + outside))
    value, variance = _delong(inside, outside)
    reach = scipy.stats.norm.ppf(0.975) * variance**0.5
    assert score.low == pytest.approx(max(0, value - reach), abs=1e-9)
    assert score.high == pytest.approx(min(1, value + reach), abs=1e-9)
    assert score.n == len(inside) + len(outside)


@given(scores, scores)
def test_auroc_mirrors_and_ranks_alone_count(inside, outside):
    score, mirrored = auroc(inside, outside), auroc(outside, inside)
    assert score.value + mirrored.value == pytest.approx(1)
    assert score == auroc(np.exp(inside), np.exp(outside))


def test_auroc_of_one_image_has_no_interval():
    assert auroc([0.9], [0.1, 0.2]).as_text() == "1.0000"


def test_interval_of_auroc_holds_the_truth_as_often_as_stated():
    rng = np.random.default_rng(0)
    truth = scipy.stats.norm.cdf(1 / 2**0.5)
    held = 0
    for _ in range(400):
        score = auroc(rng.normal(1, 1, 60), rng.normal(0, 1, 40))
        held += score.low <= truth <= score.high
    assert 0.92 <= held / 400 <= 0.98


BAD = {
    "no images in distribution": (auroc, ([], [0.1]), "in_distribution must be a row of at least"),
    "table of scores": (
        auroc,
        ([0.1], [[0.1]]),
        "out_of_distribution must be a row of at least one number",
    ),
    "nan out of distribution": (
        auroc,
        ([0.1], [0.1, np.nan]),
        "out_of_distribution must be finite, 1 of 2 scores",
    ),
    "text in distribution": (
        auroc,
        (["a"], [0.1]),
        "in_distribution must be real numbers, got <U1",
    ),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
