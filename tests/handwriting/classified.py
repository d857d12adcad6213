"""Classified components for tests."""

import numpy as np

from tenfold.handwriting.classifier import Classified
from tenfold.handwriting.segmentation import Component


def component_of(mask):
    return Component(mask, 0, 0)


def classified_as(components, confidences):
    """Components classified as a 3, with the rest of the probability on the reject class."""
    n = len(components)
    probabilities = np.zeros((n, 11), np.float32)
    probabilities[:, 3] = confidences
    probabilities[:, 10] = 1 - probabilities[:, 3]
    return Classified(components, np.zeros((n, 28, 28), np.uint8), probabilities, reject=10)
