"""Networks: layers, parameters, seeds, and the JSON round trip."""

import json
import random

import keras
import numpy as np
import pytest

from tenfold import InputError
from tenfold.networks import build, conv, custom_objects, dense, from_json, summary, to_json
from tenfold.networks.recipes import RECIPES

PARAMETERS = {
    "logistic": 7_850,
    "dense-47": 37_375,
    "dropout": 63_018,
    "dense-512": 407_050,
    "dense-256": 203_530,
    "sigmoid-64": 50_890,
}


def built(name, seed=0):
    recipe = RECIPES[name]
    return build(recipe.network, recipe.arguments, (28, 28), 10, seed)


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", PARAMETERS)
def test_the_tutorials_networks_have_their_published_parameters(name):
    assert built(name).count_params() == PARAMETERS[name]
    assert f"Total params: {PARAMETERS[name]:,}" in summary(built(name))


@pytest.mark.parametrize("shape", [(28, 28), (24, 20, 3)])
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_images_are_cropped_and_standardized_by_their_formulas(kind, shape):
    network = build(kind, {"crop": 18, "standardize": True}, shape, 10, seed=0)
    height, width = shape[:2]
    images = np.random.default_rng(0).random((5, *shape), np.float32)
    images[0] = 0.4  # blank
    names = [type(layer).__name__ for layer in network.layers]
    prepare = keras.Sequential(network.layers[: names.index("LayerNormalization") + 1])
    given = images.reshape(5, -1) if kind == "dense" else images.reshape(5, height, width, -1)
    top, left = (height - 18) // 2, (width - 18) // 2
    cut = images[:, top : top + 18, left : left + 18].reshape(5, 18, 18, -1)

    def matrix(size):  # linear interpolation at pixel centres, the edge repeated
        places = np.clip((np.arange(size) + 0.5) * 18 / size - 0.5, 0, 17)
        return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(18)))

    resized = np.einsum("Hh,nhwc,Ww->nHWc", matrix(height), cut, matrix(width))
    mean = resized.mean(axis=(1, 2, 3), keepdims=True)
    expected = (resized - mean) / np.sqrt(resized.var(axis=(1, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(prepare(given), expected, atol=2e-3)


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize(("name", "limit"), [("tiny", 4_000), ("small", 20_000)])
def test_small_networks_stay_below_their_limit(name, limit):
    assert built(name).count_params() < limit
    assert f"{built(name).count_params():,} parameters" in RECIPES[name].summary


@pytest.mark.usefixtures("weights_by_numpy")
def test_the_tutorials_convolutional_network_can_be_built():
    model = conv((28, 28), 10, filters=[32, 64], pooling=2, dropout=0.5)
    assert model.count_params() == 34_826
    names = [type(layer).__name__ for layer in model.layers]
    block = ["Conv2D", "Activation", "MaxPooling2D"]
    assert names == [*block, *block, "Flatten", "Dropout", "Dense"]


@pytest.mark.usefixtures("weights_by_numpy")
def test_batch_normalisation_follows_pooling_and_precedes_the_activation():
    model = conv(
        (28, 28), 10, filters=[8, 12, 4], pooling=[2, 1, 1], batch_norm=[True, True, False]
    )
    names = [type(layer).__name__ for layer in model.layers]
    first = ["Conv2D", "MaxPooling2D", "BatchNormalization", "Activation"]
    second, third = ["Conv2D", "BatchNormalization", "Activation"], ["Conv2D", "Activation"]
    assert names == [*first, *second, *third, "Flatten", "Dense"]
    assert [la.use_bias for la in model.layers if "Conv2D" in type(la).__name__] == [0, 0, 1]


@pytest.mark.usefixtures("weights_by_numpy")
def test_padding_same_keeps_the_size_and_valid_reduces_it():
    shapes = [
        conv((28, 28), 10, filters=[4, 6], kernels=[5, 3], padding=padding).layers[2].output.shape
        for padding in ("same", "valid")
    ]
    assert shapes == [(None, 28, 28, 6), (None, 22, 22, 6)]


@pytest.mark.usefixtures("weights_by_numpy")
def test_the_dropout_network_is_the_tutorials():
    layers = [
        (type(layer).__name__, getattr(layer, "units", getattr(layer, "rate", None)))
        for layer in built("dropout").layers
    ]
    assert layers == [
        ("Dense", 64),
        ("Dropout", 0.9),
        ("Dense", 128),
        ("Dropout", 0.7),
        ("Dense", 32),
        ("Dense", 10),
    ]
    activations = [layer.activation.__name__ for layer in built("dropout").layers[::2]]
    assert activations == ["elu", "relu", "elu"]


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", RECIPES)
def test_every_network_gives_probabilities_for_any_classes_and_size(name):
    recipe = RECIPES[name]
    model = build(recipe.network, recipe.arguments, (32, 32), 26, seed=0)
    images = np.random.default_rng(0).random((3, *model.input_shape[1:]), np.float32)
    outputs = model.predict(images, verbose=0)
    assert outputs.shape == (3, 26)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)


def test_a_seed_decides_the_weights_and_leaves_global_generators_alone():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first, same, other = built("logistic", 1), built("logistic", 1), built("logistic", 2)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    np.testing.assert_array_equal(first.get_weights()[0], same.get_weights()[0])
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


@pytest.mark.usefixtures("weights_by_numpy")
def test_batch_normalisation_is_between_layer_and_activation():
    model = dense((28, 28), 10, hidden=[5], activation="tanh", dropout=0.1, batch_norm=True)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["Dense", "BatchNormalization", "Activation", "Dropout", "Dense"]
    assert not model.layers[0].use_bias


def test_noise_is_added_to_pixels_and_before_activations_only_in_training():
    model = dense((28, 28), 10, hidden=[5], gaussian_noise=0.3)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["GaussianNoise", "Dense", "GaussianNoise", "Activation", "Dense"]
    assert model.layers[1].use_bias
    images = np.zeros((2, 784), np.float32)
    np.testing.assert_array_equal(model(images), model(images))
    assert not np.array_equal(model(images, training=True), model(images, training=True))
    both = dense((28, 28), 10, hidden=[5], batch_norm=True, gaussian_noise=0.3)
    names = [type(layer).__name__ for layer in both.layers[1:5]]
    assert names == ["Dense", "BatchNormalization", "GaussianNoise", "Activation"]


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", RECIPES)
def test_layers_are_read_back_from_json_without_running_code(name):
    model = built(name)
    again = from_json(to_json(model))
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in model.layers
    ]
    assert custom_objects(json.loads(to_json(model))) == []


def test_json_of_a_layer_is_refused():
    layer = keras.saving.serialize_keras_object(keras.layers.Dense(3))
    with pytest.raises(InputError, match="not a network but a Dense"):
        from_json(json.dumps(layer))


def test_custom_layers_are_listed_wherever_they_are_nested():
    @keras.saving.register_keras_serializable("mine")
    class Custom(keras.layers.Layer):
        def call(self, x):
            return x

    inner = keras.Sequential([keras.Input((4,)), Custom()])
    outer = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2)])
    assert custom_objects(keras.saving.serialize_keras_object(outer)) == ["Custom"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: dense((28, 28), 10, hidden=[0]),
            r"hidden: \[0\]; give whole numbers from 1 to 100000",
        ),
        (lambda: dense((28, 28), 10, gaussian_noise=-1), "gaussian_noise: -1"),
        (lambda: dense((28, 28), 10, hidden=[10**9]), "hidden: "),
        (lambda: dense((28, 28), 10, dropout=1.0), "dropout: 1.0"),
        (lambda: dense((28, 28), 10, dropout=-0.1), "dropout: -0.1"),
        (lambda: dense((28, 28), 10, activation="rellu"), "did you mean 'relu'"),
        (lambda: dense((28, 28), 10, hidden=[3, 4], dropout=[0.1]), "1 values for 2"),
        (lambda: conv((28, 28), 10, filters=[0]), "filters"),
        (lambda: conv((28, 28), 10, dropout=2.0), "dropout"),
        (lambda: conv((28, 28), 10, strides=0), "strides"),
        (lambda: conv((28, 20), 10, crop=25), "crop: 25; the images are 28x20"),
        (lambda: dense((28, 28), 10, standardize=3), "standardize: 3; give true or false"),
        (lambda: conv((28, 28), 10, kernels=[3, 3, 3]), "3 values for 2"),
        (
            lambda: conv((28, 28), 10, padding="some"),
            "padding: 'some' is unknown; give valid or same",
        ),
        (lambda: conv((28, 28), 10, activation="foo"), "activation: 'foo'"),
        (lambda: build("densse", {}, (28, 28), 10, 0), "'densse' is unknown"),
        (lambda: build("dense", {"units": 3}, (28, 28), 10, 0), "units: not an argument of dense"),
        (
            lambda: build("dense", {"hidden": ["x"]}, (28, 28), 10, 0),
            r"hidden: \['x'\]; give whole",
        ),
        (
            lambda: build("dense", {"hidden": []}, (28, 28), 0, 0),
            "a dense network cannot be built with these arguments",
        ),
    ],
)
def test_invalid_networks_are_refused(make, words):
    with pytest.raises(InputError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_more_poolings_than_the_image_has_room_for_are_left_out():
    model = build("conv", {"filters": [4] * 5, "pooling": 2}, (28, 28), 10, 0)
    assert [layer.name[:11] for layer in model.layers].count("max_pooling") == 3
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("function", "value"), [("set_image_data_format", "channels_first"), ("set_floatx", "float16")]
)
def test_an_unusual_configuration_of_keras_is_named(function, value):
    usual = {"set_image_data_format": "channels_last", "set_floatx": "float32"}[function]
    getattr(keras.config, function)(value)
    try:
        with pytest.raises(InputError, match=f"{value}.*keras.json"):
            build("conv", {}, (28, 28), 10, seed=0)
    finally:
        getattr(keras.config, function)(usual)
