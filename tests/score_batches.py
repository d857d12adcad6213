"""Probabilities and labels for the tests of metrics, and a check of refused input."""

import numpy as np
import pytest
from hypothesis import strategies as st

from tenfold import InputError

CLASSES = 10


def batch(n, seed=0, signal=2.0):
    """Uncalibrated probabilities [n, 10], and labels; accuracy increases with signal."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, n)
    return softmax(rng.normal(size=(n, CLASSES)) + signal * np.eye(CLASSES)[labels]), labels


def calibrated_batch(n, seed=0, spread=4.0):
    """Probabilities [n, 10], and labels drawn from them: a calibrated network."""
    rng = np.random.default_rng(seed)
    probabilities = softmax(spread * rng.normal(size=(n, CLASSES)))
    draws = rng.random((n, 1))
    labels = (probabilities.cumsum(axis=1)[:, :-1] < draws).sum(axis=1)
    return probabilities, labels


def tied_batch(n, seed=0):
    """As `batch`, but with few distinct probabilities."""
    probabilities, labels = batch(n, seed)
    rounded = np.ceil(4 * probabilities)
    return rounded / rounded.sum(axis=1, keepdims=True), labels


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


seeds = st.integers(0, 2**32 - 1)
batches = st.builds(batch, st.integers(1, 60), seeds)
tied_batches = st.builds(tied_batch, st.integers(1, 60), seeds)


def assert_refused(function, arguments, words):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
