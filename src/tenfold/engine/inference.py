"""What trained networks answer through Keras, as probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold import engine
from tenfold.core.backend import keras
from tenfold.core.errors import InputError


class Answers:
    """Probabilities from the networks of one architecture.

    A network that was compiled with a loss ``from_logits`` ends without a softmax; it is put on
    here.

    Args:
        template: one of the networks.
        image_shape: height and width of the images.
    """

    def __init__(self, template: keras.Model, image_shape: tuple[int, int]) -> None:
        self._forward = engine.Forward(template, image_shape)
        self._logits = bool(getattr(template.loss, "from_logits", False))

    def __call__(
        self, model: keras.Model, images: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """Probabilities ``[n, classes]`` of uint8 images ``[n, height, width]``."""
        outputs = self._forward(model, images)
        if not self._logits:
            return outputs
        from scipy.special import softmax

        probabilities: npt.NDArray[np.float32] = softmax(outputs, axis=-1).astype(np.float32)
        return probabilities


def require_probabilities(model: keras.Model, image_shape: tuple[int, int], name: str) -> None:
    """Refuse a network, before it is trained, whose outputs are no probabilities.

    Raises:
        InputError: outputs below 0, or with another sum than 1.
    """
    black_and_white = np.stack([np.full(image_shape, tone, np.uint8) for tone in (0, 255)])
    answers = Answers(model, image_shape)(model, black_and_white)
    if (answers < 0).any() or (np.abs(answers.sum(axis=-1) - 1) > 0.01).any():
        raise InputError(
            f"{name}: its outputs are no probabilities; end it with activation='softmax', or "
            "compile it with a loss that has from_logits=True"
        )
