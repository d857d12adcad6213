"""Distillation: a network is trained on the probabilities of a teacher beside the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras
from tenfold.metrics import TEMPERATURE_EPSILON, apply_temperature
from tenfold.networks.recipes import Recipe


class Distillation(keras.losses.Loss):  # type: ignore[misc]
    """The loss of a recipe and the cross-entropy to a teacher, weighted.

    With the weight w, the temperature T, labels y, probabilities p of the network and q of the
    teacher it is ``(1 - w) base(y, p) + w T^2 H(q_T, p_T)``. H is the cross-entropy, and
    ``p_T = softmax(ln p / T)``. Without soft targets, as on validation images, it is the base.

    Args:
        base: the loss of the recipe.
        recipe: has the weight and the temperature.
        classes: number of classes.
        logits: whether the outputs of the network are logits.

    Source:
        Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network" (2015).
    """

    def __init__(self, base: Any, recipe: Recipe, classes: int, logits: bool) -> None:
        super().__init__(name="distillation")
        self.base, self.classes, self.from_logits = base, classes, logits
        self.weight, self.temperature = recipe.teacher_weight, recipe.teacher_temperature

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image, or its mean over them.

        Args:
            y_true: labels as the base takes them, followed by the soft targets ``[n, classes]``.
            y_pred: outputs of the network, ``[n, classes]``.
        """
        if not has_soft_targets(y_true, self.classes):
            return self.base(y_true, y_pred)
        ops = keras.ops
        labels, soft = y_true[:, : -self.classes], y_true[:, -self.classes :]
        logs = y_pred if self.from_logits else ops.log(ops.maximum(y_pred, TEMPERATURE_EPSILON))
        softened = ops.log_softmax(logs / self.temperature, axis=-1)
        entropy = -ops.sum(soft * softened, axis=-1)
        share = self.weight * self.temperature**2
        return (1 - self.weight) * self.base(labels, y_pred) + share * entropy


def has_soft_targets(y_true: Any, classes: int) -> bool:
    """Whether targets have columns beside those of the labels."""
    return len(y_true.shape) == 2 and y_true.shape[-1] > classes


def distillation_accuracy(classes: int) -> keras.metrics.Metric:
    """The accuracy on the labels, whether soft targets follow them or not."""

    def correct(y_true: Any, y_pred: Any) -> Any:
        ops = keras.ops
        labels = y_true[:, :-classes] if has_soft_targets(y_true, classes) else y_true
        is_index = len(labels.shape) == 1 or labels.shape[-1] == 1
        index = ops.reshape(labels, (-1,)) if is_index else ops.argmax(labels, axis=-1)
        return ops.equal(ops.cast(index, "int32"), ops.cast(ops.argmax(y_pred, axis=-1), "int32"))

    return keras.metrics.MeanMetricWrapper(correct, name="accuracy")


def with_soft_targets(
    labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32], temperature: float
) -> npt.NDArray[np.float32]:
    """Labels and the teacher's softened probabilities, as ``DeviceData`` takes them.

    Args:
        labels: int ``[n]``.
        probabilities: of the teacher, ``[n, classes]``.
        temperature: softens them.

    Returns:
        float32 ``[n, 1 + classes]``.

    Example:
        >>> with_soft_targets(np.array([1]), np.array([[0.2, 0.8]], np.float32), 1.0).tolist()
        [[1.0, 0.20000000298023224, 0.800000011920929]]
    """
    soft = apply_temperature(probabilities, temperature)
    return np.concatenate([labels[:, None], soft], axis=1).astype(np.float32)
