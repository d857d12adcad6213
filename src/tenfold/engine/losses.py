"""What the loss of a compiled model takes: labels in an encoding, probabilities or logits."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.core.backend import keras
from tenfold.core.errors import InputError, one_line, warn
from tenfold.networks.serialization import loss_of


def takes_logits(model: keras.Model) -> bool:
    """Whether the loss is ``from_logits``, so that outputs are not probabilities yet."""
    loss = loss_of(model)
    if isinstance(loss, partial):
        return bool(loss.keywords.get("from_logits", False))
    return bool(getattr(loss, "from_logits", False))


def warn_of_outputs(model: keras.Model) -> None:
    """Warn if the last activation does not fit a cross-entropy loss, as in Keras's tutorials."""
    name = loss_name(model)
    last = last_activation(model)
    if last is None or "crossentropy" not in name:
        return
    if last == "linear" and not takes_logits(model):
        warn(
            f"the network ends without an activation, but {name} takes probabilities: end it with "
            "activation='softmax', or compile it with from_logits=True"
        )
    elif last in ("softmax", "sigmoid") and takes_logits(model):
        warn(
            f"the network ends with {last}, but its {name} has from_logits=True and applies it "
            "once more: leave out one of them"
        )


def last_activation(model: keras.Model) -> str | None:
    """The name of the activation that a model ends in, or empty; None if it has no graph."""
    outputs = getattr(model, "outputs", None)  # a subclassed model may have none
    if not outputs:
        return None
    operation = outputs[0]._keras_history.operation
    named = "softmax" if isinstance(operation, keras.layers.Softmax) else None
    return _name(named or getattr(operation, "activation", None))


def loss_name(model: keras.Model) -> str:
    """The name of the loss that a model is compiled with."""
    return _name(loss_of(model))


def _name(function: Any) -> str:
    """The name of a loss or activation: text, an object or a function."""
    function = function.func if isinstance(function, partial) else function
    name = function if isinstance(function, str) else getattr(function, "name", None)
    return str(name or getattr(function, "__name__", ""))


def to_probabilities(outputs: Any, logits: bool) -> Any:
    """Class probabilities from outputs; one sigmoid unit stands for two classes.

    Args:
        outputs: float NumPy array ``[n, units]``.
        logits: whether they are logits.

    Returns:
        float32 ``[n, classes]``.
    """
    from scipy.special import expit, softmax

    if outputs.shape[-1] == 1:
        second = expit(outputs) if logits else outputs
        return np.concatenate([1 - second, second], axis=-1).astype(np.float32)
    return softmax(outputs, axis=-1).astype(np.float32) if logits else outputs


def find_encoding(model: keras.Model, classes: int, units: int, first: str = "index") -> str:
    """How the loss takes labels: ``index`` [n], ``one-hot`` [n, classes] or ``binary`` [n, 1].

    Losses of Keras tell by their names and by the shapes that they take. Another function is tried
    on labels in both encodings: the right one gives correct predictions a lower loss than wrong
    ones.

    Args:
        model: compiled.
        classes: number of classes of the labels.
        units: number of outputs of the model.
        first: the encoding that is tried first.

    Raises:
        InputError: the loss takes labels in neither encoding.
    """
    loss = loss_of(model)
    if loss is None:
        raise InputError("the model is compiled without a loss; give one: model.compile(loss=...)")
    function = loss.func if isinstance(loss, partial) else loss
    name = (
        function
        if isinstance(function, str)
        else getattr(function, "__name__", type(function).__name__)
    )
    if units == 1 and classes == 2:
        return "binary"
    module = str(getattr(function, "__module__", type(function).__module__))
    if isinstance(function, str) or module.startswith("keras."):
        if "sparse" in name.lower():
            return "index"
        with suppress(Exception):  # some take numbers, whatever their names
            labels = jnp.arange(units + 1) % units
            jax.eval_shape(partial(_mean_loss, loss, "one-hot", units), labels, labels)
            return "one-hot"
    reasons = {}
    for encoding in dict.fromkeys((first, "index", "one-hot")):
        try:
            if _prefers_correct(loss, encoding, classes, units):
                return encoding
            reasons[encoding] = "a wrong prediction costs no more than a correct one"
        except Exception as error:  # whatever a user's function raises
            reasons[encoding] = one_line(error, 70)
    raise InputError(
        f"the loss {name} takes labels neither as numbers ({reasons['index']}) nor one-hot "
        f"({reasons['one-hot']})"
    )


def _prefers_correct(loss: Any, encoding: str, classes: int, units: int) -> bool:
    """Whether a loss of labels in this encoding is lower for correct than for wrong predictions."""
    labels = jnp.arange(2 * classes - 1, dtype=jnp.int32) % classes
    mean = partial(_mean_loss, loss, encoding, units, labels)
    return bool(mean(labels) < mean((labels + 1) % classes) - 1e-4)


def _mean_loss(
    loss: Any, encoding: str, units: int, labels: jax.Array, predicted: jax.Array
) -> jax.Array:
    """The loss of predictions that are sure of a class, for labels in an encoding."""
    function = loss if callable(loss) else keras.losses.get(loss)
    sure = 0.1 / units + 0.9 * jax.nn.one_hot(predicted, units)
    return jnp.mean(jnp.asarray(function(encode(labels, encoding, units), sure)))


def encode(labels: jax.Array, encoding: str, units: int) -> jax.Array:
    """Labels int ``[n]`` in an encoding of ``find_encoding``; ``given`` leaves any as they are."""
    if encoding in ("index", "given"):
        return labels
    if encoding == "binary":
        return labels[:, None].astype(jnp.float32)
    return jax.nn.one_hot(labels, units)
