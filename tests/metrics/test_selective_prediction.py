"""Risk against coverage, thresholds, known from unknown, conformal sets."""

import itertools
import json
from math import comb

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from score_batches import (
    assert_refused,
    batch,
    batches,
    calibrated_batch,
    seeds,
    tied_batch,
    tied_batches,
)

from tenfold.core.errors import InputError
from tenfold.metrics import (
    Threshold,
    accuracy,
    area_under_risk_coverage,
    auroc,
    choose_threshold,
    conformal_coverage,
    conformal_quantile,
    conformal_sets,
    conformal_size,
    proportion,
    risk_coverage,
    selective_scores,
    top_confidence,
)


@pytest.mark.parametrize("images", [batch(80, signal=1.0), tied_batch(80)])
def test_risk_at_each_threshold_is_the_error_among_images_at_or_above_it(images):
    confidence, right = top_confidence(*images)
    curve = risk_coverage(*images)
    assert curve.threshold.tolist() == sorted(set(confidence.tolist()), reverse=True)
    for coverage, risk, threshold in zip(curve.coverage, curve.risk, curve.threshold, strict=True):
        accepted = confidence >= threshold
        assert coverage == pytest.approx(accepted.mean())
        assert risk == pytest.approx(1 - right[accepted].mean())


@given(batches | tied_batches)
def test_risk_coverage_ends_at_the_error_rate_and_agrees_with_selective_scores(images):
    curve = risk_coverage(*images)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - accuracy(*images).value)
    middle = len(curve.risk) // 2
    coverage, error = selective_scores(*images, float(curve.threshold[middle]))
    assert coverage.value == pytest.approx(curve.coverage[middle])
    assert error.value == pytest.approx(curve.risk[middle])


def test_risk_coverage_is_plain_json():
    fields = json.loads(json.dumps(risk_coverage(*batch(5)).as_json()))
    assert list(fields) == ["coverage", "risk", "threshold"]
    assert fields["coverage"] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@given(batches)
def test_area_without_ties_is_the_mean_risk_over_all_coverages(images):
    score = area_under_risk_coverage(*images, resamples=5)
    assert score.value == pytest.approx(risk_coverage(*images).risk.mean())


@given(tied_batches)
def test_area_does_not_depend_on_the_order_of_images_and_lies_in_its_interval(images):
    probabilities, labels = images
    order = np.random.default_rng(0).permutation(len(labels))
    score = area_under_risk_coverage(probabilities, labels, resamples=20)
    again = area_under_risk_coverage(probabilities[order], labels[order], resamples=5)
    assert score.value == pytest.approx(again.value)
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_interval_of_the_area_is_the_percentile_bootstrap_of_scipy():
    probabilities, labels = batch(200, signal=1.0)

    def area(index):
        return area_under_risk_coverage(probabilities[index], labels[index], resamples=1).value

    expected = scipy.stats.bootstrap(
        (np.arange(200),), area, vectorized=False, method="percentile", n_resamples=2000, rng=1
    ).confidence_interval
    score = area_under_risk_coverage(probabilities, labels, resamples=2000)
    assert (score.low, score.high) == pytest.approx((expected.low, expected.high), abs=0.015)


def test_area_is_0_without_errors_and_the_error_rate_without_confidence():
    sure = np.eye(2)[[0, 1, 0, 1]]
    assert area_under_risk_coverage(sure, [0, 1, 0, 1]).as_text() == "0.0000 (0.0000 to 0.0000)"
    assert area_under_risk_coverage(sure, [0, 1, 0, 0]).value == 0.25


@pytest.mark.parametrize(("n", "signal", "rate"), [(400, 3.0, 0.05), (3000, 3.0, 0.01)])
def test_chosen_threshold_holds_by_the_exact_binomial_bound_of_scipy(n, signal, rate):
    images = batch(n, signal=signal)
    found = choose_threshold(*images, rate)
    confidence, right = top_confidence(*images)
    accepted = confidence >= found.value
    assert found.accepted == accepted.sum()
    assert found.errors == (accepted & ~right).sum()
    assert (found.error_rate, found.n) == (rate, n)
    steps = int(np.ceil(np.log2(n)))
    bound = scipy.stats.binomtest(found.errors, found.accepted, alternative="less").proportion_ci(
        1 - 0.05 / steps, method="exact"
    )
    assert bound.high <= rate


