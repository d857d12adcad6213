"""Conformal prediction sets."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    assert_refused,
    batch,
    batches,
    seeds,
)

from tenfold.metrics import (
    conformal_coverage,
    conformal_quantile,
    conformal_sets,
    conformal_size,
    proportion,
)


@given(seeds, st.integers(1, 60), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_conformal_quantile_is_the_smallest_that_covers_enough(seed, n, level):
    probabilities, labels = batch(n, seed)
    quantile = conformal_quantile(probabilities, labels, level)
    needed = next(k for k in itertools.count() if k >= (n + 1) * level - 1e-9)
    improbability = 1 - probabilities[np.arange(n), labels]
    if needed > n:
        assert quantile == 1
    else:
        assert (improbability <= quantile).sum() == needed
        assert quantile in improbability


def test_conformal_quantile_at_a_rank_that_is_whole_is_not_rounded_up():
    confidence = np.linspace(0.5, 0.99, 99)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    assert conformal_quantile(probabilities, [0] * 99, 0.99) == 1 - confidence[0]
    assert conformal_quantile(probabilities[:98], [0] * 98, 0.99) == 1.0
    assert 100 * 0.55 > 55  # in floats
    assert conformal_quantile(probabilities, [0] * 99, 0.55) == 1 - confidence[99 - 55]


def test_conformal_sets_hold_the_label_as_often_as_promised():
    level, n, m, repetitions = 0.9, 60, 50, 300
    covered = []
    for seed in range(repetitions):
        probabilities, labels = batch(n + m, seed, signal=1.5)
        quantile = conformal_quantile(probabilities[:n], labels[:n], level)
        sets = conformal_sets(probabilities[n:], quantile)
        covered.append(conformal_coverage(sets, labels[n:]).value)
    # Exact for scores without ties: ⌈(n + 1) level⌉ / (n + 1).
    expected = np.ceil((n + 1) * level) / (n + 1)
    assert np.mean(covered) == pytest.approx(expected, abs=4 * scipy.stats.sem(covered))
    assert expected >= level


@given(batches, st.floats(0, 1), st.floats(0, 1))
def test_conformal_sets_grow_with_the_quantile_up_to_all_classes(images, one, other):
    probabilities, _ = images
    low, high = sorted([one, other])
    small, large = conformal_sets(probabilities, low), conformal_sets(probabilities, high)
    assert not (small & ~large).any()
    assert conformal_sets(probabilities, 1.0).all()
    np.testing.assert_array_equal(large, 1 - probabilities <= high)


def test_conformal_coverage_and_size_are_share_and_mean():
    sets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    assert conformal_coverage(sets, [0, 2, 1, 1]) == proportion(2, 4)
    size = conformal_size(sets)
    expected = scipy.stats.ttest_1samp([1, 2, 0, 3], 0).confidence_interval(0.95)
    assert size.value == 1.5
    assert expected.low < 0
    assert expected.high > 3
    assert (size.low, size.high) == (0, 3)  # no set has fewer or more classes
    sets = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 0, 0]], bool)
    size = conformal_size(sets)
    expected = scipy.stats.ttest_1samp([1, 2, 2, 1], 0).confidence_interval(0.95)
    assert (size.low, size.high) == pytest.approx((expected.low, expected.high))


HALF = [[0.5, 0.5]]
SETS = [[True, False]]
BAD = {
    "level of 1": (conformal_quantile, (HALF, [0], 1.0), "level must be above 0 and below 1"),
    "quantile of logits": (conformal_quantile, ([[3.0, -2.0]], [0]), "softmax"),
    "quantile above 1": (conformal_sets, (HALF, 1.5), "quantile must be from 0 to 1, got 1.5"),
    "quantile of nan": (conformal_sets, (HALF, float("nan")), "from 0 to 1, got nan"),
    "sets of logits": (conformal_sets, ([[3.0, -2.0]], 0.5), "softmax"),
    "sets of numbers": (conformal_coverage, ([[1, 0]], [0]), "sets must be bool, got int64"),
    "one set": (conformal_coverage, ([True, False], [0]), "[n, classes], got (2,)"),
    "ragged sets": (conformal_size, ([[True], [True, False]],), "rows of one length"),
    "more labels than sets": (conformal_coverage, (SETS, [0, 1]), "1 rows, labels has 2"),
    "label outside": (conformal_coverage, (SETS, [2]), "labels must be from 0 to 1"),
    "no sets": (conformal_size, (np.zeros((0, 10), bool),), "sets is empty"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
