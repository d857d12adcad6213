"""From a picture to the digits in it, found by the detector network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenfold.core.limits import IMAGE_SIDE
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.handwriting.binarization import Ink, Pixels, binarize, is_light_on_dark
from tenfold.handwriting.box_crops import ink_in_boxes
from tenfold.handwriting.detections import Detections
from tenfold.handwriting.detector import detect, fit_digit_count, select_digits
from tenfold.handwriting.picture import Picture, upscale
from tenfold.handwriting.pipeline import (
    DetectedDigits,
    crop_component,
    in_reading_order,
    ink_of,
    no_digit,
)
from tenfold.handwriting.segmentation import Component
from tenfold.handwriting.time_budget import check_time, in_time, is_time_up

Crops = NDArray[np.uint8]
Probabilities = NDArray[np.float32]

READER_CLASSES = (*(str(digit) for digit in range(10)), REJECT_CLASS)
"""Classes of the networks whose answers are combined with the detector's."""
_SMALL_PICTURE = 250_000  # pixels; up to this size, both polarities are always tried
_CERTAIN = 0.8  # evidence of one polarity from which the other is not tried in larger ones
_PREFERENCE = 0.2  # more evidence that the other polarity needs
_LEAST_AREA = 0.12  # of its digits, by the ink of the estimated one around them
_DETECTOR_WEIGHT = 0.6  # of the detector's probabilities against those of the classifier's crop


@dataclass(frozen=True, eq=False)
class Sight:
    """What the detector network and the threshold of ink see in a picture.

    Attributes:
        picture: upright.
        candidates: for digits, with boxes in pixels of ``picture.pixels``.
        ink: without ruled lines.
        factor: by which the picture of the ink is larger than ``picture.pixels``.
    """

    picture: Picture
    candidates: Detections
    ink: Ink
    factor: float

    @classmethod
    def of(cls, picture: Picture, light_on_dark: bool | None = None) -> Sight:
        """Look at an upright picture, of which the polarity may be known from another reading."""
        if light_on_dark is None:
            light_on_dark = is_light_on_dark(picture.pixels)
        candidates, light_on_dark = _detect_in_better_polarity(picture.pixels, light_on_dark)
        ink = ink_of(picture, light_on_dark)
        return cls(picture, candidates, ink, ink.size[1] / picture.pixels.shape[0])

    @property
    def in_ink(self) -> Detections:
        """The candidates with boxes in pixels of the ink."""
        return replace(self.candidates, boxes=self.candidates.boxes * self.factor)


def detect_digits_by_network(
    sight: Sight,
    predict: Callable[[Crops], Probabilities],
    *,
    deslant: bool = False,
    expect: int | None = None,
) -> DetectedDigits:
    """Classify the digits that the packaged network detects in a picture.

    The detector sees each digit in its surroundings, the classifier its own ink alone; their
    probabilities are averaged.

    Args:
        sight: of the picture.
        predict: crops uint8 ``[n, 28, 28]`` -> probabilities float32 ``[n, 11]`` of
            ``READER_CLASSES``.
        deslant: shear each digit upright.
        expect: digits of each number, if known.

    Raises:
        NoDigitError: there is no digit.
        OutOfTimeError: the time budget is spent, if one is set.
    """
    picture, ink, factor = sight.picture, sight.ink, sight.factor
    digits = select_digits(sight.candidates, picture.pixels.shape[:2])
    if not len(digits):
        raise no_digit()
    if expect is not None:
        digits = fit_digit_count(sight.candidates, digits, expect)
    check_time()
    components = list(in_time(ink_in_boxes(ink, digits.boxes * factor)))
    crops = np.stack([_crop(component, ink, deslant) for component in in_time(components)])
    digits, components = digits.select(np.arange(len(crops))), components[: len(crops)]
    boxes = _tight_boxes(digits.boxes, components, factor) * (
        picture.size[0] / picture.pixels.shape[1]
    )
    return in_reading_order(
        boxes.round().astype(np.int64),
        crops,
        _combine(digits, crops, predict(crops)),
        1.0,
        picture.size,
        ink.light_on_dark,
    )


def _detect_in_better_polarity(pixels: Pixels, estimate: bool) -> tuple[Detections, bool]:
    """Return candidates in the polarity with more evidence, and whether ink is light on dark.

    The other polarity than the estimated one is only tried if that one has no certain digit, or
    if the picture is small.
    """
    gray = pixels.mean(axis=2, dtype=np.float32) / np.float32(255)
    first = detect(1 - gray if estimate else gray)
    if (gray.size > _SMALL_PICTURE and first.evidence > _CERTAIN) or is_time_up():
        return first, estimate
    other = detect(gray if estimate else 1 - gray)
    if other.evidence > first.evidence + _PREFERENCE and not _are_gaps(other, pixels, estimate):
        return other, not estimate
    return first, estimate


def _are_gaps(candidates: Detections, pixels: Pixels, light_on_dark: bool) -> bool:
    """Return whether digits of one polarity are small gaps within the ink of the other.

    Args:
        candidates: of one polarity.
        pixels: of the picture.
        light_on_dark: the other polarity.
    """
    boxes = select_digits(candidates, pixels.shape[:2]).boxes
    area = float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).sum())
    enlarged = upscale(pixels)
    ink = np.count_nonzero(binarize(enlarged, light_on_dark).mask)
    return bool(area < _LEAST_AREA * ink * pixels.size / enlarged.size)


def _crop(component: Component | None, ink: Ink, deslant: bool) -> Crops:
    if component is None:  # too faint for the threshold
        return np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    return crop_component(component, ink, deslant)


def _tight_boxes(
    boxes: NDArray[np.float32], components: Sequence[Component | None], factor: float
) -> NDArray[np.float64]:
    """Return the boxes of the ink, or the detector's where there is none.

    Args:
        boxes: of the detector, in pixels of the picture.
        components: the ink of each box.
        factor: by which the picture of the ink is enlarged.
    """
    return np.array(
        [
            box if component is None else np.array(component.box) / factor
            for box, component in zip(boxes, components, strict=True)
        ]
    )


def _combine(digits: Detections, crops: Crops, probabilities: Probabilities) -> Probabilities:
    """Return the probabilities of the digits and of the reject class, float32 ``[n, 11]``."""
    classes = probabilities[:, :-1]
    classes = classes / np.maximum(classes.sum(axis=1, keepdims=True), 1e-6)
    has_ink = crops.any(axis=(1, 2))
    weight = np.where(has_ink, _DETECTOR_WEIGHT, 1.0)[:, None]
    mean = weight * digits.probabilities + (1 - weight) * classes
    scores = digits.scores[:, None]
    return np.hstack([mean * scores, 1 - scores]).astype(np.float32)
