"""Close crops of one digit: classify the central component and the entire picture.

A digit that fills the picture from edge to edge may be dark or light: there may be more ink than
background, so the classifier decides. The picture may be stretched, so narrower views are
classified too. Other close crops contain fragments of neighbouring digits. No cut separates them
reliably where they touch, but a classifier trained on digits among fragments reads the picture
as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.handwriting.binarization import Ink
from tenfold.handwriting.classifier import Classified, Classifier, Crops, Probabilities
from tenfold.handwriting.segmentation import Component
from tenfold.handwriting.segmentation.borders import most_central, touches_border

Mask = NDArray[np.bool_]
_MIN_CONFIDENCE = 0.6  # of a single component that does not touch the border,
_MIN_CONFIDENCE_AT_BORDER = 0.99  # of one that does,
_MIN_CONFIDENCE_OF_SEVERAL = 0.4  # and of each of several: complete ones are not fragments
_NARROW_VIEW = 0.8  # of the width
_COMPONENT_WEIGHT = 0.5  # of the central component; the mean of the views has weight 1
_MIN_REJECT = 0.8  # probability of the reject class; below it the crop is taken as a digit
_FULL_FRAME_SIDE = 224  # pixels of the long side at which a full-frame digit is detected
_FULL_FRAME_WIDTHS = (1.0, 0.8, 0.65)  # of the width; views of a full-frame digit
_MIN_FULL_FRAME_CONFIDENCE = 0.5
_ONE_COMPONENT = 0.85  # share of the ink that belongs to a full-frame digit
_LARGEST_BORDER = 0.6  # share of the border that is ink
_NARROWEST, _WIDEST = 0.2, 1.6  # width by height of its picture


def is_settled(digits: Classified, size: tuple[int, int]) -> bool:
    """Return whether the digits of a close crop are complete and confident.

    Args:
        digits: classified components.
        size: ``(width, height)`` of the picture.
    """
    clipped = [touches_border(digit, size) for digit in digits.components]
    if clipped == [True]:
        return bool(digits.confidence[0] >= _MIN_CONFIDENCE_AT_BORDER)
    least = _MIN_CONFIDENCE if len(clipped) == 1 else _MIN_CONFIDENCE_OF_SEVERAL
    return not any(clipped) and bool(digits.confidence.min() >= least)


def classify_as_one_digit(digits: Classified, ink: Ink, classifier: Classifier) -> Classified:
    """Classify a close crop as one digit.

    The probabilities are the weighted mean of the central component's and those of three views
    of the entire picture. Crop and box are the central component's.

    Args:
        digits: classified components.
        ink: of the picture.
        classifier: predicts the class of crops.
    """
    central = digits.components.index(most_central(digits.components, ink.size))
    views = classifier.predict(_views(ink.mask, ink.mask & ink.core)).mean(axis=0)
    mean = (views + _COMPONENT_WEIGHT * digits.probabilities[central]) / (1 + _COMPONENT_WEIGHT)
    probabilities = _reject_or_digit(mean, digits.reject)[None]
    return replace(digits.select([central]), probabilities=probabilities)


def full_frame_digit(
    pixels: Crops, crop: Callable[[Mask], Crops], classifier: Classifier
) -> tuple[Classified, bool] | None:
    """Return the digit that fills a picture from edge to edge, and whether it is light on dark.

    Such ink, by Otsu's threshold, is one component that reaches from one edge to the opposite one.
    If both polarities qualify, the more confident one is returned.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        crop: mask of ink -> uint8 ``[28, 28]``.
        classifier: predicts the class of crops.

    Returns:
        The digit and its polarity, or None if no polarity is confident.
    """
    from skimage.filters import threshold_otsu

    step = max(1, max(pixels.shape[:2]) // _FULL_FRAME_SIDE)
    grey = pixels[::step, ::step].mean(axis=2)
    if np.ptp(grey) == 0:
        return None
    lighter = grey > threshold_otsu(grey)
    candidates = []
    for light_on_dark, ink in ((False, ~lighter), (True, lighter)):
        if _fills_frame(ink):
            crops = np.stack([crop(_narrowed(ink, width)) for width in _FULL_FRAME_WIDTHS])
            mean = classifier.predict(crops).mean(axis=0)
            probabilities = _reject_or_digit(mean, classifier.reject)[None]
            component = Component(ink.repeat(step, 0).repeat(step, 1), 0, 0)
            digit = Classified([component], crops[:1], probabilities, classifier.reject)
            candidates.append((digit, light_on_dark))
    best = max(candidates, key=lambda each: float(each[0].confidence[0]), default=None)
    return best if best and best[0].confidence[0] >= _MIN_FULL_FRAME_CONFIDENCE else None


def _fills_frame(ink: Mask) -> bool:
    """Return whether nearly all ink is one central component that reaches from edge to edge.

    Most of the picture's border is background.
    """
    height, width = ink.shape
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    if not _NARROWEST < width / height < _WIDEST or not 0 < border.mean() < _LARGEST_BORDER:
        return False
    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    largest = int(np.bincount(labels.ravel())[1:].argmax()) + 1
    digit = labels == largest
    rows, columns = digit.any(axis=1), digit.any(axis=0)
    across = (rows[0] and rows[-1]) or (columns[0] and columns[-1])
    is_central = all(
        0.25 < np.flatnonzero(line)[[0, -1]].mean() / len(line) < 0.75 for line in (rows, columns)
    )
    return bool(across and is_central and digit.sum() > _ONE_COMPONENT * ink.sum())


def _narrowed(mask: Mask, share: float) -> Mask:
    size = (max(1, round(mask.shape[1] * share)), mask.shape[0])
    return _resized(mask, size) > 127


def _reject_or_digit(probabilities: Probabilities, reject: int | None) -> Probabilities:
    """Return probabilities ``[classes]`` with the reject class at 0 unless it is confident."""
    if reject is None or probabilities[reject] >= _MIN_REJECT:
        return probabilities
    as_digit = probabilities.copy()
    as_digit[reject] = 0
    return as_digit


def _views(ink: Mask, sharp: Mask) -> Crops:
    """Return three views of the entire picture, stretched to uint8 ``[3, 28, 28]``."""
    margin = round(sharp.shape[1] * (1 - _NARROW_VIEW) / 2)
    masks = (ink, sharp, sharp[:, margin : -margin or None])
    return np.stack([_resized(mask, (SIDE, SIDE)) for mask in masks])


def _resized(mask: Mask, size: tuple[int, int]) -> Crops:
    from PIL import Image as pillow

    levels = pillow.fromarray(mask * np.uint8(255))
    return np.asarray(levels.resize(size, pillow.Resampling.BOX))
