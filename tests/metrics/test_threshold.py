"""Thresholds that bound the error rate."""

import json
from math import comb

import numpy as np
import pytest
import scipy.stats
from score_batches import (
    assert_refused,
    batch,
    calibrated_batch,
)

from tenfold.core.errors import InputError
from tenfold.metrics import (
    Threshold,
    choose_threshold,
    top_confidence,
)


@pytest.mark.parametrize(("n", "signal", "rate"), [(400, 3.0, 0.05), (3000, 3.0, 0.01)])
def test_chosen_threshold_holds_by_the_exact_binomial_bound_of_scipy(n, signal, rate):
    images = batch(n, signal=signal)
    chosen = choose_threshold(*images, rate)
    confidence, correct = top_confidence(*images)
    accepted = confidence >= chosen.value
    assert chosen.accepted == accepted.sum()
    assert chosen.errors == (accepted & ~correct).sum()
    assert (chosen.error_rate, chosen.n) == (rate, n)
    steps = int(np.ceil(np.log2(n)))
    bound = scipy.stats.binomtest(chosen.errors, chosen.accepted, alternative="less").proportion_ci(
        1 - 0.05 / steps, method="exact"
    )
    assert bound.high <= rate


def _bound(errors, accepted, steps):
    return scipy.stats.beta.ppf(1 - 0.05 / steps, errors + 1, accepted - errors)


@pytest.mark.parametrize("correct", [109, 110, 111, 112, 200, 301, 420, 499])
def test_chosen_threshold_is_the_lowest_where_the_bound_rises_as_it_falls(correct):
    # Errors are among the least confident, so that the bound holds above one threshold only.
    confidence = np.linspace(0.99, 0.51, 500)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = (np.arange(500) >= correct).astype(int)
    chosen = choose_threshold(probabilities, labels, 0.05)
    holds = [a for a in range(1, 501) if _bound(max(0, a - correct), a, 9) <= 0.05]
    assert chosen.accepted == max(holds)
    assert chosen.value == confidence[max(holds) - 1]


def test_images_of_equal_confidence_are_accepted_together():
    probabilities = [[0.9, 0.1]] * 300 + [[0.7, 0.3]] * 300
    chosen = choose_threshold(probabilities, [0] * 300 + [1] * 300, 0.05)
    assert chosen == Threshold(0.9, 0.05, 300, 600, 0)


def test_a_network_without_errors_accepts_every_image():
    probabilities, _ = batch(2000)
    chosen = choose_threshold(probabilities, probabilities.argmax(axis=1))
    assert (chosen.accepted, chosen.errors) == (2000, 0)
    assert chosen.value == probabilities.max(axis=1).min()
    assert Threshold(**json.loads(json.dumps(chosen.as_json()))) == chosen


def test_the_bound_on_the_error_rate_holds_as_often_as_stated():
    rate, repetitions, exceeded = 0.05, 200, 0
    population, _ = calibrated_batch(20_000, seed=99, spread=12.0)
    confidence = population.max(axis=1)
    for seed in range(repetitions):
        chosen = choose_threshold(*calibrated_batch(500, seed, spread=12.0), rate)
        risk = 1 - confidence[confidence >= chosen.value].mean()  # calibrated: the true risk
        exceeded += risk > rate
    assert exceeded <= scipy.stats.binom.ppf(0.999, repetitions, 0.05)


def _enough(n, rate, confidence=0.95):
    try:
        choose_threshold([[0.9, 0.1]] * n, [0] * n, rate, confidence)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("rate", [0.3, 0.1, 0.05])
def test_too_few_images_are_refused_with_the_number_needed(rate):
    with pytest.raises(InputError, match="at least") as caught:
        choose_threshold([[0.9, 0.1]] * 3, [0] * 3, rate)
    needed = int(str(caught.value).split("at least ")[1].split()[0].replace(",", ""))
    assert _enough(needed, rate)
    assert not any(_enough(n, rate) for n in range(1, needed))


def test_a_single_wrong_image_is_as_improbable_as_the_binomial_distribution_says():
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
BAD = {
    "no error allowed": (
        choose_threshold,
        (HALF, [0], 0.0),
        "error_rate must be above 0 and below 1",
    ),
    "all errors allowed": (choose_threshold, (HALF, [0], 1), "above 0 and below 1, got 1"),
    "certainty": (
        choose_threshold,
        (HALF, [0], 0.1, 1.0),
        "confidence must be above 0 and below 1",
    ),
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
}


@pytest.mark.parametrize(("function", "arguments", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_one_line(function, arguments, message):
    assert_refused(function, arguments, message)
