"""Two networks, or two families of networks, on the same images."""

import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from score_batches import assert_refused, seeds
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels

from tenfold.metrics import Difference, McNemar, accuracy_difference, mcnemar


def networks(count, n, error, rng):
    """Whether each of `count` networks, of one error rate, has each of n images right."""
    return rng.random((count, n)) >= error


def pair(n, seed):
    rng = np.random.default_rng(seed)
    hard = rng.random(n)
    return hard + 0.3 * rng.random(n) < 1.1, hard + 0.3 * rng.random(n) < 1.0


@given(seeds, st.integers(1, 300))
def test_mcnemar_is_that_of_statsmodels(seed, n):
    a, b = pair(n, seed)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    expected = mcnemar_of_statsmodels(table, exact=True).pvalue
    assert mcnemar(a, b) == McNemar(table[0][1], table[1][0], pytest.approx(min(1, expected)))


def test_mcnemar_of_equals_is_certain_and_mirrors():
    a, b = pair(200, 0)
    assert mcnemar(a, a) == McNemar(0, 0, 1.0)
    one, other = mcnemar(a, b), mcnemar(b, a)
    assert (one.only_a, one.only_b, one.p) == (other.only_b, other.only_a, other.p)


def test_interval_of_two_networks_is_the_paired_percentile_bootstrap_of_scipy():
    a, b = pair(500, 0)
    expected = scipy.stats.bootstrap(
        (a, b),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=10_000,
        rng=1,
    )
    difference = accuracy_difference(a[None], b[None])
    assert difference.value == pytest.approx(a.mean() - b.mean())
    interval = expected.confidence_interval
    assert (difference.low, difference.high) == pytest.approx(
        (interval.low, interval.high), abs=0.003
    )
    assert difference.visible == pytest.approx(1.96 * expected.standard_error, rel=0.05)
    assert difference.p == mcnemar(a, b).p
    assert difference.n == 500


def _brute_force_differences(a, b, resamples, rng):
    """Networks and images resampled one by one."""
    for _ in range(resamples):
        images = rng.integers(0, a.shape[1], a.shape[1])
        some_a, some_b = (rng.integers(0, len(side), len(side)) for side in (a, b))
        yield a[some_a][:, images].mean() - b[some_b][:, images].mean()


@pytest.mark.parametrize(("count_a", "count_b"), [(3, 5), (1, 4), (4, 1)])
def test_interval_of_families_is_that_of_resampled_networks_and_images(count_a, count_b):
    rng = np.random.default_rng(0)
    hard = rng.beta(0.2, 1.0, 200)
    a = networks(count_a, 200, hard, rng)
    b = networks(count_b, 200, 1.4 * hard, rng)
    brute = np.array(list(_brute_force_differences(a, b, 4000, rng)))
    difference = accuracy_difference(a, b)
    assert difference.value == pytest.approx(a.mean() - b.mean())
    assert (difference.low, difference.high) == pytest.approx(
        np.quantile(brute, [0.025, 0.975]), abs=0.006
    )
    assert difference.visible == pytest.approx(1.96 * brute.std(), rel=0.06)
    sides = min((brute <= 0).mean(), (brute >= 0).mean())
    assert difference.p == pytest.approx(2 * sides, abs=0.03)


def test_the_visible_difference_of_two_networks_is_that_of_the_formula():
    a, b = pair(2000, 1)
    only_a, only_b = (a & ~b).mean(), (b & ~a).mean()
    error = np.sqrt((only_a + only_b - (only_a - only_b) ** 2) / 2000)
    assert accuracy_difference(a[None], b[None]).visible == pytest.approx(1.96 * error, rel=0.03)


@given(seeds, st.integers(1, 4), st.integers(1, 4), st.integers(2, 60))
def test_swapped_sides_change_the_sign_and_the_order_of_images_nothing(seed, few, many, n):
    rng = np.random.default_rng(seed)
    a, b = networks(few, n, 0.2, rng), networks(many, n, 0.3, rng)
    difference = accuracy_difference(a, b, resamples=50)
    order = rng.permutation(n)
    assert difference == accuracy_difference(a[:, order], b[:, order], resamples=50)
    assert difference.value == -accuracy_difference(b, a, resamples=50).value
    assert -1 <= difference.low <= difference.high <= 1
    assert 0 < difference.p <= 1


