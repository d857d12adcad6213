"""Models in int8: their predictions equal those of another implementation of their operators."""

import keras
import numpy as np
from keras import layers
from onnx.reference import ReferenceEvaluator
from onnx.version_converter import convert_version

from tenfold.export import model_file
from tenfold.export.graph import INPUT, OUTPUT
from tenfold.export.network import to_onnx
from tenfold.export.predictor import Predictor
from tenfold.export.quantization import quantize


def test_sums_of_products_do_not_saturate(card, tmp_path):
    """Two products of large weights with bright pixels exceed 16 bits, in both kinds of layer."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(4, 5, strides=4, activation="relu", kernel_initializer="ones")(inputs)
    outputs = layers.Dense(4, activation="softmax")(layers.Flatten()(x))
    generator = np.random.default_rng(0)
    images = generator.integers(128, 256, (20, 28, 28), np.uint8)
    model = quantize(to_onnx([keras.Model(inputs, outputs)], (28, 28)), images)
    path = tmp_path / "model.onnx"
    path.write_bytes(model_file.seal(model, card))
    (expected,) = ReferenceEvaluator(convert_version(model, 21)).run([OUTPUT], {INPUT: images})
    np.testing.assert_allclose(Predictor(path)(images), expected, atol=1e-5)
