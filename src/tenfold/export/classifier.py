"""What the networks of a run and those of a model file have in common as classifiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tenfold.core.image_shape import ImageShape
from tenfold.data.convert import as_batch
from tenfold.data.multi_label import OneClassOrSeveral
from tenfold.data.polarity import count_inverted
from tenfold.data.value_range import ValueRange, parse
from tenfold.metrics import rank_classes


class Classifier(OneClassOrSeveral):
    """A classifier of images: its classes, and the images that it takes.

    Args:
        class_names: the classes, in the order of the outputs.
        image_shape: height and width in pixels, and 3 channels if coloured.
        multi_label: whether an image may have several classes.
        pixels: the values of black and white of the training images, such as 0..255.
        border: mean grey level of the border pixels of the training images, 0 to 255.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        image_shape: Sequence[int],
        multi_label: bool,
        pixels: str,
        border: float,
    ) -> None:
        self._class_names = tuple(class_names)
        self._image_shape = tuple(image_shape)
        self._multi_label = multi_label
        self._pixels = pixels
        self._border = border

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self._class_names

    @property
    def multi_label(self) -> bool:
        """Whether an image may have several labels or none, each with its own probability."""
        return self._multi_label

    @property
    def image_shape(self) -> ImageShape:
        """Height and width of the images in pixels, and 3 channels if they are coloured."""
        return self._image_shape

    @property
    def pixels(self) -> ValueRange:
        """The values of black and white in the training images as they were given."""
        return parse(self._pixels)

    def rank(self, probabilities: npt.ArrayLike, k: int) -> list[list[tuple[str, float]]]:
        """Return the names of the k most probable classes, with their probabilities.

        Args:
            probabilities: of ``predict``, ``[n, classes]``.
            k: number of classes.

        Raises:
            InputError: k is not between 1 and the number of classes.
        """
        return rank_classes(probabilities, self.class_names, k)

    def count_inverted(self, images: npt.ArrayLike, pixels: str | None = None) -> int:
        """Count images whose border is light while that of the training images is dark.

        Or dark while theirs is light. The networks were not trained on such images, for instance
        dark ink on paper: invert them first (``255 - images``). The arguments are those of
        ``predict``.
        """
        return count_inverted(self._batch(images, pixels), self._border)

    def _batch(self, images: npt.ArrayLike, pixels: str | None) -> npt.NDArray[np.uint8]:
        return as_batch(images, self.image_shape, pixels, self.pixels)