def test_networks_that_agree_show_no_difference():
    right = np.array([[True] * 90 + [False] * 10])
    one = accuracy_difference(right, right)
    family = accuracy_difference(right.repeat(3, axis=0), right.repeat(2, axis=0))
    assert one == family == Difference(0.0, 0.0, 0.0, 1.0, 0.0, 100)


def test_spread_of_seeds_widens_the_interval():
    rng = np.random.default_rng(0)
    b = networks(6, 2000, 0.1, rng)
    same = networks(6, 2000, 0.1, rng)
    moody = networks(6, 2000, np.linspace(0.02, 0.18, 6)[:, None], rng)
    steady, shaky = accuracy_difference(same, b), accuracy_difference(moody, b)
    assert shaky.high - shaky.low > 3 * (steady.high - steady.low)
    assert steady.p > 0.05


def test_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = single = rejected = 0
    for seed in range(200):
        levels = 0.1 + 0.02 * rng.normal(size=(12, 1))
        right = networks(12, 400, levels, rng)
        difference = accuracy_difference(right[:6], right[6:], resamples=200, seed=seed)
        held += difference.low <= 0 <= difference.high
        rejected += difference.p < 0.05
        one = accuracy_difference(
            networks(1, 400, 0.1, rng), networks(1, 400, 0.15, rng), resamples=200, seed=seed
        )
        single += one.low <= 0.05 <= one.high
    assert 0.86 <= held / 200 <= 0.99  # six networks understate their spread by a tenth
    assert rejected / 200 <= 0.14
    assert 0.91 <= single / 200 <= 0.985


def test_same_seed_gives_the_same_figures_and_another_seed_others():
    rng = np.random.default_rng(0)
    a, b = networks(2, 300, 0.1, rng), networks(2, 300, 0.15, rng)
    first = accuracy_difference(a, b, resamples=100, seed=1)
    assert first == accuracy_difference(a, b, resamples=100, seed=1)
    assert first != accuracy_difference(a, b, resamples=100, seed=2)


def test_resamples_drawn_in_blocks_count_all(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = networks(3, 300, 0.2, rng), networks(3, 300, 0.3, rng)
    whole = accuracy_difference(a, b, resamples=500)
    monkeypatch.setattr("tenfold.metrics.paired_tests._BLOCK", 100)
    assert accuracy_difference(a, b, resamples=500) == whole


def test_comparisons_come_back_from_json():
    a, b = pair(50, 0)
    for figure in (mcnemar(a, b), accuracy_difference(a[None], b[None], resamples=20)):
        assert type(figure)(**json.loads(json.dumps(figure.as_json()))) == figure


ONE = [[True, False]]
BAD = {
    "numbers": (mcnemar, ([1, 0], [1, 1]), "correct_a must be bool, got int64"),
    "numbers on the other side": (mcnemar, ([True], [0.5]), "correct_b must be bool, got float64"),
    "a family": (mcnemar, (ONE, ONE), "correct_a must have the shape [n], got (1, 2)"),
    "no images": (mcnemar, (np.zeros(0, bool), np.zeros(0, bool)), "correct_a is empty"),
    "other images": (mcnemar, ([True], [True, False]), "correct_a has 1 images, correct_b has 2"),
    "one network, no row": (accuracy_difference, (ONE[0], ONE[0]), "[networks, n], got (2,)"),
    "no networks": (accuracy_difference, (np.zeros((0, 5), bool), ONE), "correct_a is empty"),
    "ragged": (accuracy_difference, (ONE, [[True], [True, False]]), "correct_b must be bool [net"),
    "families of other images": (accuracy_difference, (ONE, [[True] * 3]), "correct_b has 3"),
    "text": (accuracy_difference, (ONE, [["a", "b"]]), "correct_b must be bool, got <U1"),
    "no resamples": (accuracy_difference, (ONE, ONE, 0), "resamples must be an integer of at"),
    "negative seed": (accuracy_difference, (ONE, ONE, 10, -1), "seed must be an integer of at"),
}


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, words):
    assert_refused(function, arguments, words)
