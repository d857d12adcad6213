"""Digits that the tests of handwriting share."""

import numpy as np
import pytest

from tenfold.export.predictor import default_predictor


@pytest.fixture(scope="session")
def digits(mnist):
    """One upright digit of each class that fills its box in height and is connected."""
    images, labels = mnist.validation.images, mnist.validation.labels
    tall = (images > 0).any(axis=2).sum(axis=1) == 20
    return {d: images[(labels == d) & tall][3] for d in range(10)}


@pytest.fixture(scope="session")
def plain(mnist):
    """The most confident test image of each digit."""
    images, labels = mnist.test.images[:1000], mnist.test.labels[:1000]
    confidences = default_predictor()(images)[np.arange(1000), labels]
    return [
        images[max(np.flatnonzero(labels == k), key=lambda i: confidences[i])] for k in range(10)
    ]
