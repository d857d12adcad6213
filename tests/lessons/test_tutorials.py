"""The networks of MNIST tutorials, as notebooks write them, with only the import lines changed."""

import keras
import numpy as np
import pytest
from keras import Input, Model
from keras.layers import Activation, Dense, Dropout
from keras.models import Sequential
from keras.utils import to_categorical

import tenfold
from tenfold.data import dataset_cache, sources
from tenfold.keras_datasets import fashion_mnist, mnist
from tenfold.networks import build
from tenfold.networks.recipes import RECIPES

TRAIN, TEST = 3000, 500


@pytest.fixture(scope="module")
def arrays():
    """Part of the data, scaled, flattened and one-hot encoded, as every tutorial does it."""
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x_train = x_train[:TRAIN].reshape(TRAIN, 784).astype("float32")
    x_test = x_test[:TEST].reshape(TEST, 784).astype("float32")
    x_train /= 255
    x_test /= 255
    y_train, y_test = y_train[:TRAIN], y_test[:TEST]
    return x_train, to_categorical(y_train, 10), x_test, to_categorical(y_test, 10)


def logistic():
    model = Sequential()
    model.add(Input((784,)))
    model.add(Dense(10, activation="softmax"))
    return model


def dense_47():
    model = Sequential()
    model.add(Dense(47, activation="relu", input_shape=(784,)))
    model.add(Dense(10, activation="softmax"))
    return model


def dropout():
    inputs = Input(shape=(784,))
    hidden = Dense(64, activation="elu")(inputs)
    hidden = Dropout(0.9)(hidden)
    hidden = Dense(128, activation="relu")(hidden)
    hidden = Dropout(0.7)(hidden)
    hidden = Dense(32, activation="elu")(hidden)
    return Model(inputs=inputs, outputs=Dense(10, activation="softmax")(hidden))


def dense_512():
    model = Sequential()
    model.add(Dense(512, input_shape=(784,)))
    model.add(Activation("relu"))
    model.add(Dense(10))
    model.add(Activation("softmax"))
    return model


def dense_256():
    inputs = Input(shape=(784,))
    outputs = Dense(10, activation="softmax")(Dense(256, activation="relu")(inputs))
    return Model(inputs, outputs)


def sigmoid_64():
    return Sequential(
        [Input((784,)), Dense(64, activation="sigmoid"), Dense(10, activation="softmax")]
    )


TUTORIALS = {
    "logistic": (logistic, 7_850, 0.80),
    "dense-47": (dense_47, 37_375, 0.80),
    "dropout": (dropout, 63_018, 0.10),  # so much dropout learns next to nothing so soon
    "dense-512": (dense_512, 407_050, 0.80),
    "dense-256": (dense_256, 203_530, 0.80),
    "sigmoid-64": (sigmoid_64, 50_890, 0.55),
}
"""Of each network: its function, its parameters, and an accuracy that two epochs exceed."""


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
@pytest.mark.parametrize("name", TUTORIALS)
def test_the_cells_of_a_tutorial_run(name, arrays):
    x_train, y_train, x_test, y_test = arrays
    create, parameters, least = TUTORIALS[name]
    recipe = RECIPES[name]
    keras.utils.set_random_seed(0)
    model = create()
    assert model.count_params() == parameters
    assert [w.shape for w in model.weights] == [
        w.shape for w in build(recipe.network, recipe.arguments, (28, 28), 10, 0).weights
    ]
    sparse = recipe.loss.startswith("sparse")
    y, y_val = (y_train.argmax(1), y_test.argmax(1)) if sparse else (y_train, y_test)
    model.compile(loss=recipe.loss, optimizer=recipe.optimizer, metrics=["accuracy"])
    history = model.fit(
        x_train,
        y,
        batch_size=recipe.batch_size,
        epochs=2,
        validation_data=(x_test, y_val),
        verbose=0,
    )
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    loss, accuracy = model.evaluate(x_test, y_val, verbose=0)
    assert accuracy > least
    assert np.isclose(loss, history.history["val_loss"][-1], rtol=1e-4)
    predicted = model.predict(x_test[:8], verbose=0).argmax(axis=1)
    assert predicted.shape == (8,)


def test_tenfold_fit_in_place_of_model_fit_learns_the_same(arrays):
    """Same initial weights and no shuffling: the same network to float error."""
    x_train, y_train, _, _ = arrays
    trained = []
    for by_tenfold in (False, True):
        keras.utils.set_random_seed(0)
        model = sigmoid_64()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        options = {"epochs": 1, "batch_size": 128, "shuffle": False, "verbose": 0}
        if by_tenfold:
            tenfold.fit(model, x_train, y_train, **options)
        else:
            model.fit(x_train, y_train, **options)
        trained.append(model.get_weights())
    for ours, keras_own in zip(*trained, strict=True):
        np.testing.assert_allclose(ours, keras_own, atol=2e-5)


def test_the_arrays_are_those_of_keras(tmp_path):
    (x_train, y_train), (x_test, y_test) = mnist.load_data(path="mnist.npz")
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    stored = dataset_cache.arrays(sources.find("mnist"))
    for array, role in zip((x_train, y_train, x_test, y_test), sources.ROLES, strict=True):
        np.testing.assert_array_equal(array, stored[role])
        array[0] = 0  # writable, and a copy
    assert dataset_cache.is_genuine(sources.find("mnist"))


def test_other_datasets_by_keras_spelling():
    from tenfold import keras_datasets
    from tenfold.keras_datasets import kmnist

    assert (fashion_mnist.name, kmnist.name) == ("fashion-mnist", "kmnist")
    with pytest.raises(tenfold.InputError, match="keras_datasets: no 'cifar10'; known are mnist"):
        keras_datasets.cifar10  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'mnst'"):
        keras_datasets.mnst  # noqa: B018