def _bound(errors, accepted, steps):
    return scipy.stats.beta.ppf(1 - 0.05 / steps, errors + 1, accepted - errors)


@pytest.mark.parametrize("right", [109, 110, 111, 112, 200, 301, 420, 499])
def test_chosen_threshold_is_the_lowest_where_the_bound_rises_as_it_falls(right):
    # Errors stand among the least confident, so that one threshold parts those that hold.
    confidence = np.linspace(0.99, 0.51, 500)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = (np.arange(500) >= right).astype(int)
    found = choose_threshold(probabilities, labels, 0.05)
    holds = [a for a in range(1, 501) if _bound(max(0, a - right), a, 9) <= 0.05]
    assert found.accepted == max(holds)
    assert found.value == confidence[max(holds) - 1]


def test_images_of_equal_confidence_are_accepted_together():
    probabilities = [[0.9, 0.1]] * 300 + [[0.7, 0.3]] * 300
    found = choose_threshold(probabilities, [0] * 300 + [1] * 300, 0.05)
    assert found == Threshold(0.9, 0.05, 300, 600, 0)


def test_a_network_without_errors_accepts_every_image():
    probabilities, _ = batch(2000)
    found = choose_threshold(probabilities, probabilities.argmax(axis=1))
    assert (found.accepted, found.errors) == (2000, 0)
    assert found.value == probabilities.max(axis=1).min()
    assert Threshold(**json.loads(json.dumps(found.as_json()))) == found


def test_the_promise_of_the_threshold_is_kept():
    rate, repetitions, broken = 0.05, 200, 0
    population, _ = calibrated_batch(20_000, seed=99, spread=12.0)
    certainty = population.max(axis=1)
    for seed in range(repetitions):
        found = choose_threshold(*calibrated_batch(500, seed, spread=12.0), rate)
        risk = 1 - certainty[certainty >= found.value].mean()  # calibrated: the true risk
        broken += risk > rate
    assert broken <= scipy.stats.binom.ppf(0.999, repetitions, 0.05)


def _enough(n, rate, confidence=0.95):
    try:
        choose_threshold([[0.9, 0.1]] * n, [0] * n, rate, confidence)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("rate", [0.3, 0.1, 0.05])
def test_too_few_images_are_told_how_many_are_needed(rate):
    with pytest.raises(InputError, match="at least") as told:
        choose_threshold([[0.9, 0.1]] * 3, [0] * 3, rate)
    needed = int(str(told.value).split("at least ")[1].split()[0].replace(",", ""))
    assert _enough(needed, rate)
    assert not any(_enough(n, rate) for n in range(1, needed))


def test_selective_scores_are_shares_with_wilson_intervals():
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    coverage, error = selective_scores(probabilities, [0, 1, 0, 1], 0.7)
    assert (coverage, error) == (proportion(3, 4), proportion(1, 3))
    assert selective_scores(probabilities, [0, 1, 0, 1], 0.95) == (proportion(0, 4), None)
    assert selective_scores(probabilities, [0, 1, 0, 1], 0)[0].value == 1


def _delong(known, unknown):
    """AUC and its variance from all pairs, as DeLong et al. write them."""
    pairs = [[(k > u) + (k == u) / 2 for u in unknown] for k in known]
    rows, columns = np.mean(pairs, axis=1), np.mean(pairs, axis=0)
    variance = np.var(rows, ddof=1) / len(known) + np.var(columns, ddof=1) / len(unknown)
    return np.mean(pairs), variance


scores = st.lists(st.integers(0, 12).map(lambda i: i / 12), min_size=2, max_size=15)


