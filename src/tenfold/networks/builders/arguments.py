"""Arguments that several builders take, their layers, and the check of activations."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any

from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.networks.fields import Field, Interval

SIZES = Interval(1, 100_000)
DROPOUT = Field("Share of units dropped in training.", Interval(0, 1, closed="left"))
BATCH_NORM = Field("Batch normalisation before each activation.")

Activation = Annotated[str | Sequence[str], Field("Keras activation, such as relu or gelu.")]


Crop = Annotated[
    int,
    Field(
        "Side of the part that is resized to the image; 0 for all of it.",
        Interval(0, 100_000),
    ),
]
Standardize = Annotated[
    bool, Field("Shift and scale each image to mean 0 and standard deviation 1.")
]

STANDARDIZE_EPSILON = 1e-5
"""Added to the variance of an image, so that blank images give zeros."""


def image_layers(image_shape: ImageShape, crop: int, standardize: bool) -> list[Any]:
    """Layers in front of a network that prepare images ``[n, height, width, channels]``.

    As layers, they are part of the network wherever it goes: in Keras and in the model file.

    Args:
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        crop: side of the centre that is resized to the whole image; 0 for none.
        standardize: whether to standardize each image, all channels together.

    Raises:
        InputError: the crop is larger than the images.
    """
    from tenfold.core.backend import keras

    if not (crop or standardize):
        return []  # the inputs need not be images
    height, width = image_shape[:2]
    if crop > min(height, width):
        raise InputError(f"crop: {crop}; the images are {height}x{width}, give a smaller side")
    layers: list[Any] = []
    if 0 < crop < max(height, width):
        edges = [((size - crop) // 2, size - crop - (size - crop) // 2) for size in (height, width)]
        layers += [keras.layers.Cropping2D(tuple(edges)), keras.layers.Resizing(height, width)]
    if standardize:
        layers.append(
            keras.layers.LayerNormalization(
                axis=(1, 2, 3), epsilon=STANDARDIZE_EPSILON, center=False, scale=False
            )
        )
    return layers


def check_activation(activation: Any) -> None:
    """Refuse an activation that Keras does not have, or a list that has one.

    Raises:
        InputError: it is unknown; the message suggests the nearest name.
    """
    from tenfold.core.backend import keras

    if isinstance(activation, (list, tuple)):
        for one in activation:
            check_activation(one)
        return
    try:
        keras.activations.get(activation)
    except ValueError:
        names = [name for name in dir(keras.activations) if name.islower()]
        near = difflib.get_close_matches(activation, names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"activation: {activation!r} is unknown; {hint}Keras has relu, gelu, elu, selu, silu, "
            "sigmoid, tanh, softplus and others"
        ) from None
