"""What trained networks answer, as probabilities, and where the evidence for it lies."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from tenfold import training
from tenfold.errors import InputError

EVIDENCE_SIDE = 7
_PATCH = 0.25  # of the image's side


class Answers:
    """Probabilities from the networks of one architecture.

    A network that was compiled with a loss ``from_logits`` ends without a softmax; it is put on
    here.

    Args:
        template: one of the networks.
        image_shape: height and width of the images.
    """

    def __init__(self, template: keras.Model, image_shape: tuple[int, int]) -> None:
        self._forward = training.Forward(template, image_shape)
        self._logits = bool(getattr(template.loss, "from_logits", False))

    def __call__(
        self, model: keras.Model, images: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """Probabilities ``[n, classes]`` of uint8 images ``[n, height, width]``."""
        outputs = self._forward(model, images)
        return softmax(outputs, axis=-1).astype(np.float32) if self._logits else outputs

    def evidence(
        self, model: keras.Model, images: npt.NDArray[np.uint8], ground: int
    ) -> npt.NDArray[np.float32]:
        """Where the evidence for each image's predicted class lies: float32 ``[n, 7, 7]``.

        A patch of a quarter of the side is laid over the image at 7 x 7 places, and the value is
        by how much the log odds of the predicted class fall: what is covered there spoke for it,
        or where the value is negative, against it.

        Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).

        Args:
            model: the network.
            images: uint8 ``[n, height, width]``.
            ground: the grey level of the patch, that of empty paper.
        """
        n, (height, width) = len(images), images.shape[1:]
        if n == 0:
            return np.zeros((0, EVIDENCE_SIDE, EVIDENCE_SIDE), np.float32)
        plain = self(model, images)
        predicted = plain.argmax(axis=-1)
        tall, wide = max(1, round(_PATCH * height)), max(1, round(_PATCH * width))
        found = np.empty((n, EVIDENCE_SIDE, EVIDENCE_SIDE), np.float32)
        for i, top in enumerate(_steps(height - tall)):
            for j, left in enumerate(_steps(width - wide)):
                covered = images.copy()
                covered[:, top : top + tall, left : left + wide] = ground
                answers = self(model, covered)
                found[:, i, j] = _log_odds(plain, predicted) - _log_odds(answers, predicted)
        return found


def _steps(last: int) -> list[int]:
    return [round(step) for step in np.linspace(0, last, EVIDENCE_SIDE)]


def _log_odds(
    probabilities: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    chosen = probabilities[np.arange(len(classes)), classes].astype(np.float64)
    kept = np.clip(chosen, 1e-7, 1 - 1e-7)
    odds: npt.NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds


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