@given(scores, scores)
def test_auroc_is_that_of_scikit_learn_and_its_interval_that_of_all_pairs(known, unknown):
    score = auroc(known, unknown)
    truth = [1] * len(known) + [0] * len(unknown)
    assert score.value == pytest.approx(sklearn.metrics.roc_auc_score(truth, known + unknown))
    value, variance = _delong(known, unknown)
    reach = scipy.stats.norm.ppf(0.975) * variance**0.5
    assert score.low == pytest.approx(max(0, value - reach), abs=1e-9)
    assert score.high == pytest.approx(min(1, value + reach), abs=1e-9)
    assert score.n == len(known) + len(unknown)


@given(scores, scores)
def test_auroc_mirrors_and_ranks_alone_count(known, unknown):
    score, mirrored = auroc(known, unknown), auroc(unknown, known)
    assert score.value + mirrored.value == pytest.approx(1)
    assert score == auroc(np.exp(known), np.exp(unknown))


def test_auroc_of_one_image_has_no_interval():
    assert auroc([0.9], [0.1, 0.2]).as_text() == "1.0000"


def test_interval_of_auroc_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = scipy.stats.norm.cdf(1 / 2**0.5)
    held = 0
    for _ in range(400):
        score = auroc(rng.normal(1, 1, 60), rng.normal(0, 1, 40))
        held += score.low <= truth <= score.high
    assert 0.92 <= held / 400 <= 0.98


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
    assert (size.low, size.high) == pytest.approx((max(0, expected.low), expected.high))


def test_a_single_wrong_image_is_as_improbable_as_the_binomial_says():
    # n images, one of them wrong and as confident as all: the bound by hand.
    rate, steps = 0.05, 8
    for n in (150, 160, 170, 180):
        by_hand = sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in (0, 1))
        probabilities, labels = [[0.9, 0.1]] * n, [1] + [0] * (n - 1)
        if by_hand <= 0.05 / steps:
            assert choose_threshold(probabilities, labels, rate).errors == 1
        else:
            with pytest.raises(InputError, match="1 are wrong"):
                choose_threshold(probabilities, labels, rate)


HALF = [[0.5, 0.5]]
SETS = [[True, False]]
BAD = {
    "logits": (risk_coverage, ([[3.0, -2.0]], [0]), "softmax"),
    "nan": (risk_coverage, ([[np.nan, 1.0]], [0]), "finite, 1 of 1 rows"),
    "label too large": (risk_coverage, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "too many labels": (area_under_risk_coverage, (HALF, [0, 1]), "1 rows, labels has 2"),
    "no resamples": (area_under_risk_coverage, (HALF, [0], 0), "resamples must be an integer"),
    "seed of a half": (area_under_risk_coverage, (HALF, [0], 9, 0.5), "least 0, got 0.5"),
    "no error allowed": (choose_threshold, (HALF, [0], 0.0), "error_rate must be between 0 and 1"),
    "all errors allowed": (choose_threshold, (HALF, [0], 1), "between 0 and 1, got 1"),
    "certainty": (choose_threshold, (HALF, [0], 0.1, 1.0), "confidence must be between 0 and 1"),
    "threshold of logits": (choose_threshold, ([[3.0, -2.0]], [0]), "softmax"),
    "too few": (
        choose_threshold,
        ([[0.9, 0.1]] * 9, [0] * 9),
        "even with none wrong, got 9; give more",
    ),
    "too few, needed": (choose_threshold, (HALF, [0]), "takes at least 1,077 images"),
    "too wrong": (
        choose_threshold,
        ([[0.9, 0.1]] * 100, [0] * 60 + [1] * 40, 0.05),
        "no threshold bounds the error rate by 5 %: of the 100 most confident images 40 "
        "are wrong (40.00 %)",
    ),
    "threshold above 1": (selective_scores, (HALF, [0], 1.5), "from 0 to 1, got 1.5"),
    "threshold of nan": (selective_scores, (HALF, [0], float("nan")), "from 0 to 1, got nan"),
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
    "level of 1": (conformal_quantile, (HALF, [0], 1.0), "level must be between 0 and 1"),
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


@pytest.mark.parametrize(("function", "arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_in_one_line(function, arguments, words):
    assert_refused(function, arguments, words)
