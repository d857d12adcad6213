"""Compiled forward passes: outputs and class probabilities of trained networks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.engine.geometry import find_geometry
from tenfold.engine.inputs import call_network, input_shape, output_shape, scale_images
from tenfold.engine.losses import last_activation, loss_name, takes_logits, to_probabilities
from tenfold.engine.program import EVALUATION_BATCH
from tenfold.engine.views import views
from tenfold.engine.xla import compiler_options


class Forward:
    """The compiled forward pass of one architecture, for any weights.

    Args:
        template: a built network.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        pixels: the range it is fed pixels in, ``unit`` or ``byte``.
    """

    def __init__(
        self, template: keras.Model, image_shape: ImageShape, pixels: str = "unit"
    ) -> None:
        shape = input_shape(template, image_shape)
        geometry = find_geometry(image_shape, shape)
        self.outputs = output_shape(template, shape)[-1]

        def forward(
            weights: list[jax.Array], rest: list[jax.Array], images: jax.Array
        ) -> jax.Array:
            x = geometry(scale_images(images, pixels))
            return call_network(template, weights, rest, x)

        self._forward = jax.jit(forward, compiler_options=compiler_options())

    def __call__(
        self, model: keras.Model, images: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """The outputs of a network of this architecture: float32 ``[n, classes]``.

        Args:
            model: provides the weights.
            images: uint8 ``[n, *image_shape]``, scaled as in training.
        """
        size = min(EVALUATION_BATCH, len(images))
        padding = np.zeros((-len(images) % size, *images.shape[1:]), images.dtype)
        padded = np.concatenate([images, padding])
        weights = [v.value for v in model.trainable_variables]
        rest = [v.value for v in model.non_trainable_variables]
        result = np.empty((len(padded), self.outputs), np.float32)
        for start in range(0, len(padded), size):
            batch = jnp.asarray(padded[start : start + size])
            result[start : start + size] = self._forward(weights, rest, batch)
        return result[: len(images)]


class Probabilities:
    """Class probabilities from the networks of one architecture.

    The outputs of a network that was compiled with a ``from_logits`` loss pass through a softmax.
    One sigmoid unit gives the probability of the second of two classes.

    Args:
        template: one of the networks.
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        pixels: the range they are fed pixels in, ``unit`` or ``byte``.
        tta: the views that are averaged, as in the recipe field.
    """

    def __init__(
        self,
        template: keras.Model,
        image_shape: ImageShape,
        pixels: str = "unit",
        tta: str = "none",
    ) -> None:
        self._forward = Forward(template, image_shape, pixels)
        self._views = [] if tta == "none" else views(tta, image_shape)
        self._logits = takes_logits(template)

    def __call__(
        self, model: keras.Model, images: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Probabilities ``[n, classes]`` of uint8 images ``[n, height, width]``."""
        if not self._views:
            return self._of(model, images)
        each = [self._of(model, images[:, rows][:, :, columns]) for rows, columns in self._views]
        mean: npt.NDArray[np.float32] = np.mean(each, axis=0, dtype=np.float32)
        return mean

    def _of(
        self, model: keras.Model, images: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        probabilities: npt.NDArray[np.float32] = to_probabilities(
            self._forward(model, images), self._logits
        )
        return probabilities


def require_probabilities(
    model: keras.Model, image_shape: ImageShape, pixels: str, name: str, multi_label: bool = False
) -> None:
    """Check before training that the outputs of a network are probabilities.

    Raises:
        InputError: an output is below 0, or the sum is not 1; or of several labels, an output is
            not a probability of its own.
    """
    if multi_label:
        _require_sigmoid(model, name)
    black_and_white = np.stack([np.full(image_shape, tone, np.uint8) for tone in (0, 255)])
    outputs = Probabilities(model, image_shape, pixels)(model, black_and_white)
    sums = outputs.max(axis=-1).clip(1) if multi_label else outputs.sum(axis=-1)
    if (outputs < 0).any() or (np.abs(sums - 1) > 0.01).any():
        raise InputError(
            f"{name}: its outputs are not probabilities; end it with "
            + (
                "activation='sigmoid'"
                if multi_label
                else "activation='softmax', or compile it with a loss that has from_logits=True"
            )
        )


def _require_sigmoid(model: keras.Model, name: str) -> None:
    one_class = last_activation(model) == "softmax" or "categorical" in loss_name(model)
    if one_class or takes_logits(model):
        reason = "it is made for one class an image" if one_class else "its loss is from_logits"
        raise InputError(
            f"{name}: {reason}, but these may have several labels; end it with "
            "activation='sigmoid', and compile it with loss='binary_crossentropy'"
        )
