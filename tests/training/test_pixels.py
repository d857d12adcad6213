"""The range of pixels of a network in a Python file, from training to the exported file."""

import json

import numpy as np
import pytest

import tenfold
from tenfold.networks.recipes import customize

NETWORK = """
import keras

def build():
    layers = [keras.layers.RandomFlip(), keras.layers.Rescaling(1 / 255)]
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *layers,
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, few):
    folder = tmp_path_factory.mktemp("pixels")
    (folder / "net.py").write_text(NETWORK)
    recipe = customize(f"{folder / 'net.py'}:build", {"epochs": 1})
    return tenfold.train(recipe, few, out=folder / "run", verbose=False)


def test_a_network_that_scales_behind_augmentation_is_fed_bytes_everywhere(run, few):
    assert run.recipe.input_range == "byte"
    images = few.validation.images[:50]
    expected = run.model.predict(images[..., None].astype(np.float32), verbose=0)
    probabilities = run.keras_networks()[0](images)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    reopened = tenfold.Run(run.path)
    np.testing.assert_allclose(reopened._networks[0](images), expected, atol=1e-5)


def test_a_run_of_an_earlier_version_is_fed_what_it_was_trained_on(run):
    path = run.path / "run.json"
    text = path.read_text()
    values = json.loads(text)
    del values["recipe"]["input_range"]
    try:
        path.write_text(json.dumps(values))
        assert tenfold.Run(run.path).recipe.input_range == "unit"  # no Rescaling as first layer
    finally:
        path.write_text(text)
