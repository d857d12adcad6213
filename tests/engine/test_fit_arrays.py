"""Arrays, losses, weights and model shapes as in `keras.Model.fit`, compared with it."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, ops

import tenfold
from tenfold import InputError
from tenfold.engine.fit_data import class_weights
from tenfold.networks import seeded


@pytest.fixture(scope="module")
def images(mnist):
    return mnist.train[:96]


@pytest.fixture(scope="module")
def x(images):
    return images.scaled(flat=True)


def linear(loss="sparse_categorical_crossentropy", units=10, activation="softmax", shape=(784,)):
    with seeded(1):
        model = keras.Sequential(
            [keras.Input(shape), layers.Flatten(), layers.Dense(units, activation)]
        )
    model.compile("sgd", loss)
    return model


def same(theirs, ours, rtol=1e-5):
    assert theirs.history.keys() == ours.history.keys()
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours.history[name], values, rtol=rtol)


QUIET = {"shuffle": False, "verbose": 0}


def one_hot_inside(labels, outputs):
    """A focal loss that encodes integer labels by itself."""
    wanted = ops.one_hot(ops.cast(labels, "int32"), 10)
    return -ops.sum(wanted * (1 - outputs) ** 2 * ops.log(outputs + 1e-7), axis=-1)


def cross_entropy(labels, outputs):
    """A loss of one-hot labels."""
    return -ops.sum(labels * ops.log(outputs + 1e-7), axis=-1)


INDEX = keras.losses.sparse_categorical_crossentropy


@pytest.mark.parametrize(
    ("loss", "encode"),
    [
        (one_hot_inside, lambda y: y),
        (cross_entropy, lambda y: keras.utils.to_categorical(y, 10)),
        (partial(INDEX, from_logits=False), lambda y: y),
        ([keras.losses.SparseCategoricalCrossentropy()], lambda y: y),
        (keras.losses.CategoricalGeneralizedCrossEntropy(), lambda y: y),
        ("categorical_hinge", lambda y: keras.utils.to_categorical(y, 10)),
    ],
)
def test_losses_get_labels_in_their_encoding(images, x, loss, encode):
    theirs = linear(loss).fit(x, encode(images.labels), **QUIET)
    same(theirs, tenfold.fit(linear(loss), images, **QUIET))


def test_a_loss_of_neither_encoding_is_named(images):
    def distance(labels, outputs):
        return ops.mean(outputs)

    with pytest.raises(InputError, match="the loss distance takes labels neither as numbers"):
        tenfold.fit(linear(distance), images, **QUIET)


@pytest.mark.parametrize(
    "named",
    [
        {"class_weight": {0: 3.0, 4: 0.5}},
        {"validation_split": 0.25, "sample_weight": np.linspace(0, 2, 96)},
    ],
)
def test_weights_and_validation_split_act_as_in_keras(images, x, named):
    theirs = linear().fit(x, images.labels, **named, **QUIET)
    same(theirs, tenfold.fit(linear(), x, images.labels, **named, **QUIET))


def test_validation_data_has_weights_as_in_keras(images, x):
    held_out = (x[:40], images.labels[:40], np.linspace(0, 2, 40))
    theirs = linear().fit(x, images.labels, validation_data=held_out, **QUIET)
    same(theirs, tenfold.fit(linear(), x, images.labels, validation_data=held_out, **QUIET))


def test_balanced_weights_are_those_of_scikit_learn(images):
    from sklearn.utils.class_weight import compute_sample_weight

    expected = compute_sample_weight("balanced", images.labels)
    np.testing.assert_allclose(class_weights("balanced", images), expected, rtol=1e-6)


def test_arrays_are_fed_as_they_are(images):
    standardized = images.images.astype(np.float32) / 78.6 - 0.42
    for given in (images.images, standardized):
        theirs = linear(shape=(28, 28)).fit(given.astype(np.float32), images.labels, **QUIET)
        ours = tenfold.fit(linear(shape=(28, 28)), given, images.labels, **QUIET)
        same(theirs, ours, rtol=1e-3)


def test_a_range_that_the_model_does_not_expect_is_said(images, capsys):
    with seeded(1):
        model = keras.Sequential(
            [keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
        )
    model.compile("sgd", "mse")
    tenfold.fit(model, images.scaled(), images.labels, verbose=2)
    assert (
        "pixels: fed as 0 to 1, since x is fed as it is, but the model" in capsys.readouterr().out
    )


def test_one_sigmoid_unit_and_several_labels_an_image(images, x):
    high = (images.labels > 4).astype(int)
    build = partial(linear, "binary_crossentropy", 1, "sigmoid")
    theirs = build().fit(x, high, **QUIET)
    two = tenfold.Dataset(images.images, high, ("low", "high"))
    same(theirs, tenfold.fit(build(), two, **QUIET))
    many = np.stack([high, images.labels % 2], axis=1)
    build = partial(linear, "binary_crossentropy", 2, "sigmoid")
    same(build().fit(x, many, **QUIET), tenfold.fit(build(), x, many, **QUIET))


def test_words_as_labels_are_classes_in_alphabetical_order(images, x):
    words = np.array(["b", "a"])[images.labels % 2]
    ours = tenfold.fit(linear(units=2), x, words, **QUIET)
    same(linear(units=2).fit(x, (words == "b").astype(int), **QUIET), ours)


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_steps_per_epoch_go_on_with_the_next_images(images, x, steps):
    named = {"epochs": 4, "batch_size": 30, "steps_per_epoch": steps, **QUIET}
    theirs = linear().fit(x, images.labels, **named)
    same(theirs, tenfold.fit(linear(), x, images.labels, **named))


@pytest.mark.parametrize(
    "named",
    [
        {"validation_freq": [1, 4]},
        {"validation_freq": 2, "validation_steps": 1, "validation_batch_size": 50},
    ],
)
def test_validation_takes_keras_arguments(images, x, named):
    def summed():
        return linear(keras.losses.SparseCategoricalCrossentropy(reduction="sum"))

    named = {"epochs": 4, "validation_data": (x[:75], images.labels[:75]), **named, **QUIET}
    theirs = summed().fit(x, images.labels, **named)
    same(theirs, tenfold.fit(summed(), x, images.labels, **named))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = layers.Flatten(), layers.Dense(10, "softmax")

    def call(self, inputs):
        return self.dense(self.flatten(inputs))


class OwnStep(Subclassed):
    def train_step(self, *arguments):
        logs, state = super().train_step(*arguments)
        return logs | {"twice": 2 * logs["loss"]}, state


class OwnMetrics(Subclassed):
    def compute_metrics(self, *arguments, **named):
        return super().compute_metrics(*arguments, **named) | {"twice": 2.0}


class OwnLoss(Subclassed):
    def compute_loss(self, *arguments, **named):
        return 2 * super().compute_loss(*arguments, **named)


def compiled(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("own", [OwnStep, OwnMetrics])
def test_logs_that_are_no_metrics_are_refused(images, own):
    with pytest.raises(InputError, match="changes its logs by twice"):
        tenfold.fit(compiled(own()), images.scaled(), images.labels, **QUIET)


def test_a_loss_of_the_model_itself_counts(images):
    x, histories = images.scaled(), []
    for fit in (keras.Model.fit, tenfold.fit):
        keras.utils.set_random_seed(0)  # the model is built in fit
        histories.append(fit(compiled(OwnLoss()), x, images.labels, **QUIET))
    same(*histories)


class Named(Subclassed):
    def call(self, inputs):
        return {"digit": super().call(inputs)}


@pytest.mark.parametrize("wrap", [lambda x, y: ({"pixels": x}, {"digit": y}), lambda *a: a])
def test_inputs_and_outputs_may_be_named(images, wrap):
    x, histories = images.scaled(), []
    for fit in (keras.Model.fit, tenfold.fit):
        keras.utils.set_random_seed(0)
        model = Named()
        model.compile("sgd", {"digit": "sparse_categorical_crossentropy"})
        arrays = (x, {"digit": images.labels}) if fit is keras.Model.fit else wrap(x, images.labels)
        histories.append(fit(model, *arrays, **QUIET))
    same(*histories)


def sequential(*made):
    return lambda: keras.Sequential([*made, layers.Dense(10, "softmax")])


def padded(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2)), mode="edge")[..., None]


SHAPES = {
    "no input, flat": (lambda: sequential(layers.Dense(4))(), lambda i: i.reshape(-1, 784)),
    "no input, images": (
        lambda: sequential(layers.Conv2D(2, 5, strides=5), layers.Flatten())(),
        lambda i: i[..., None],
    ),
    "subclassed": (Subclassed, lambda i: i),
    "open sizes": (
        lambda: sequential(
            keras.Input((None, None, 1)), layers.Conv2D(2, 5), layers.GlobalMaxPooling2D()
        )(),
        lambda i: i[..., None],
    ),
    "padded, three channels": (
        lambda: sequential(keras.Input((32, 32, 3)), layers.Flatten())(),
        lambda i: np.repeat(padded(i), 3, axis=-1),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_images_are_brought_to_the_models_input(images, name):
    build, shaped = SHAPES[name]

    def compiled():
        with seeded(2):
            model = build()
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    theirs = compiled().fit(shaped(images.scaled()), images.labels, **QUIET)
    same(theirs, tenfold.fit(compiled(), images, **QUIET))


def two_inputs():
    one, two = keras.Input((784,), name="one"), keras.Input((784,), name="two")
    model = keras.Model([one, two], layers.Dense(10)(layers.Add()([one, two])))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("make", "named", "words"),
    [
        (two_inputs, {}, r"2 inputs \(one, two\)"),
        (partial(linear, shape=(14, 56)), {}, "takes inputs of 14x56, the images are 28x28"),
        (linear, {"validation_steps": 0}, "validation_steps"),
        (partial(linear, None), {}, "compiled without a loss"),
        (linear, {"class_weight": {99: 1.0}}, "class 99 is unknown"),
        (linear, {"sample_weight": [1.0]}, "sample_weight: shape"),
        (linear, {"validation_split": 2}, "validation_split"),
        (linear, {"validation_data": 3}, "validation_data: got int"),
        (linear, {"steps_per_epoch": 0}, "steps_per_epoch"),
        (linear, {"y": [1]}, "a Dataset has its own labels"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(images, make, named, words):
    with pytest.raises(InputError, match=words):
        tenfold.fit(make(), images, **named, **QUIET)
