"""Adapts pixels and labels to the model and its loss, inside the compiled program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from tenfold.core.backend import keras
from tenfold.core.errors import InputError


class InputAdapter:
    """Adapts uint8 pixels ``[n, pixels]`` and integer labels to a model and its loss.

    Pixels are scaled to [0, 1] unless the model begins with a ``Rescaling`` layer. Labels are
    one-hot encoded unless the loss is sparse.

    Raises:
        InputError: the model is not compiled, or its input does not fit the images.
    """

    def __init__(self, model: keras.Model, image_shape: tuple[int, int], classes: int) -> None:
        if not getattr(model, "compiled", False):
            raise InputError("the model is not compiled; call model.compile(optimizer, loss) first")
        self.image_shape, self.classes = image_shape, classes
        self.shape = model_input_shape(model, image_shape)
        self.model = model
        self.sparse = _is_sparse(model.loss)

    def __call__(
        self,
        pixels: Any,
        labels: Any,
        transform: Callable[[jax.Array], jax.Array] = lambda images: images,
    ) -> tuple[jax.Array, jax.Array]:
        """Inputs and targets of a batch; ``transform`` acts on the scaled images ``[n, h, w]``."""
        n = pixels.shape[0]
        images = scale_images(self.model, jnp.asarray(pixels)).reshape(n, *self.image_shape)
        x = transform(images).reshape(n, *self.shape)
        labels = jnp.asarray(labels)
        return x, labels if self.sparse else jax.nn.one_hot(labels, self.classes)


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


def scale_images(model: keras.Model, pixels: jax.Array) -> jax.Array:
    """uint8 pixels as float32 in [0, 1], or in [0, 255] for a model that begins with Rescaling."""
    white = 1 if _begins_with_rescaling(model) else 255
    return pixels.astype(jnp.float32) / white


def _begins_with_rescaling(model: keras.Model) -> bool:
    layers = keras.layers
    skipped = (layers.InputLayer, layers.Flatten, layers.Reshape)
    first = next((layer for layer in model.layers if not isinstance(layer, skipped)), None)
    return isinstance(first, keras.layers.Rescaling)


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
