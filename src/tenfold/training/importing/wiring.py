"""How images are fed to a network trained elsewhere, and how its outputs become probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from tenfold.training.importing.input_values import InputValues


@dataclass(frozen=True)
class Wiring:
    """What is put before and after a network.

    Attributes:
        values: it is fed for black and white.
        outputs: how they become probabilities, as for ``tenfold.export.foreign.wrap``.
        order: indices of its outputs in the order of the classes; None for their own.
    """

    values: InputValues
    outputs: str
    order: Sequence[int] | None = None


MEANINGS = {
    "raw": "probabilities, as they are",
    "softmax": "logits, made probabilities by softmax",
    "sigmoid": "the logit of the second class, made a probability by sigmoid",
    "probability": "the probability of the second class",
    "sum": "each is divided by their sum, so that one class an image is predicted; predictions of "
    "several labels an image cannot be imported",
}
"""What is done with each kind of outputs, in words."""


def kind_of_outputs(outputs: npt.NDArray[np.float32]) -> str:
    """Return how outputs ``[n, units]`` become probabilities.

    Example:
        >>> kind_of_outputs(np.array([[0.25, 0.75]])), kind_of_outputs(np.array([[-3.0, 2.0]]))
        ('raw', 'softmax')
    """
    shares = bool((outputs >= -1e-6).all() and (outputs <= 1 + 1e-6).all())
    if outputs.shape[1] == 1:
        return "probability" if shares else "sigmoid"
    if shares and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        return "raw"
    return "sum" if shares else "softmax"


def probabilities(outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the probabilities ``[n, classes]`` of outputs ``[n, units]``."""
    kind = kind_of_outputs(outputs)
    if kind == "softmax":
        return np.asarray(softmax(outputs, axis=1))
    if kind in ("sigmoid", "probability"):
        second = expit(outputs) if kind == "sigmoid" else outputs
        return np.concatenate([1 - second, second], axis=1)
    if kind == "sum":
        return np.asarray(outputs / np.maximum(outputs.sum(axis=1, keepdims=True), 1e-30))
    return outputs
