"""From a picture to the digits in it, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import NoDigitError
from tenfold.handwriting.binarization import Ink, Pixels, binarize, is_light_on_dark
from tenfold.handwriting.classifier import Classified, Classifier, Crops
from tenfold.handwriting.close_crops import classify_as_one_digit, full_frame_digit, is_settled
from tenfold.handwriting.long_stems import reclassify_long_stems
from tenfold.handwriting.mnist_crop import crop_digit
from tenfold.handwriting.picture import Picture, load_picture, upscale
from tenfold.handwriting.reading_order import Line, reading_order
from tenfold.handwriting.ruled_lines import remove_ruled_lines
from tenfold.handwriting.segmentation import Component, Segmentation, segment
from tenfold.handwriting.segmentation.borders import is_close_crop
from tenfold.handwriting.shortest_path import classify_and_recut
from tenfold.handwriting.strokes import sharpen
from tenfold.handwriting.time_budget import check_time

if TYPE_CHECKING:
    from PIL.Image import Image

_inks: WeakKeyDictionary[Picture, dict[bool, Ink]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class DetectedDigits:
    """The digits of a picture, in reading order.

    Attributes:
        crops: uint8 ``[n, 28, 28]``, light ink on dark, as MNIST crops digits.
        boxes: int64 ``[n, 4]``: left, top, right, bottom in pixels of the upright picture.
        numbers: lines from top to bottom; per line its numbers from left to right, separated by
            wider gaps; per number the indices of its crops.
        size: ``(width, height)`` of the upright picture in pixels.
        light_on_dark: whether the ink is lighter than the background.
        probabilities: float32 ``[n, classes]``, or None without a classifier. In a close crop
            they include the classification of the entire picture.
    """

    crops: Crops
    boxes: NDArray[np.int64]
    numbers: tuple[Line, ...]
    size: tuple[int, int]
    light_on_dark: bool
    probabilities: NDArray[np.float32] | None = None

    @property
    def most_central(self) -> int:
        """Index of the crop nearest the center of the picture."""
        centers = self.boxes.reshape(-1, 2, 2).mean(axis=1)
        return int(np.hypot(*(centers - np.array(self.size) / 2).T).argmin())

    def text(self, labels: Sequence[object]) -> str:
        """Return the labels ``[n]`` of the crops as text, numbers separated by spaces."""
        return "\n".join(
            " ".join("".join(str(labels[i]) for i in number) for number in line)
            for line in self.numbers
        )


def detect_digits(
    source: str | Path | Image | NDArray[Any] | Picture,
    *,
    deslant: bool = False,
    classifier: Classifier | None = None,
    quarter_turns: int = 0,
) -> DetectedDigits:
    """Detect the digits in a photo, scan, screenshot or drawing, and crop them as MNIST does.

    Polarity is estimated; uneven light, ruled lines, frames and specks are removed; fragments are
    joined and touching digits split. Without EXIF orientation, the picture is read as it is.

    Args:
        source: a file, a Pillow image, or an array ``[height, width]`` or
            ``[height, width, 1, 3 or 4]`` of bytes, booleans or floats in [0, 1].
        deslant: shear each digit upright.
        classifier: predicts the class of crops. With it, doubtful components are cut again if
            that is more confident, and close crops are also classified as one digit.
        quarter_turns: rotate the picture first, counter-clockwise by multiples of 90 degrees.

    Raises:
        InputError: the picture cannot be read, has more than 50 megapixels, or contains no digit
            (NoDigitError).
        OutOfTimeError: the time budget is spent, if one is set.

    Examples:
        >>> picture = np.full((90, 200), 230, np.uint8)
        >>> picture[20:70, 40:46] = picture[20:70, 150:156] = 30
        >>> detected = detect_digits(picture)
        >>> detected.crops.shape, detected.boxes.tolist(), detected.light_on_dark
        ((2, 28, 28), [[40, 20, 46, 70], [150, 20, 156, 70]], False)
    """
    picture = load_picture(source).rotated(quarter_turns)
    pixels = upscale(picture.pixels)
    ink = ink_of(picture, is_light_on_dark(pixels))
    check_time()
    segmentation = segment(ink.mask)
    scale = np.array(picture.size * 2) / np.array(pixels.shape[1::-1] * 2)
    if classifier is None:
        crops = [crop_component(digit, ink, deslant) for digit in segmentation.digits]
        return _from_components(
            segmentation.digits, crops, None, scale, picture.size, ink.light_on_dark
        )
    digits, light_on_dark = _classify(pixels, ink, segmentation, classifier, deslant)
    return _from_components(
        digits.components, digits.crops, digits.probabilities, scale, picture.size, light_on_dark
    )


def ink_of(picture: Picture, light_on_dark: bool) -> Ink:
    """Return the ink of a picture, enlarged if it is small, without ruled lines.

    It is looked for once for each picture and polarity.

    Args:
        picture: upright.
        light_on_dark: whether the ink is lighter than the background.

    Raises:
        OutOfTimeError: the time budget is spent, if one is set.
    """
    known = _inks.setdefault(picture, {})
    if light_on_dark not in known:
        ink = binarize(upscale(picture.pixels), light_on_dark)
        check_time()
        known[light_on_dark] = remove_ruled_lines(ink)
    return known[light_on_dark]


def crop_component(component: Component, ink: Ink, deslant: bool) -> Crops:
    """Return the MNIST image of a component, uint8 ``[28, 28]``."""
    return crop_digit(sharpen(component.mask, ink.core[component.window]), deslant)


def _classify(
    pixels: Pixels, ink: Ink, segmentation: Segmentation, classifier: Classifier, deslant: bool
) -> tuple[Classified, bool]:
    """Return the classified digits of a picture and their polarity.

    Raises:
        NoDigitError: neither the segmentation nor the entire picture is a digit.
    """
    candidates = []
    if segmentation.components:
        crop = partial(crop_component, ink=ink, deslant=deslant)
        digits = classify_and_recut(segmentation, classifier, crop)
        digits = reclassify_long_stems(
            digits, segmentation.height, segmentation.pen, classifier, crop
        )
        if is_close_crop(ink.size, segmentation.height) and not is_settled(digits, ink.size):
            digits = classify_as_one_digit(digits, ink, classifier)
        candidates.append((digits, ink.light_on_dark))
    full_frame = full_frame_digit(pixels, partial(crop_digit, deslant=deslant), classifier)
    if full_frame is not None:
        candidates.append(full_frame)
    if not candidates:
        raise no_digit()
    return max(candidates, key=lambda candidate: float(candidate[0].confidence.mean()))


def in_reading_order(
    boxes: NDArray[np.int64],
    crops: Crops,
    probabilities: NDArray[np.float32] | None,
    scale: NDArray[np.float64] | float,
    size: tuple[int, int],
    light_on_dark: bool,
) -> DetectedDigits:
    """Return digits sorted into reading order.

    Args:
        boxes: ``[n, 4]``: left, top, right, bottom in pixels.
        crops: uint8 ``[n, 28, 28]``.
        probabilities: float32 ``[n, classes]``, or None.
        scale: from these pixels to those of the upright picture.
        size: width and height of the upright picture.
        light_on_dark: whether the ink is lighter than the background.
    """
    lines = reading_order(boxes)
    order = [i for line in lines for number in line for i in number]
    position = {index: position for position, index in enumerate(order)}
    return DetectedDigits(
        crops[order],
        _whole_pixels(boxes[order] * scale, size),
        tuple(tuple(tuple(position[i] for i in number) for number in line) for line in lines),
        size,
        light_on_dark,
        None if probabilities is None else probabilities[order],
    )


def _whole_pixels(boxes: NDArray[np.floating[Any]], size: tuple[int, int]) -> NDArray[np.int64]:
    """Round boxes to pixels of a picture of this width and height; none becomes empty."""
    low = np.minimum(boxes[:, :2].round(), np.array(size) - 1)
    return np.hstack([low, np.maximum(boxes[:, 2:].round(), low + 1)]).astype(np.int64)


def _from_components(
    components: Sequence[Component],
    crops: Sequence[Crops] | Crops,
    probabilities: NDArray[np.float32] | None,
    scale: NDArray[np.float64],
    size: tuple[int, int],
    light_on_dark: bool,
) -> DetectedDigits:
    """Return components in reading order, as ``in_reading_order``."""
    if not components:
        raise no_digit()
    boxes = np.array([component.box for component in components])
    return in_reading_order(boxes, np.asarray(crops), probabilities, scale, size, light_on_dark)


def no_digit() -> NoDigitError:
    """Return the error for a picture in which nothing looks like a digit."""
    return NoDigitError("no digit found in the picture; is the ink in focus and large enough?")
