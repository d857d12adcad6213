"""What is said of losses that do not fit the output of a network."""

import warnings

import keras
import pytest

from tenfold.engine.losses import warn_of_outputs


@pytest.mark.parametrize(
    ("last", "loss", "message"),
    [
        (None, "categorical_crossentropy", "ends without an activation"),
        ("softmax", keras.losses.CategoricalCrossentropy(from_logits=True), "applies it once more"),
        ("softmax", "categorical_crossentropy", ""),
        (None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), ""),
        (None, "mse", ""),
    ],
)
def test_an_output_that_does_not_fit_the_loss_is_named(last, loss, message):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, last)])
    model.compile("sgd", loss)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_outputs(model)
    assert len(found) == bool(message)
    assert all(message in str(warning.message) for warning in found)
