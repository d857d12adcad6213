"""Adapts images and labels to the model and its loss, inside the compiled program."""

from __future__ import annotations

import copy
from collections.abc import Callable
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.core.backend import keras, unusual_configuration
from tenfold.core.errors import InputError, one_line
from tenfold.engine.geometry import find_geometry, shape_text
from tenfold.engine.losses import encode, find_encoding

WHITE = 255
"""The largest value of a pixel of type uint8."""


class InputAdapter:
    """Adapts images ``[n, pixels]`` and labels to a model and its loss.

    Args:
        model: compiled.
        image_shape: height and width of the images.
        classes: number of classes of the labels.
        pixels: the range it is fed pixels in: ``unit`` for [0, 1], ``byte`` for [0, 255].
        labels: their encoding: ``given`` for any ``[n, classes]``; ``index`` or ``one-hot`` tries
            this first with a loss that is not Keras's own.

    Raises:
        InputError: the model is not compiled, or its input does not fit the images.
    """

    def __init__(
        self,
        model: keras.Model,
        image_shape: tuple[int, ...],
        classes: int,
        pixels: str = "unit",
        labels: str = "index",
    ) -> None:
        if not getattr(model, "compiled", False):
            raise InputError("the model is not compiled; call model.compile(optimizer, loss) first")
        self.image_shape, self.classes, self.pixels = image_shape, classes, pixels
        self.shape = input_shape(model, image_shape, classes)
        self.geometry = find_geometry(image_shape, self.shape)
        self.outputs = output_shape(model, self.shape)
        self._check_outputs(labels == "given")
        self.encoding = (
            labels if labels == "given" else find_encoding(model, classes, self.outputs[-1], labels)
        )

    def __call__(
        self,
        pixels: Any,
        labels: Any,
        transform: Callable[[jax.Array], jax.Array] | None = None,
    ) -> tuple[jax.Array, ...]:
        """Inputs, targets and perhaps weights of a batch.

        Args:
            pixels: ``[n, pixels]``.
            labels: int ``[n]``, or of any encoding if it is ``given``; or with soft targets,
                float ``[n, 1 + classes]``; or with their weights float ``[n]`` as a pair.
            transform: acts on images ``[n, *image_shape]`` in [0, 1].
        """
        n = pixels.shape[0]
        if transform is None:
            images = scale_images(jnp.asarray(pixels), self.pixels).reshape(n, *self.image_shape)
        else:
            unit = scale_images(jnp.asarray(pixels), "unit").reshape(n, *self.image_shape)
            images = transform(unit)
            if self.pixels == "byte":
                images = images * WHITE
        labels, *weights = labels if isinstance(labels, tuple) else (labels,)
        return self.geometry(images), self._encode(jnp.asarray(labels)), *weights

    def _encode(self, labels: jax.Array) -> jax.Array:
        """Labels in the encoding of the loss, with the soft targets that may follow them."""
        units = self.outputs[-1]
        if labels.ndim == 1 or self.encoding == "given":
            return encode(labels, self.encoding, units)
        hard = encode(labels[:, 0].astype(jnp.int32), self.encoding, units)
        return jnp.concatenate([hard.reshape(len(hard), -1), labels[:, 1:]], axis=1)

    def _check_outputs(self, given: bool) -> None:
        units = (2, 1) if self.classes == 2 and not given else (self.classes,)
        if len(self.outputs) != 1 or self.outputs[0] not in units:
            raise InputError(
                f"the model's output has shape {shape_text(self.outputs)}, the data has "
                f"{self.classes} {'labels' if given else 'classes'}; end the model with "
                f"Dense({self.classes}, activation='{'sigmoid' if given else 'softmax'}')"
            )

    def build(self, model: keras.Model) -> None:
        """Create missing variables of a model of this architecture, its optimizer and metrics.

        Raises:
            InputError: the model cannot be called on the images.
        """
        shape: Any = jax.ShapeDtypeStruct
        images = shape((2, *self.image_shape), np.uint8)
        labels = shape((2, self.classes), "f4") if self.encoding == "given" else shape((2,), "i4")
        x, y = jax.eval_shape(self, images, labels)
        try:
            model._symbolic_build(data_batch=(x, y))
        except (ValueError, TypeError) as error:
            changed = unusual_configuration()
            raise InputError(
                f"the model cannot be trained on images of {shape_text(x.shape[1:])}: "
                f"{one_line(error, 150)}{'; ' if changed else ''}{changed}"
            ) from error


