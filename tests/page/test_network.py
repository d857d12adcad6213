"""The network in JavaScript equals ONNX Runtime, for every recipe; and its operators are listed."""

import base64

import keras
import numpy as np
import pytest
from browsing import needs_browser
from keras import layers

import tenfold
from tenfold import networks
from tenfold.core.assets import READER
from tenfold.export.browser import OPERATORS, to_browser
from tenfold.networks.recipes import RECIPES
from tenfold.page.document import bundle

IMAGES, TOLERANCE = 200, 1e-4
RUN = """({ model, images, n }) => {
  const network = new network_module.Network(model);
  const bytes = Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0));
  const image = (i) => bytes.subarray(i * bytes.length / n, (i + 1) * bytes.length / n);
  return Array.from({ length: n }, (_, i) => [...network.run(image(i))]);
}"""


@pytest.fixture(scope="module")
def page(browser):
    """A page with the network and nothing else."""
    page = browser.new_page()
    page.add_script_tag(content=bundle("network"))
    yield page
    page.close()


def difference(page, path, images):
    """The largest difference of a probability from ONNX Runtime's."""
    encoded = base64.b64encode(images.tobytes()).decode("ascii")
    ours = page.evaluate(RUN, {"model": to_browser(path), "images": encoded, "n": len(images)})
    expected = tenfold.Predictor(path)(images, pixels="byte")
    assert np.ptp(expected, axis=0).max() > 10 * TOLERANCE  # not one answer for all images
    return np.abs(np.array(ours) - expected).max()


@needs_browser
def test_the_reader_equals_onnx_runtime(page, mnist):
    assert difference(page, READER, mnist.validation.images[:IMAGES]) < TOLERANCE


@needs_browser
def test_every_recipe_equals_onnx_runtime(page, mnist, write_model, weights_by_numpy):
    """In float32 and int8; for quick's int8, sums in float32 round one of the images otherwise."""
    images = mnist.test.images[130:134]
    for name, recipe in RECIPES.items():
        network = networks.build(recipe.network, recipe.arguments, (28, 28), 10, 0)
        for ranges in (None, mnist.train.images[:50]):
            path = write_model(network, temperatures=[0.8], int8=ranges)
            assert difference(page, path, images) < TOLERANCE, name


@needs_browser
def test_other_layers_and_a_committee_equal_onnx_runtime(
    page, mnist, write_model, weights_by_numpy
):
    """Every kind of layer for images and all activations with a formula of their own."""
    x = inputs = keras.Input((28, 28, 1))
    x = layers.ZeroPadding2D(((1, 2), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="elu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="gelu")(x)
    x = layers.SeparableConv2D(12, 3, dilation_rate=2, activation="silu")(x)
    x = layers.Conv2D(12, 3, groups=3, padding="same")(x)
    x = layers.PReLU()(layers.LayerNormalization()(x))
    x = layers.Add()([layers.AveragePooling2D(3, 1, padding="same")(x), x])
    x = layers.UpSampling2D(2)(layers.MaxPooling2D(2)(layers.Cropping2D(((0, 1), (1, 0)))(x)))
    x = layers.Permute((2, 1, 3))(x)
    pooled = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    x = layers.Concatenate()([*pooled, layers.Flatten()(x)])
    for activation in (
        "selu",
        "softplus",
        "hard_sigmoid",
        "tanh",
        "mish",
        "leaky_relu",
        "softsign",
    ):
        x = layers.Dense(14, activation=activation)(x)
    x = layers.Dense(10, activation="softmax")(layers.Normalization(mean=0.1, variance=2.0)(x))
    network = keras.Model(inputs, x)
    path = write_model(network, keras.models.clone_model(network), temperatures=[0.4, 1.3])
    images = mnist.validation.images[:10]
    assert difference(page, path, images) < TOLERANCE


@needs_browser
def test_the_operators_are_those_that_the_exporter_asks_for(browser):
    page = browser.new_page()
    page.add_script_tag(content=bundle("operators"))
    assert set(page.evaluate("Object.keys(operators_module.OPERATORS)")) == OPERATORS
    page.close()
