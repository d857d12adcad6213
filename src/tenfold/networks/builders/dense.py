"""Fully connected networks."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Annotated

from tenfold.core.image_shape import ImageShape, is_colour
from tenfold.networks.builders.arguments import (
    BATCH_NORM,
    DROPOUT,
    SIZES,
    Activation,
    Crop,
    Standardize,
    check_activation,
    image_layers,
)
from tenfold.networks.fields import Field, Interval, declared

if TYPE_CHECKING:
    from tenfold.core.backend import keras


def dense(
    image_shape: ImageShape,
    classes: int,
    *,
    hidden: Annotated[Sequence[int], Field("Units of the hidden dense layers.", SIZES)] = (512,),
    activation: Activation = "relu",
    dropout: Annotated[float | Sequence[float], DROPOUT] = 0.0,
    batch_norm: Annotated[bool, BATCH_NORM] = False,
    gaussian_noise: Annotated[
        float,
        Field(
            "Standard deviation of noise before each activation and on pixels.",
            Interval(0, 10, closed="left"),
        ),
    ] = 0.0,
    crop: Crop = 0,
    standardize: Standardize = False,
    multi_label: bool = False,
) -> "keras.Model":
    """Build a network of dense layers on the flattened pixels, with a softmax over the classes.

    Args:
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of outputs.
        hidden: units of the hidden layers; empty for softmax regression.
        activation: of all hidden layers, or one per layer.
        dropout: share of units dropped after all hidden layers, or one per layer.
        batch_norm: put a batch normalisation between each layer and its activation.
        gaussian_noise: standard deviation of the noise added in training, to the pixels and before
            every activation.
        crop: side of the centre that is resized to the whole image; 0 for none.
        standardize: standardize each image.
        multi_label: end in a sigmoid for each class, since an image may have several.

    Returns:
        An untrained model with inputs ``[n, pixels]`` and outputs ``[n, classes]``.

    Raises:
        InputError: an argument is out of range, an activation is unknown, or a list is not as long
            as ``hidden``.

    Source:
        Gaussian noise: the baseline in Rasmus et al., "Semi-supervised learning with ladder
        networks", 2015.

    Example:
        >>> dense((28, 28), 10, hidden=[64], activation="sigmoid").count_params()
        50890
    """
    from tenfold.core.backend import keras

    fields = declared(dense)
    fields["hidden"].check(hidden)
    fields["batch_norm"].check(batch_norm)
    fields["gaussian_noise"].check(gaussian_noise)
    fields["crop"].check(crop)
    fields["standardize"].check(standardize)
    activations = fields["activation"].per_layer(activation, len(hidden))
    rates = fields["dropout"].per_layer(dropout, len(hidden))
    check_activation(activation)
    model = keras.Sequential([keras.Input((prod(image_shape),))])
    if prepared := image_layers(image_shape, crop, standardize):
        as_image = keras.layers.Reshape(
            image_shape if is_colour(image_shape) else (*image_shape, 1)
        )
        for layer in [as_image, *prepared, keras.layers.Flatten()]:
            model.add(layer)
    if gaussian_noise:
        model.add(keras.layers.GaussianNoise(gaussian_noise))
    for units, name, rate in zip(hidden, activations, rates, strict=True):
        between = [keras.layers.BatchNormalization()] if batch_norm else []
        between += [keras.layers.GaussianNoise(gaussian_noise)] if gaussian_noise else []
        if between:
            model.add(keras.layers.Dense(units, use_bias=not batch_norm))
            for layer in [*between, keras.layers.Activation(name)]:
                model.add(layer)
        else:
            model.add(keras.layers.Dense(units, activation=name))
        if rate:
            model.add(keras.layers.Dropout(rate))
    model.add(keras.layers.Dense(classes, activation="sigmoid" if multi_label else "softmax"))
    return model
