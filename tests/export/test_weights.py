"""Weights read back from model files: by name, in older files by position."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import tenfold
from tenfold import InputError, networks
from tenfold.core.assets import READER
from tenfold.engine import Forward
from tenfold.export import model_file
from tenfold.export.network import to_onnx
from tenfold.export.predictor import Predictor
from tenfold.export.weights import read_weights

SHAPE = (28, 28)
GOLDEN = Path(__file__).parents[1] / "golden"


def conv():
    return networks.conv(SHAPE, 10, filters=[4, 6], pooling=2, batch_norm=True, dropout=0.1)


def randomized(seed):
    """A network with random weights and statistics."""
    model = conv()
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        values = generator.normal(0, 0.3, variable.shape)
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
    return model


@pytest.fixture(scope="module")
def trained():
    return [randomized(seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def exported(trained):
    return model_file.seal(to_onnx(trained, SHAPE, [2.0, 0.5]), {})


def names(data):
    return {item.name for item in onnx.load_from_string(data).graph.initializer}


def test_weights_are_initializers_with_names(exported):
    weights = {name for name in names(exported) if "/" in name}
    convolutions = {f"Conv2D_{i}/{v}" for i in (0, 1) for v in ("kernel", "bias")}
    normalizations = {f"BatchNormalization_{i}/{v}" for i in (0, 1) for v in ("gamma", "beta")}
    layers = convolutions | normalizations | {"Dense_0/kernel", "Dense_0/bias"}
    without_bias = {f"Conv2D_{i}/bias" for i in (0, 1)}
    expected = layers if "network0/Conv2D_0/bias" in weights else layers - without_bias
    assert weights == {f"network{k}/{name}" for k in (0, 1) for name in expected}


def test_names_do_not_depend_on_earlier_networks(exported, trained):
    again = model_file.seal(to_onnx(trained, SHAPE, [2.0, 0.5]), {})
    other = model_file.seal(to_onnx([conv(), conv()], SHAPE, [2.0, 0.5]), {})
    assert again == exported
    assert names(other) >= {name for name in names(exported) if "/" in name}


def assert_same_predictions(models, trained):
    images = np.random.default_rng(0).integers(0, 256, (20, *SHAPE), np.uint8)
    for model, expected in zip(models, trained, strict=True):
        outputs = [Forward(m, SHAPE)(m, images) for m in (model, expected)]
        np.testing.assert_allclose(*outputs, atol=1e-6)


def test_weights_are_read_back_by_name(exported, trained):
    models = [conv(), conv()]
    read_weights("it", exported, models, SHAPE, [2.0, 0.5])
    assert_same_predictions(models, trained)
    np.testing.assert_array_equal(models[1].layers[-1].kernel, trained[1].layers[-1].kernel)


def test_weights_of_an_old_file_are_read_back_by_position(exported, trained):
    model = onnx.load_from_string(exported)
    numbers = {item.name: f"constant_{i}" for i, item in enumerate(model.graph.initializer)}
    for item in model.graph.initializer:
        item.name = numbers[item.name]
    for node in model.graph.node:
        node.input[:] = [numbers.get(name, name) for name in node.input]
    models = [conv(), conv()]
    read_weights("it", model.SerializeToString(), models, SHAPE, [2.0, 0.5])
    assert_same_predictions(models, trained)


@pytest.mark.parametrize("path", [GOLDEN / "model-0.1.0.onnx", READER])
def test_old_files_stay_readable(path):
    data, card = model_file.read(path)
    assert not [name for name in names(data) if "/" in name]
    recipe = tenfold.Recipe.from_json(card["recipe"])
    count = len(card["class_names"])
    models = [
        networks.build(recipe.network, recipe.arguments, SHAPE, count, seed)
        for seed in card["seeds"]
    ]
    read_weights(path, data, models, SHAPE, card["temperatures"])
    images = np.random.default_rng(0).integers(0, 256, (20, *SHAPE), np.uint8)
    outputs = [
        tenfold.metrics.apply_temperature(Forward(model, SHAPE)(model, images), temperature)
        for model, temperature in zip(models, card["temperatures"], strict=True)
    ]
    np.testing.assert_allclose(np.mean(outputs, axis=0), Predictor(path)(images), atol=1e-5)


def test_other_networks_are_refused(exported):
    dense = [networks.dense(SHAPE, 10, hidden=[8]) for _ in range(2)]
    wide = [
        networks.conv(SHAPE, 10, filters=[4, 7], pooling=2, batch_norm=True, dropout=0.1)
        for _ in range(2)
    ]
    for models, reason in ((dense, "its layers differ"), (wide, "the shapes of its weights")):
        with pytest.raises(InputError, match=f"it: its weights cannot be read back .{reason}"):
            read_weights("it", exported, models, SHAPE, [2.0, 0.5])


def test_batch_normalization_without_gamma_is_refused():
    import keras

    def without_scale():
        layers = [keras.layers.Flatten(), keras.layers.BatchNormalization(scale=False)]
        return keras.Sequential([keras.Input((28, 28, 1)), *layers, keras.layers.Dense(10)])

    model = without_scale()
    model.layers[1].moving_variance.assign(np.full(784, 4.0))
    data = to_onnx([model], SHAPE).SerializeToString()
    with pytest.raises(InputError, match="without gamma or beta"):
        read_weights("it", data, [without_scale()], SHAPE, [])
