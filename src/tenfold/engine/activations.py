"""What each layer of a network puts out for one image."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras
from tenfold.engine.geometry import find_geometry
from tenfold.engine.inputs import input_shape, scale_images

_SILENT = (
    *("InputLayer", "Flatten", "Reshape", "Rescaling", "Permute", "Identity"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "GaussianNoise"),
    *("AlphaDropout", "ActivityRegularization", "Masking"),
)
"""Layers that change nothing in a trained network, or only the shape or the unit."""


@dataclass(frozen=True, eq=False)
class Activation:
    """The output of a layer.

    Attributes:
        name: of the layer, unique in its network.
        kind: its class, such as ``Conv2D``.
        values: float32 ``[units]``, or ``[height, width, channels]``.
    """

    name: str
    kind: str
    values: npt.NDArray[np.float32]


def activations(
    model: keras.Model, image: npt.NDArray[np.uint8], pixels: str = "unit"
) -> list[Activation]:
    """Return the outputs of the layers of a network, in the order in which they are computed.

    Layers of nested models are included; dropout and layers that only reshape are not. A layer
    that is applied several times appears as often.

    Args:
        model: built.
        image: uint8 ``[height, width]`` or ``[height, width, 3]``.
        pixels: the range the model is fed pixels in, ``unit`` or ``byte``.

    Example:
        >>> model = keras.Sequential(
        ...     [keras.Input((784,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(2)])
        >>> [one.values.shape for one in activations(model, np.zeros((28, 28), np.uint8))]
        [(5,), (2,)]
    """
    geometry = find_geometry(image.shape, input_shape(model, image.shape))
    x = geometry(scale_images(jnp.asarray(image[None]), pixels))
    found: list[Activation] = []
    with _recorded(list(_layers(model)), found):
        model(x, training=False)
    return found


def _layers(model: keras.Model) -> Iterator[Any]:
    """The layers of a network that are no models themselves, of nested models too."""
    for layer in getattr(model, "layers", ()):
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif type(layer).__name__ not in _SILENT:
            yield layer


@contextlib.contextmanager
def _recorded(layers: list[Any], found: list[Activation]) -> Iterator[None]:
    """Append the output of each call of these layers while the context lasts."""

    def recording(layer: Any, call: Any) -> Any:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            values = np.asarray(outputs, np.float32) if hasattr(outputs, "shape") else None
            if values is not None and values.ndim in (2, 3, 4) and len(values) == 1:
                found.append(Activation(layer.name, type(layer).__name__, values[0]))
            return outputs

        return recorded

    for layer in layers:
        layer.__dict__["call"] = recording(layer, layer.call)  # not a weight: Keras need not see it
    try:
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("call", None)
