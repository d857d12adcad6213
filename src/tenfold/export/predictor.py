"""Prediction from a model file with NumPy and ONNX Runtime only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.assets import READER
from tenfold.data.value_range import BYTE
from tenfold.export import model_card
from tenfold.export.classifier import Classifier
from tenfold.export.session import Session


class Predictor(Classifier):
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
        data, card = model_card.read(self.path)
        self.card = card
        super().__init__(
            card["class_names"],
            card["image_shape"],
            bool(card.get("multi_label", False)),
            card.get("pixels", str(BYTE)),
            card["border"],
        )
        classes = len(self.class_names)
        self._session = Session(data, self.path, self.image_shape, classes, threads)

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
        return self._session(self._batch(images, pixels))

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

    def __repr__(self) -> str:
        recipe = self.card["recipe"]["name"]
        return f"<Predictor {self.path}: {recipe}, {len(self.class_names)} classes>"


@lru_cache(maxsize=1)
def default_predictor() -> Predictor:
    """Return the packaged reader."""
    return Predictor(READER)
