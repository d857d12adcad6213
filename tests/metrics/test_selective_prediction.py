"""Risk-coverage curves and their area, coverage and risk of a threshold."""

import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from score_batches import (
    assert_refused,
    batch,
    batches,
    tied_batch,
    tied_batches,
)

from tenfold.metrics import (
    accuracy,
    area_under_risk_coverage,
    proportion,
    risk_coverage,
    selective_scores,
    top_confidence,
)


@pytest.mark.parametrize("images", [batch(80, signal=1.0), tied_batch(80)])
def test_risk_at_each_threshold_is_the_error_among_images_at_or_above_it(images):
    confidence, correct = top_confidence(*images)
    curve = risk_coverage(*images)
    assert curve.threshold.tolist() == sorted(set(confidence.tolist()), reverse=True)
    for coverage, risk, threshold in zip(curve.coverage, curve.risk, curve.threshold, strict=True):
        accepted = confidence >= threshold
        assert coverage == pytest.approx(accepted.mean())
        assert risk == pytest.approx(1 - correct[accepted].mean())


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


def test_selective_scores_are_shares_with_wilson_intervals():
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    coverage, error = selective_scores(probabilities, [0, 1, 0, 1], 0.7)
    assert (coverage, error) == (proportion(3, 4), proportion(1, 3))
    assert selective_scores(probabilities, [0, 1, 0, 1], 0.95) == (proportion(0, 4), None)
    assert selective_scores(probabilities, [0, 1, 0, 1], 0)[0].value == 1


HALF = [[0.5, 0.5]]
BAD = {
    "logits": (risk_coverage, ([[3.0, -2.0]], [0]), "softmax"),
    "nan": (risk_coverage, ([[np.nan, 1.0]], [0]), "finite, 1 of 1 rows"),
    "label too large": (risk_coverage, (HALF, [2]), "from 0 to 1, got 2 to 2"),
    "too many labels": (area_under_risk_coverage, (HALF, [0, 1]), "1 rows, labels has 2"),
    "no resamples": (area_under_risk_coverage, (HALF, [0], 0), "resamples must be an integer"),
    "seed of a half": (area_under_risk_coverage, (HALF, [0], 9, 0.5), "least 0, got 0.5"),
    "threshold above 1": (selective_scores, (HALF, [0], 1.5), "from 0 to 1, got 1.5"),
    "threshold of nan": (selective_scores, (HALF, [0], float("nan")), "from 0 to 1, got nan"),
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
