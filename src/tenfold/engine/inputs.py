"""Adapts pixels and labels to the model and its loss, inside the compiled program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.core.backend import keras
from tenfold.core.errors import InputError

WHITE = 255
"""The largest value of a pixel of type uint8."""


class InputAdapter:
    """Adapts uint8 pixels ``[n, pixels]`` and integer labels to a model and its loss.

    Labels are one-hot encoded unless the loss is sparse.

    Args:
        model: compiled.
        image_shape: height and width of the images.
        classes: number of classes of the labels.
        pixels: the range it is fed pixels in: ``unit`` for [0, 1], ``byte`` for [0, 255].

    Raises:
        InputError: the model is not compiled, or its input does not fit the images.
    """

    def __init__(
        self, model: keras.Model, image_shape: tuple[int, int], classes: int, pixels: str = "unit"
    ) -> None:
        if not getattr(model, "compiled", False):
            raise InputError("the model is not compiled; call model.compile(optimizer, loss) first")
        self.image_shape, self.classes = image_shape, classes
        self.shape = model_input_shape(model, image_shape)
        self.pixels = pixels
        self.sparse = _is_sparse(model.loss)
        self._check_outputs(model)

    def __call__(
        self,
        pixels: Any,
        labels: Any,
        transform: Callable[[jax.Array], jax.Array] | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        """Inputs and targets of a batch; ``transform`` acts on images ``[n, h, w]`` in [0, 1]."""
        n = pixels.shape[0]
        if transform is None:
            images = scale_images(jnp.asarray(pixels), self.pixels)
        else:
            unit = scale_images(jnp.asarray(pixels), "unit").reshape(n, *self.image_shape)
            images = transform(unit)
            if self.pixels == "byte":
                images = images * WHITE
        x = images.reshape(n, *self.shape)
        labels = jnp.asarray(labels)
        return x, labels if self.sparse else jax.nn.one_hot(labels, self.classes)

    def _check_outputs(self, model: keras.Model) -> None:
        shape = getattr(model, "output_shape", None)
        if isinstance(shape, tuple) and (len(shape) != 2 or shape[-1] != self.classes):
            raise InputError(
                f"the model's output has shape {shape_text(shape[1:])}, the data has "
                f"{self.classes} classes; end the model with "
                f"Dense({self.classes}, activation='softmax')"
            )

    def build(self, model: keras.Model) -> None:
        """Create missing variables of a model of this architecture, its optimizer and metrics.

        Raises:
            InputError: the model cannot be called on the images.
        """
        shape: Any = jax.ShapeDtypeStruct
        images = shape((2, *self.image_shape), np.uint8)
        x, y = jax.eval_shape(self, images, shape((2,), np.int32))
        try:
            model._symbolic_build(data_batch=(x, y))
        except ValueError as error:
            raise InputError(
                f"the model cannot be called on images of {shape_text(x.shape[1:])}: "
                f"{' '.join(str(error).split())[:300]}"
            ) from error


def model_input_shape(model: keras.Model, image_shape: tuple[int, int]) -> tuple[int, ...]:
    """The input shape of a model: ``[pixels]``, ``[height, width]`` or ``[height, width, 1]``.

    Raises:
        InputError: the model has no input shape yet, has several inputs, or does not fit the
            images.
    """
    shape = getattr(model, "input_shape", None)
    if shape is None and model.built:
        shape = (model.get_build_config() or {}).get("input_shape")
    height, width = image_shape
    allowed = ((height * width,), (height, width), (height, width, 1))
    if not isinstance(shape, tuple):
        raise InputError(
            "the model has no single input shape yet; begin it with "
            f"keras.Input({allowed[0]}) or keras.Input({allowed[2]}), or call it once"
        )
    if shape[1:] not in allowed:
        raise InputError(
            f"the model takes inputs of {shape_text(shape[1:])}, the images are {height}x{width}; "
            f"allowed are {', '.join(map(str, allowed))}"
        )
    return tuple(shape[1:])


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


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape as text.

    Example:
        >>> shape_text((28, 28)), shape_text(())
        ('28x28', 'a single number')
    """
    return "x".join(str(size) for size in shape) or "a single number"


def _is_sparse(loss: Any) -> bool:
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return "sparse" in name.lower()
