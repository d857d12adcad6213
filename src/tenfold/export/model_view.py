"""How a model sees digits: transposed, rotated, mirrored or inverted, as its training images were.

Raw EMNIST is transposed, and photos are dark ink on light paper. A network that was trained on such
images needs the crops of a picture in the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from tenfold.core.image_shape import is_colour
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data import Dataset, load
from tenfold.data.convert import resized
from tenfold.data.polarity import MID_GREY, border_level
from tenfold.export.predictor import Predictor, default_predictor

Crops = NDArray[np.uint8]

_PER_CLASS = 20  # MNIST training images of each digit that a model is asked about
_MIN_ACCURACY, _MIN_GAIN = 0.5, 0.25  # from which another orientation is believed
_DIGIT_SIDE = 20  # of the digits of MNIST in their images
_LOOKED_AT = 200  # images of a dataset
_DIGITS = tuple("0123456789")
_LETTERS_AS_DIGITS = {"I": "1", "l": "1", "Z": "2", "z": "2", "S": "5", "s": "5"}
"""Letters that are written as digits, and are no digits when rows and columns are exchanged."""


@dataclass(frozen=True)
class View:
    """A transformation of upright crops with light ink on dark.

    Attributes:
        transpose: exchange rows and columns, before the mirroring.
        mirror: exchange left and right.
        upend: exchange top and bottom.
        invert: exchange light and dark.
    """

    transpose: bool = False
    mirror: bool = False
    upend: bool = False
    invert: bool = False

    def apply(self, crops: Crops) -> Crops:
        """Return the crops, uint8 ``[n, 28, 28]``, as the model takes them."""
        if self.transpose:
            crops = crops.swapaxes(1, 2)
        crops = crops[:, :: -1 if self.upend else 1, :: -1 if self.mirror else 1]
        return np.ascontiguousarray(255 - crops if self.invert else crops)

    def __str__(self) -> str:
        names = {
            "transposed": self.transpose,
            "mirrored": self.mirror,
            "upside down": self.upend,
            "dark on light": self.invert,
        }
        return ", ".join(name for name, applies in names.items() if applies)


_VIEWS = tuple(View(*moves) for moves in product((False, True), repeat=3))


@lru_cache(maxsize=8)
def view_of(predictor: Predictor) -> View:
    """Return how a model sees digits.

    The model card has the grey level of the border of the training images. The orientation is the
    one in which the model recognizes most of 200 training images of MNIST; without classes 0 to 9,
    or without a clear answer, it is upright.

    Args:
        predictor: takes images of 28x28.
    """
    invert = float(predictor.card.get("border", 0)) > MID_GREY
    names = predictor.class_names
    if not set(_DIGITS) <= set(names):
        return View(invert=invert)
    images, labels = _samples()
    return _clearest(predictor, images, [_DIGITS[label] for label in labels], invert)


@lru_cache(maxsize=8)
def recognizes_digits(predictor: Predictor) -> bool:
    """Return whether a model of classes 0 to 9 recognizes MNIST's digits, in its view.

    One for the digits of another script does not.

    Args:
        predictor: takes images of 28x28.
    """
    names = predictor.class_names
    if not set(_DIGITS) <= set(names):
        return False
    images, labels = _samples()
    answers = predictor(view_of(predictor).apply(images), pixels="byte").argmax(axis=1)
    expected = np.array([names.index(digit) for digit in _DIGITS])[labels]
    return float((answers == expected).mean()) >= _MIN_ACCURACY


def describe_turned(data: Dataset) -> str:
    """Return a warning if the packaged reader reads the digits of a dataset turned or mirrored.

    Letters are transposed or not: the reader is asked about those that look like digits.

    Returns:
        One line; empty for upright digits and letters, other images and unclear answers.
    """
    characters = characters_of(data.class_names)
    noun, views = "digits", _VIEWS
    digits = {name: name for name in _DIGITS if name in characters}
    if not digits:  # I, Z and S look the same upside down
        noun, views, digits = "letters", (View(), View(transpose=True)), _LETTERS_AS_DIGITS
    names = [digits.get(name, "") for name in characters]
    view = replace(_orientation_of(data, names, views, default_predictor()), invert=False)
    if not str(view):
        return ""
    advice = "; add --transpose" if str(view) == "transposed" else ""
    return f"the {noun} are {view}, as the packaged reader sees them{advice}"


def characters_of(class_names: Sequence[str]) -> Sequence[str]:
    """Return the characters of classes; those of EMNIST where they are only numbered.

    Example:
        >>> "".join(characters_of([*map(str, range(1, 27))]))
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    """
    letters = ascii_uppercase
    known = {26: letters, 47: "".join(_DIGITS) + letters + "abdefghnqrt"}
    known[62] = "".join(_DIGITS) + letters + ascii_lowercase
    numbered = all(name.isdecimal() for name in class_names)
    return known.get(len(class_names), class_names) if numbered else class_names


def _orientation_of(
    data: Dataset, digits: Sequence[str], views: Sequence[View], reader: Predictor
) -> View:
    """Return the view that makes most of 200 images legible, or upright without a clear answer.

    Args:
        data: any dataset.
        digits: what the images of each class should be read as, "" for any.
        views: that are tried.
        reader: that is asked.
    """
    if data.multi_label:  # no image is of one digit
        return View()
    indices = np.flatnonzero(np.array(digits)[data.labels] != "")
    if is_colour(data.images.shape[1:]) or not len(indices):
        return View()
    invert = float(border_level(data.images[:_LOOKED_AT]).mean()) > MID_GREY
    chosen = indices[:: max(1, len(indices) // _LOOKED_AT)][:_LOOKED_AT]
    names = [digits[label] for label in data.labels[chosen]]
    return _clearest(reader, _as_mnist(data.images[chosen]), names, invert, views)


def _as_mnist(images: Crops) -> Crops:
    """Bring images to 28x28; small ones, which a digit fills, to 20x20 inside, as in MNIST."""
    if min(images.shape[1:]) >= SIDE:
        return resized(images, (SIDE, SIDE))
    margin = (SIDE - _DIGIT_SIDE) // 2
    digits = resized(images, (_DIGIT_SIDE, _DIGIT_SIDE))
    paper = int(np.median(images[:, 0]))
    around = ((0, 0), (margin, margin), (margin, margin))
    return np.pad(digits, around, constant_values=paper)


def _clearest(
    predictor: Predictor,
    images: Crops,
    names: list[str],
    invert: bool,
    tried: Sequence[View] = _VIEWS,
) -> View:
    """Return the view in which a predictor recognizes most images; upright if it is not clear."""
    classes = predictor.class_names
    expected = np.array([classes.index(name) for name in names])
    views = [replace(view, invert=invert) for view in tried]

    def accuracy_in(view: View) -> float:
        answers = predictor(view.apply(images), pixels="byte").argmax(axis=1)
        return float((answers == expected).mean())

    upright = accuracy_in(views[0])
    if upright > 1 - _MIN_GAIN:  # no other view can be that much better
        return views[0]
    accuracy = [upright, *map(accuracy_in, views[1:])]
    best = int(np.argmax(accuracy))
    is_clear = accuracy[best] >= max(_MIN_ACCURACY, accuracy[0] + _MIN_GAIN)
    return views[best if is_clear else 0]


@lru_cache(maxsize=1)
def _samples() -> tuple[Crops, NDArray[np.int64]]:
    train = load("mnist").train
    chosen = [np.flatnonzero(train.labels == label)[:_PER_CLASS] for label in range(len(_DIGITS))]
    indices = np.sort(np.concatenate(chosen))
    return train.images[indices], train.labels[indices]
