"""Scores with Wilson and t intervals, and summaries over seeds."""

import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    assert_refused,
    batch,
)
from statsmodels.stats.proportion import proportion_confint

from tenfold import Evaluation
from tenfold.metrics import (
    METRICS,
    Score,
    SeedSummary,
    accuracy,
    log_loss,
    over_seeds,
    proportion,
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


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_intervals_over_seeds_stay_within_the_bounds(values):
    free, bounded = over_seeds(values), over_seeds(values, bounds=(0, 1))
    assert (bounded.low, bounded.high) == (max(0, free.low), min(1, free.high))
    assert 0 <= bounded.low <= bounded.high <= 1


def test_every_metric_of_two_networks_has_an_interval_within_its_bounds():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 10
    for share in (0.0, 0.5, 0.9, 1.0):
        one_hot = np.eye(10)[labels]
        noisy = share * one_hot + (1 - share) * rng.dirichlet(np.ones(10), 40)
        result = Evaluation("test", tuple("0123456789"), labels, np.stack([noisy, one_hot[::-1]]))
        for name, metric in METRICS.items():
            summary, (lowest, highest) = result.summary(name), metric.bounds
            assert lowest <= summary.low <= summary.mean <= summary.high <= highest, name


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


BAD = {
    "n of zero": (wilson_interval, (0, 0), "n must be at least 1, got 0"),
    "more correct than there are": (wilson_interval, (11, 10), "from 0 to n = 10, got 11"),
    "fewer than none": (wilson_interval, (-1, 10), "got -1"),
    "certainty": (wilson_interval, (1, 2, 1.0), "above 0 and below 1, got 1.0"),
    "share of nothing": (proportion, (0, 0), "n must be at least 1, got 0"),
    "no seeds": (over_seeds, ([],), "at least one number"),
    "table of seeds": (over_seeds, ([[1.0]],), "got shape (1, 1)"),
    "diverged seed": (over_seeds, ([0.9, np.nan],), "finite, got [0.9, nan]"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
