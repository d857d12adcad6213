"""Classify digits with long stems by their heads, which are too small in crops of 28x28."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.classifier import Classified, Classifier, Crop
from tenfold.handwriting.segmentation import Component

_LONG = 1.4  # times the typical height, from which a digit is long
_HEAD = 1.2  # times the typical height, that remain of it
_MAX_STEM = 2.5  # stroke widths of ink per row; slanted stems cover more than one
_MIN_CONFIDENCE = 0.8  # of the classification without the stem


def reclassify_long_stems(
    digits: Classified, height: float, pen: float, classifier: Classifier, crop: Crop
) -> Classified:
    """Classify long digits again without the end of their stem, if the result is confident.

    Only a single stroke is removed, so that the bowl of a long 6 stays. Boxes do not change.

    Args:
        digits: classified with their stems.
        height: of a typical digit, in pixels.
        pen: stroke width in pixels.
        classifier: predicts the class of crops.
        crop: makes the crop of a component.
    """
    heads = {
        i: head
        for i, digit in enumerate(digits.components)
        if (head := _head(digit, height, pen)) is not None
    }
    if not heads:
        return digits
    by_head = classifier.classify(list(heads.values()), crop)
    confident = by_head.confidence >= _MIN_CONFIDENCE
    indices = np.array(list(heads))[confident]
    crops, probabilities = digits.crops.copy(), digits.probabilities.copy()
    crops[indices] = by_head.crops[confident]
    probabilities[indices] = by_head.probabilities[confident]
    return replace(digits, crops=crops, probabilities=probabilities)


def _head(digit: Component, height: float, pen: float) -> Component | None:
    """Return the upper part of a long digit that ends in a stem, else None."""
    rows = round(_HEAD * height)
    if digit.height < _LONG * height or not _is_stem(digit.mask[rows:], pen):
        return None
    return digit.select((np.arange(digit.height) < rows)[:, None])


def _is_stem(ink: NDArray[np.bool_], pen: float) -> bool:
    """Return whether ink ``[height, width]`` is a single stroke from top to bottom."""
    starts = ink & ~np.pad(ink[:, :-1], ((0, 0), (1, 0)))
    single = (starts.sum(axis=1) == 1).mean() > 0.9
    return bool(single and ink.sum() < _MAX_STEM * pen * len(ink))
