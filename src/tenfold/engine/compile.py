"""Compile a Keras model with the loss, optimizer and learning-rate schedule of a recipe."""

from __future__ import annotations

import copy
import difflib
import math
from typing import Any

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.engine.averaging import average_weights
from tenfold.engine.distillation import Distillation, distillation_accuracy
from tenfold.engine.losses import takes_logits
from tenfold.engine.muon import Muon
from tenfold.networks.recipes import Recipe


def compile_network(
    model: keras.Model, recipe: Recipe, images: int, multi_label: bool = False
) -> None:
    """Compile a model with the loss, optimizer and learning-rate schedule of a recipe.

    Args:
        model: any network.
        recipe: the settings.
        images: number of training images, which decides the length of the schedule.
        multi_label: whether an image may have several classes: accuracy counts each of them.

    Raises:
        InputError: the loss or the optimizer is unknown to Keras.
    """
    loss = _get("loss", keras.losses.get, recipe.loss)
    optimizer = _get("optimizer", _optimizer, recipe.optimizer)
    steps = recipe.epochs * math.ceil(images / recipe.batch_size)
    config = optimizer.get_config()
    if recipe.learning_rate is not None:
        config["learning_rate"] = recipe.learning_rate
    if recipe.weight_decay is not None:
        config["weight_decay"] = recipe.weight_decay
    if recipe.schedule != "constant":
        config["learning_rate"] = _schedule(recipe, float(optimizer.learning_rate), steps)
    optimizer = type(optimizer).from_config(config)
    average_weights(optimizer, recipe, steps)
    model.compile(optimizer, loss, metrics=[accuracy_metric(multi_label)])
    if recipe.teacher is not None:
        _add_teacher(model, loss, recipe)


def accuracy_metric(multi_label: bool) -> Any:
    """The accuracy of Keras for one class an image, or of all answers to several labels."""
    return keras.metrics.BinaryAccuracy(name="accuracy") if multi_label else "accuracy"


def _add_teacher(model: keras.Model, loss: Any, recipe: Recipe) -> None:
    """Compile a compiled model anew, with soft targets beside the labels in its loss."""
    outputs = model.output_shape
    if len(outputs) != 2 or outputs[-1] == 1:
        raise InputError("teacher: the network needs one output per class; end it with softmax")
    classes = outputs[-1]
    distillation = Distillation(loss, recipe, classes, takes_logits(model))
    model.compile(model.optimizer, distillation, metrics=[distillation_accuracy(classes)])


def default_learning_rate(optimizer: Any) -> float:
    """The default learning rate of a Keras optimizer.

    Example:
        >>> default_learning_rate("adam")
        0.001
    """
    rate = _get("optimizer", _optimizer, optimizer).get_config()["learning_rate"]
    return round(float(rate), 9) if isinstance(rate, (int, float)) else 1e-3


def _schedule(recipe: Recipe, default: float, steps: int) -> Any:
    peak = default if recipe.learning_rate is None else recipe.learning_rate
    warm = int(recipe.warmup * steps)
    return OneCycle(peak, max(1, steps - warm), warm, recipe.schedule)


@keras.saving.register_keras_serializable("tenfold")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate with linear warmup to its peak, followed by decay to zero.

    Args:
        peak: the highest rate.
        decay_steps: number of steps of the decay.
        warmup_steps: number of steps of the warmup; 0 starts at the peak.
        shape: ``linear`` or ``cosine`` decay.

    Example:
        >>> rate = OneCycle(0.1, 10, 0, "linear")
        >>> round(float(rate(5)), 3)
        0.05
    """

    def __init__(self, peak: float, decay_steps: int, warmup_steps: int, shape: str) -> None:
        self.peak, self.decay_steps = peak, decay_steps
        self.warmup_steps, self.shape = warmup_steps, shape

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        warmup = (step + 1) / (self.warmup_steps + 1)
        done = ops.clip((step - self.warmup_steps) / self.decay_steps, 0.0, 1.0)
        decay = 1 - done if self.shape == "linear" else (1 + ops.cos(math.pi * done)) / 2
        return self.peak * ops.minimum(warmup, decay)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras saves them."""
        return {
            "peak": self.peak,
            "decay_steps": self.decay_steps,
            "warmup_steps": self.warmup_steps,
            "shape": self.shape,
        }


def _optimizer(value: Any) -> keras.optimizers.Optimizer:
    by_name = isinstance(value, str) and value.lower() == "muon"
    return Muon() if by_name else keras.optimizers.get(value)


def _get(what: str, getter: Any, value: Any) -> Any:
    try:
        instance = getter(copy.deepcopy(value))  # Keras modifies nested configurations
    except (ValueError, TypeError, KeyError):
        instance = None
    if instance is None:
        names = dir(getattr(keras, _HOMES[what]))
        known = {name.lower() for name in names if what == "optimizer" or name.islower()}
        near = difflib.get_close_matches(str(value).lower(), sorted(known), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"{what}: {value!r} is unknown to Keras; {hint}see keras.io for all names")
    return instance


_HOMES = {"loss": "losses", "optimizer": "optimizers"}