def input_shape(
    model: keras.Model, image_shape: tuple[int, ...], classes: int | None = None
) -> tuple[int, ...]:
    """The shape of a model's input, without the batch axis; sizes it leaves open are the images'.

    A model without a shape gets the first that it can be called on: that of the images, with a
    channel axis, or flattened.

    Raises:
        InputError: the model has several inputs, or cannot be called on images.
    """
    shape = getattr(model, "input_shape", None)
    if shape is None and model.built:
        shape = (model.get_build_config() or {}).get("input_shape")
    if isinstance(shape, dict) or (isinstance(shape, list) and isinstance(shape[0], tuple | list)):
        inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
        names = ", ".join(tensor.name for tensor in inputs) or "without names"
        raise InputError(
            f"the model has {len(shape)} inputs ({names}); tenfold feeds one, the images"
        )
    if shape is None:
        return _shape_by_trial(model, image_shape, classes)
    sizes = tuple(shape)[1:]
    known = (prod(image_shape),) if len(sizes) == 1 else (*image_shape, 1)[: len(sizes)]
    return tuple(
        size or (known[axis] if axis < len(known) else 1) for axis, size in enumerate(sizes)
    )


def output_shape(model: keras.Model, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a model's outputs for inputs of a shape, both without the batch axis.

    Raises:
        InputError: the model has several outputs, or cannot be called.
    """
    output = getattr(model, "output_shape", None)
    if output is None:
        output = _call(model if model.built else _copy(model), shape)
    if not isinstance(output, tuple) or (output and isinstance(output[0], tuple)):
        raise several_outputs()
    return output[1:]


def several_outputs() -> InputError:
    """The error of a model with several outputs."""
    return InputError("the model has several outputs; tenfold trains one, of the classes")


def call_network(model: keras.Model, weights: Any, rest: Any, x: jax.Array) -> jax.Array:
    """The outputs of a network in inference, as a function of its variables.

    Args:
        model: built.
        weights: values of its trainable variables.
        rest: values of its other variables.
        x: a batch of inputs.
    """
    named = {"training": False} if model._call_has_training_arg else {}
    outputs: jax.Array = model.stateless_call(weights, rest, x, **named)[0]
    return outputs


def scale_images(images: jax.Array, pixels: str) -> jax.Array:
    """uint8 images as float32 in [0, 1] for the pixel range ``unit``, in [0, 255] for ``byte``."""
    return images.astype(jnp.float32) / (1 if pixels == "byte" else WHITE)


def _shape_by_trial(
    model: keras.Model, image_shape: tuple[int, ...], classes: int | None
) -> tuple[int, ...]:
    with_channel = (*image_shape, 1) if len(image_shape) == 2 else image_shape
    shapes = [image_shape, with_channel, (prod(image_shape),)]
    if any("2D" in type(layer).__name__ or _is_for_images(layer) for layer in _layers(model)):
        shapes = [with_channel]
    reason = ""
    for shape in shapes:
        try:
            output = _call(_copy(model), shape)
        except Exception as error:  # whatever a layer raises for another rank
            reason = one_line(error, 120)
            continue
        if len(output) == 2 and (classes is None or output[1] in (classes, 1)):
            return shape
        reason = f"outputs of {shape_text(output[1:])} for images of {shape_text(shape)}"
    raise InputError(
        f"the model has no input shape, and fits the images in none ({reason}); begin it with "
        f"keras.Input({with_channel})"
    )


def _call(model: keras.Model, shape: tuple[int, ...]) -> Any:
    """The shape of the outputs of a model that is called on symbolic inputs."""
    outputs = keras.tree.flatten(model(keras.KerasTensor((None, *shape))))
    if len(outputs) != 1:
        raise several_outputs()
    return tuple(outputs[0].shape)


def _copy(model: keras.Model) -> keras.Model:
    """A copy to call, so that the model itself gets no variables yet."""
    try:
        return copy.deepcopy(model)
    except Exception:  # a model may hold what cannot be copied
        return model


def _layers(model: keras.Model) -> list[Any]:
    return list(model._flatten_layers())


def _is_for_images(layer: Any) -> bool:
    module = type(layer).__module__
    return module.startswith("keras.") and "image_preprocessing" in module
