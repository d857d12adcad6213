"""Prediction from a model file with NumPy and ONNX Runtime only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.assets import READER
from tenfold.core.image_shape import ImageShape
from tenfold.data.convert import as_batch
from tenfold.data.multi_label import needs_one_class
from tenfold.data.polarity import count_inverted
from tenfold.data.value_range import BYTE, ValueRange, parse
from tenfold.export import model_card
from tenfold.export.session import Session
from tenfold.metrics import rank_classes


class Predictor:
    """A classifier of images, loaded from a model file.

    Calls are thread-safe.

    Args:
        path: the ONNX file that ``tenfold export`` wrote.
        threads: per call; None for all cores.

    Attributes:
        card: the model card: recipe, data, scores with intervals and more.

    Raises:
        InputError: the file does not exist, was not written by tenfold, is damaged, or has a
            newer format.

    Example:
        >>> Predictor("nowhere.onnx")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: nowhere.onnx: no such file; tenfold export writes one
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        self.path = Path(path)
        data, self.card = model_card.read(self.path)
        shape, classes = self.image_shape, len(self.class_names)
        self._session = Session(data, self.path, shape, classes, threads)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return tuple(self.card["class_names"])

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several labels or none, each with its own probability."""
        return bool(self.card.get("multi_label", False))

    def require_one_class(self, what: str) -> None:
        """Refuse a network for several labels an image.

        Raises:
            InputError: `multi_label` is true.
        """
        if self.multi_label:
            raise needs_one_class(what)

    @property
    def image_shape(self) -> ImageShape:
        """Height and width of the images in pixels, and 3 channels if they are coloured."""
        return tuple(self.card["image_shape"])

    @property
    def pixels(self) -> ValueRange:
        """The values of black and white in the training images as they were given."""
        return parse(self.card.get("pixels", str(BYTE)))

    @property
    def threshold(self) -> float | None:
        """The confidence from which predictions are accepted; None to accept all.

        ``card["threshold"]`` also has the error rate among accepted images that it ensures.
        """
        threshold: dict[str, Any] | None = self.card["threshold"]
        return None if threshold is None else float(threshold["value"])

    def predict(self, images: npt.ArrayLike, pixels: str | None = None) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities.

        Args:
            images: one image ``[height, width]`` or a batch
                ``[n, height, width]``, optionally with a last axis of 1 or of colors, or flat
                ``[n, pixels]``.
            pixels: the values of black and white: ``binary``, ``unit``, ``signed``, ``byte``,
                ``word`` or LOW..HIGH; None to recognize them.

        Returns:
            float32 ``[n, classes]``; one image is a batch of one.

        Raises:
            InputError: the images have another shape, or a range that is not certain.

        Warns:
            InputWarning: they are in another range than the training images.
        """
        return self._session(as_batch(images, self.image_shape, pixels, self.pixels))

    __call__ = predict

    def accepts(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return whether each prediction reaches the threshold: bool ``[n]``.

        False means to abstain: "I don't know". Without a threshold, all are True.

        Args:
            probabilities: ``[n, classes]``.
        """
        accepted: npt.NDArray[np.bool_] = np.max(probabilities, axis=-1) >= (self.threshold or 0)
        return accepted

    def top(self, images: npt.ArrayLike, k: int = 3) -> list[list[tuple[str, float]]]:
        """Return the k most probable classes of each image, with their probabilities.

        Raises:
            InputError: as ``predict``; or k is not between 1 and the number of classes.
        """
        return self.rank(self(images), k)

    def rank(self, probabilities: npt.ArrayLike, k: int) -> list[list[tuple[str, float]]]:
        """Return the k most probable classes, by name, of probabilities ``[n, classes]``.

        Raises:
            InputError: k is not between 1 and the number of classes.
        """
        return rank_classes(probabilities, self.class_names, k)

    def count_inverted(self, images: npt.ArrayLike, pixels: str | None = None) -> int:
        """Return how many images differ in polarity from the training images.

        Their border is light and that of the training images dark, or the reverse. Invert such
        images first: ``255 - images``. The arguments are those of ``predict``.
        """
        batch = as_batch(images, self.image_shape, pixels, self.pixels)
        return count_inverted(batch, self.card["border"])

    def __repr__(self) -> str:
        recipe = self.card["recipe"]["name"]
        return f"<Predictor {self.path}: {recipe}, {len(self.class_names)} classes>"


@lru_cache(maxsize=1)
def default_predictor() -> Predictor:
    """Return the packaged reader."""
    return Predictor(READER)
