"""What trained networks answer, as probabilities, and how that scores."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from tenfold import training
from tenfold.datasets import Dataset
from tenfold.errors import InputError
from tenfold.evaluation import Evaluation


def probabilities(
    models: Sequence[keras.Model], images: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Every network's probabilities of images: float32 ``[networks, n, classes]``.

    A network that was compiled with a loss ``from_logits`` ends without a softmax; it is put on
    here.

    Args:
        models: networks of one architecture.
        images: uint8 ``[n, height, width]``.
    """
    answers = training.probabilities(models, images)
    if getattr(models[0].loss, "from_logits", False):
        answers = softmax(answers, axis=-1).astype(np.float32)
    return answers


def evaluate_models(models: Sequence[keras.Model], dataset: Dataset, split: str) -> Evaluation:
    """Score networks on a dataset."""
    answers = probabilities(models, dataset.images)
    return Evaluation(split, dataset.class_names, dataset.labels, answers)


def require_probabilities(model: keras.Model, image_shape: tuple[int, int], name: str) -> None:
    """Refuse a network, before it is trained, whose outputs are no probabilities.

    Raises:
        InputError: outputs below 0, or with another sum than 1.
    """
    black_and_white = np.stack([np.full(image_shape, tone, np.uint8) for tone in (0, 255)])
    answers = probabilities([model], black_and_white)[0]
    if (answers < 0).any() or (np.abs(answers.sum(axis=-1) - 1) > 0.01).any():
        raise InputError(
            f"{name}: its outputs are no probabilities; end it with activation='softmax', or "
            "compile it with a loss that has from_logits=True"
        )
