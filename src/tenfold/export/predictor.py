"""Prediction: what an artifact makes of images, by NumPy and ONNX Runtime alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data.convert import as_batch
from tenfold.data.polarity import count_inverted
from tenfold.export import model_card as cards
from tenfold.export.session import Session
from tenfold.metrics import rank_classes

"""The network that comes with tenfold."""


class Predictor:
    """An artifact that is ready to name the class of images.

    Args:
        path: the ONNX file, as ``tenfold export`` wrote it.
        threads: that one call works with; None for all cores. A call may come from any thread.

    Attributes:
        card: what the artifact says of itself: recipe, data, scores with intervals and more.

    Raises:
        InputError: there is no such file, or it is not an artifact of tenfold, damaged, or of a
            newer version.

    Example:
        >>> Predictor("nowhere.onnx")
        Traceback (most recent call last):
        tenfold.core.errors.InputError: nowhere.onnx: no such file; tenfold export writes one
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        self.path = Path(path)
        data, self.card = cards.read(self.path)
        shape, classes = self.image_shape, len(self.class_names)
        self._session = Session(data, self.path, shape, classes, threads)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return tuple(self.card["class_names"])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images it takes."""
        height, width = self.card["image_shape"]
        return height, width

    @property
    def threshold(self) -> float | None:
        """From which top probability on an answer is accepted; None where there is none.

        ``card["threshold"]`` has the share of accepted images that may be wrong, too.
        """
        found: dict[str, Any] | None = self.card["threshold"]
        return None if found is None else float(found["value"])

    def predict(self, images: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Probabilities of images, at the temperature that validation images called for.

        Args:
            images: uint8, or floats in [0, 1]: one image ``[height, width]``, many
                ``[n, height, width]``, with a last axis of 1 or of colours, or flat
                ``[n, pixels]``.

        Returns:
            float32 ``[n, classes]``; one image is a batch of one.

        Raises:
            InputError: the images have another shape or range.
        """
        return self._session(as_batch(images, self.image_shape))

    __call__ = predict

    def accepts(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which images, by their probabilities ``[n, classes]``, are sure enough: bool ``[n]``.

        Where it is False the honest answer is "I don't know". Without a threshold, all are True.
        """
        accepted: npt.NDArray[np.bool_] = np.max(probabilities, axis=-1) >= (self.threshold or 0)
        return accepted

    def top(self, images: npt.ArrayLike, k: int = 3) -> list[list[tuple[str, float]]]:
        """The k most probable classes of each image, with their probabilities.

        Raises:
            InputError: as a call; k is not between 1 and the number of classes.
        """
        return self.rank(self(images), k)

    def rank(self, probabilities: npt.ArrayLike, k: int) -> list[list[tuple[str, float]]]:
        """The k most probable classes of probabilities ``[n, classes]``, by name.

        Raises:
            InputError: k is not between 1 and the number of classes.
        """
        return rank_classes(probabilities, self.class_names, k)

    def looks_inverted(self, images: npt.ArrayLike) -> int:
        """How many images have a light border where the training images have a dark one.

        Or a dark one where those have a light one: invert them first (``255 - images``).
        """
        return count_inverted(as_batch(images, self.image_shape), self.card["border"])

    def __repr__(self) -> str:
        recipe = self.card["recipe"]["name"]
        return f"<Predictor {self.path}: {recipe}, {len(self.class_names)} classes>"
