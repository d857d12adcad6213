"""Digits that the tests of handwriting share."""

import numpy as np
import pytest

from tenfold.handwriting.reading import default_predictor


@pytest.fixture(scope="session")
def digits(mnist):
    """One upright digit of each class that fills its box in height and does not fall apart."""
    images, labels = mnist.validation.images, mnist.validation.labels
    tall = (images > 0).any(axis=2).sum(axis=1) == 20
    return {d: images[(labels == d) & tall][3] for d in range(10)}


@pytest.fixture(scope="session")
def plain(mnist):
    """A test image of each digit that the reader is sure of."""
    images, labels = mnist.test.images[:1000], mnist.test.labels[:1000]
    chances = default_predictor()(images)[np.arange(1000), labels]
    return [images[max(np.flatnonzero(labels == k), key=lambda i: chances[i])] for k in range(10)]
