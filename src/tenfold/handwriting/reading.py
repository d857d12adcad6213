"""Read the digits in a photo, scan or drawing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.image_shape import size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.export.model_view import recognizes_digits
from tenfold.export.predictor import Predictor, default_predictor
from tenfold.handwriting.choice import choose
from tenfold.handwriting.classifier import Classifier
from tenfold.handwriting.detector_pipeline import READER_CLASSES
from tenfold.handwriting.page_area import find_page
from tenfold.handwriting.picture import Picture, load_picture
from tenfold.handwriting.result import Box, Reading
from tenfold.handwriting.time_budget import time_budget
from tenfold.handwriting.ways import Hints, digits_of, read_in_both_ways

if TYPE_CHECKING:
    from PIL.Image import Image

READ_SECONDS = 5.0
"""Default time budget of one picture."""

DIGITS = READER_CLASSES[:-1]


def read(
    picture: str | Path | Image | npt.NDArray[Any] | Picture,
    predictor: Predictor | None = None,
    *,
    deslant: bool = False,
    expect: int | None = None,
    region: Box | None = None,
    budget: float | None = READ_SECONDS,
) -> Reading:
    """Read the digits in a photo, scan, screenshot or drawing.

    A page without EXIF orientation is rotated by multiples of 90 degrees if its digits have a low
    confidence as it is and a high one rotated.

    Args:
        picture: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, channels]`` of bytes, or of floats in [0, 1];
            or a `Picture` that is loaded.
        predictor: classifies the digits; None for the packaged reader.
        deslant: shear each digit upright.
        expect: digits of each number, if known; numbers of another length are not accepted.
        region: left, top, width and height in pixels of the part to read. Boxes refer to the
            entire picture.
        budget: seconds of processor time of one core, with loading; then the best reading so far
            is returned, marked as not ``complete``. None for no limit.

    Raises:
        InputError: the picture cannot be read or is too large, contains no digit, the predictor's
            images are not 28x28, the region is not within the picture, or an argument has another
            type or value.

    Example:
        >>> picture = np.full((90, 120), 230, np.uint8)
        >>> picture[20:70, 58:64] = 30
        >>> read(picture).text
        '1'
    """
    predictor = default_predictor() if predictor is None else predictor
    if not (hasattr(predictor, "image_shape") and hasattr(predictor, "accepts")):
        raise InputError(
            f"predictor is of type {type(predictor).__name__}; give tenfold.Predictor(FILE) or "
            "None for the packaged reader"
        )
    if predictor.image_shape != (SIDE, SIDE):
        raise InputError(
            f"{predictor.path}: takes images of {size_text(predictor.image_shape)}; digits are "
            f"read by networks for grey images of {SIDE}x{SIDE}"
        )
    reading = read_upright(
        picture, predictor, deslant=deslant, expect=expect, region=region, budget=budget
    )
    if not reading.digits and not reading.complete:
        raise NoDigitError(
            f"no digit found in the picture within {budget:g} s; give a region or a larger budget"
        )
    if not reading.digits:
        raise NoDigitError("no digit found in the picture: its ink does not look like digits")
    return reading


def read_upright(
    picture: str | Path | Image | npt.NDArray[Any] | Picture,
    predictor: Predictor,
    *,
    deslant: bool = False,
    expect: int | None = None,
    region: Box | None = None,
    budget: float | None = READ_SECONDS,
) -> Reading:
    """Read a picture in its most confident orientation; all detections may be rejected.

    It is read by rules of shape, and for readers (the ten digits and a reject class) also by the
    detector network. The more probable reading is returned, by the evidence of both ways. Other
    networks for digits classify what the packaged reader finds, if they recognize MNIST's digits;
    for those of another script, rules of shape find what they classify.

    Args:
        picture: as for ``read``.
        predictor: classifies images of 28x28.
        deslant: shear each digit upright.
        expect: digits of each number.
        region: as for ``read``; it is read in its orientation.
        budget: as for ``read``; what is left of the rules' share is spent on the network.

    Raises:
        InputError: as for ``read``.
    """
    hints = Hints(deslant, expect, region, budget)
    with time_budget(hints.budget):
        loaded = load_picture(picture)
        if set(predictor.class_names) == set(DIGITS) and recognizes_digits(predictor):
            found = _read_upright(loaded, default_predictor(), hints)
            return _classified(found, predictor).expecting(hints.expect)
        return _read_upright(loaded, predictor, hints)


def _classified(found: Reading, predictor: Predictor) -> Reading:
    """Return what the packaged reader found, as another network for digits classifies it.

    What the reader takes for no digit by the evidence, though it is sure of its class, is not
    accepted.
    """
    if not found.digits:
        return found
    crops = np.stack([digit.image for digit in found.digits])
    by_reader = np.stack([digit.probabilities for digit in found.digits])
    accepted = np.array([digit.accepted for digit in found.digits])
    is_doubted = ~accepted & default_predictor().accepts(by_reader)
    probabilities = Classifier.from_predictor(predictor).predict(crops)
    accepted = predictor.accepts(probabilities) & ~is_doubted
    boxes = [digit.box for digit in found.digits]
    own = digits_of(probabilities, boxes, crops, predictor, accepted)
    return found.with_detections([*own, *found.rejected])


def _read_upright(picture: Picture, predictor: Predictor, hints: Hints) -> Reading:
    loaded, part, size = picture, hints.region, picture.size
    if part is not None:
        loaded = loaded.cropped(*part)
    elif (page := find_page(loaded)) is not None:
        loaded, part = page
    classifier = Classifier.from_predictor(predictor)
    readings, sight, complete = read_in_both_ways(loaded, predictor, classifier, hints)
    best = Reading((), (), loaded.size)
    if readings:
        best = choose(readings, sight, classifier, hints.expect)
    best = replace(best.expecting(hints.expect), complete=complete)
    if part is None:
        return best
    (left, top, _, _), size = _turned(part, size, best.quarter_turns)
    return best.in_picture(left, top, size)


def _turned(part: Box, size: tuple[int, int], quarter_turns: int) -> tuple[Box, tuple[int, int]]:
    """Return a part (left, top, width, height) of a picture, and its size, after quarter turns."""
    for _ in range(quarter_turns % 4):
        left, top, width, height = part
        part, size = (top, size[0] - left - width, height, width), size[::-1]
    return part, size
