"""Convolutional networks."""

from collections.abc import Sequence
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
from tenfold.networks.fields import Field, declared

if TYPE_CHECKING:
    from tenfold.core.backend import keras


def conv(
    image_shape: ImageShape,
    classes: int,
    *,
    filters: Annotated[Sequence[int], Field("Filters of the convolutions.", SIZES)] = (32, 64),
    kernels: Annotated[
        int | Sequence[int], Field("Side of the convolution windows, in pixels.", SIZES)
    ] = 3,
    strides: Annotated[
        int | Sequence[int], Field("Step of the convolution windows, in pixels.", SIZES)
    ] = 1,
    pooling: Annotated[
        int | Sequence[int], Field("Side of max-pooling windows; 1 for no pooling.", SIZES)
    ] = 1,
    padding: Annotated[
        str,
        Field("Padding of the convolutions.", choices=("valid", "same")),
    ] = "valid",
    activation: Activation = "relu",
    batch_norm: Annotated[bool | Sequence[bool], BATCH_NORM] = False,
    dropout: Annotated[float, DROPOUT] = 0.0,
    crop: Crop = 0,
    standardize: Standardize = False,
    multi_label: bool = False,
) -> "keras.Model":
    """Build a network of convolutions, then dropout and a softmax layer.

    Batch normalisation follows the max-pooling of its layer: it has fewer values to normalise
    there. Where features have become smaller than a window, as in a deep network for small images,
    the convolution pads them as ``"same"`` does and the pooling is left out.

    Args:
        image_shape: ``(height, width)``, or ``(height, width, 3)`` of coloured images.
        classes: number of outputs.
        filters: of each convolution.
        kernels: side of the windows, for all layers or one per layer; so too the next arguments.
        strides: step of the windows.
        pooling: side of the max-pooling windows after a layer; 1 for none.
        padding: ``"valid"``, or ``"same"`` for zeros around the images, which then keep their size.
        activation: of the convolutions.
        batch_norm: put a batch normalisation between a layer, with its pooling, and its activation.
        dropout: share of features dropped before the softmax layer.
        crop: side of the centre that is resized to the whole image; 0 for none.
        standardize: standardize each image.
        multi_label: end in a sigmoid for each class, since an image may have several.

    Returns:
        An untrained model with inputs ``[n, height, width, 1 or 3]`` and outputs ``[n, classes]``.

    Raises:
        InputError: an argument is out of range, an activation or padding is unknown, or a list is
            not as long as ``filters``.

    Example:
        >>> conv((28, 28), 10, filters=[32, 64], pooling=2, dropout=0.5).count_params()
        34826
    """
    from tenfold.core.backend import keras

    fields = declared(conv)
    single = {"filters": filters, "padding": padding, "dropout": dropout}
    for name, value in (single | {"crop": crop, "standardize": standardize}).items():
        fields[name].check(value)
    layered = {
        "kernels": kernels,
        "strides": strides,
        "pooling": pooling,
        "activation": activation,
        "batch_norm": batch_norm,
    }
    per_layer = [fields[name].per_layer(value, len(filters)) for name, value in layered.items()]
    check_activation(activation)
    model = keras.Sequential(
        [keras.Input(image_shape if is_colour(image_shape) else (*image_shape, 1))]
    )
    for layer in image_layers(image_shape, crop, standardize):
        model.add(layer)
    extent = min(image_shape[:2])
    for count, side, step, pool, name, is_normal in zip(filters, *per_layer, strict=True):
        border = padding if side <= extent else "same"
        model.add(
            keras.layers.Conv2D(count, side, strides=step, padding=border, use_bias=not is_normal)
        )
        extent = -(-(extent if border == "same" else extent - side + 1) // step)
        pooled = [keras.layers.MaxPooling2D(pool)] if 1 < pool <= extent else []
        extent //= pool if pooled else 1
        active = keras.layers.Activation(name)
        normal = [*pooled, keras.layers.BatchNormalization(), active]
        for layer in normal if is_normal else [active, *pooled]:
            model.add(layer)
    model.add(keras.layers.Flatten())
    if dropout:
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes, activation="sigmoid" if multi_label else "softmax"))
    return model
