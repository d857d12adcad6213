"""The range of pixels that a network expects, and trainings compared with Keras's own fit."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

import tenfold
from tenfold import InputError
from tenfold.engine.pixels import find_pixel_range
from tenfold.networks import seeded


@pytest.fixture(scope="module")
def images(mnist):
    return mnist.train[:96]


def model_of(*layers, shape=(28, 28, 1)):
    with seeded(0):
        model = keras.Sequential(
            [keras.Input(shape), *layers, L.Flatten(), L.Dense(10, activation="softmax")]
        )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def function_of(operation):
    """A functional model that begins with an operation."""
    x = keras.Input((28, 28, 1))
    with seeded(0):
        y = L.Dense(10, activation="softmax")(L.Flatten()(operation(x)))
    model = keras.Model(x, y)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = L.Flatten(), L.Dense(10, activation="softmax")

    def call(self, x):
        return self.dense(self.flatten(x / 255.0))


def subclassed(_):
    with seeded(0):
        model = Subclassed()
        model(np.zeros((1, 28, 28, 1), np.float32))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def adapted(images, white):
    layer = L.Normalization()
    layer.adapt(images.images[..., None] / np.float32(255 / white))
    return layer


def in_sequence(*made):
    return lambda images: model_of(*(make(images) for make in made))


def layer(kind, *args, **named):
    return lambda images: getattr(L, kind)(*args, **named)


RESCALING = layer("Rescaling", 1 / 255)
NESTED = lambda images: keras.Sequential([keras.Input((28, 28, 1)), L.Rescaling(1 / 255)])  # noqa: E731
AUGMENTATION = lambda images: keras.Sequential([L.RandomFlip(seed=1), L.RandomZoom(0.1)])  # noqa: E731


def operation(function):
    return lambda images: function_of(function)


BYTE = {
    "rescaling": in_sequence(RESCALING),
    "behind augmentation": in_sequence(layer("RandomRotation", 0.05), RESCALING),
    "behind an augmentation model": in_sequence(AUGMENTATION, RESCALING),
    "nested": in_sequence(NESTED),
    "behind resizing": in_sequence(layer("Resizing", 20, 20), RESCALING),
    "behind pooling": in_sequence(layer("AveragePooling2D", 2), RESCALING),
    "behind padding and flatten": in_sequence(layer("ZeroPadding2D"), layer("Flatten"), RESCALING),
    "to -1 and 1": in_sequence(layer("Rescaling", 1 / 127.5, -1)),
    "there and back": in_sequence(RESCALING, layer("Rescaling", 255.0)),
    "adapted": in_sequence(lambda images: adapted(images, 255)),
    "given statistics": in_sequence(layer("Normalization", mean=33.3, variance=6172.0)),
    "lambda": in_sequence(layer("Lambda", lambda x: x / 255)),
    "brightness, then rescaling": in_sequence(layer("RandomBrightness", 0.2), RESCALING),
    "rescaling, then brightness": in_sequence(RESCALING, layer("RandomBrightness", 0.2)),
    "division": operation(lambda x: x / 255.0),
    "division by 256": operation(lambda x: x / 256),
    "inverted": operation(lambda x: 255 - x),
    "centred": operation(lambda x: (x - 127.5) / 127.5),
    "mean subtracted": operation(lambda x: x - 33.3),
    "standardized": operation(lambda x: (x - 33.3) / 78.6),
    "threshold": operation(lambda x: ops.cast(x > 128, "float32")),
    "gamma": operation(lambda x: (x / 255) ** 0.5),
    "three channels": operation(lambda x: L.Rescaling(1 / 255)(L.Concatenate()([x, x, x]))),
    "whole numbers": lambda images: model_of(L.Embedding(256, 2), shape=(784,)),
    "subclassed": subclassed,
}
UNIT = {
    "nothing": in_sequence(),
    "convolution": in_sequence(layer("Conv2D", 2, 3)),
    "batch normalization": in_sequence(layer("BatchNormalization")),
    "resizing": in_sequence(layer("Resizing", 20, 20)),
    "pooling": in_sequence(layer("AveragePooling2D", 2)),
    "noise": in_sequence(layer("GaussianNoise", 0.1)),
    "unit normalization": in_sequence(layer("UnitNormalization", axis=(1, 2))),
    "from 0..1 to -1..1": in_sequence(layer("Rescaling", 2, -1)),
    "to bytes": in_sequence(layer("Rescaling", 255.0)),
    "to bytes and back": in_sequence(layer("Rescaling", 255.0), RESCALING),
    "adapted": in_sequence(lambda images: adapted(images, 1)),
    "brightness of 0..1": in_sequence(layer("RandomBrightness", 0.2, value_range=(0, 1))),
    "standardized": operation(lambda x: (x - 0.1307) / 0.3081),
    "each image standardized": operation(
        lambda x: (x - ops.mean(x, axis=(1, 2), keepdims=True)) / ops.std(x)
    ),
    "inverted": operation(lambda x: 1 - x),
    "clipped": operation(lambda x: ops.clip(x, 0, 1)),
    "ink": operation(lambda x: ops.cast(x > 0, "float32")),
}
UNDECIDED = {
    "sixteenths": operation(lambda x: x / 16),
    "one half as threshold": operation(lambda x: ops.cast(x > 0.5, "float32")),
    "two branches": operation(
        lambda x: L.Concatenate()([L.Rescaling(1 / 255)(x), L.Rescaling(2, -1)(x)])
    ),
    "brightness of 0..255 alone": in_sequence(layer("RandomBrightness", 0.2)),
}


@pytest.mark.parametrize(
    ("expected", "name"), [*(("byte", name) for name in BYTE), *(("unit", name) for name in UNIT)]
)
def test_the_range_is_read_from_the_graph(images, expected, name):
    model = (BYTE if expected == "byte" else UNIT)[name](images)
    assert find_pixel_range(model, images).name == expected


@pytest.mark.parametrize("name", UNDECIDED)
def test_an_ambiguous_model_is_refused(images, name):
    with pytest.raises(InputError, match=r"give pixels='unit' or pixels='byte'"):
        tenfold.fit(UNDECIDED[name](images), images, verbose=0)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("byte", "nested"),
        ("byte", "adapted"),
        ("byte", "subclassed"),
        ("unit", "from 0..1 to -1..1"),
    ],
)
def test_one_epoch_equals_keras_on_the_same_arrays(images, expected, name):
    build = (BYTE if expected == "byte" else UNIT)[name]
    x = images.images[..., None] / np.float32(1 if expected == "byte" else 255)
    theirs = build(images).fit(x, images.labels, shuffle=False, verbose=0).history["loss"]
    ours = tenfold.fit(build(images), images, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_the_argument_decides_and_the_decision_is_printed(images, capsys):
    def loss(**named):
        model = BYTE["rescaling"](images)
        return tenfold.fit(model, images, shuffle=False, **named).history["loss"]

    assert loss() == loss(pixels="byte") != loss(pixels="unit")
    assert capsys.readouterr().out.startswith("pixels: fed as 0 to 255 (byte), since the model")
    with pytest.raises(InputError, match="give 'unit' for 0 to 1, or 'byte' for 0 to 255"):
        loss(pixels="grey")
