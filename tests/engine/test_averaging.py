"""Averaged weights against the weights that Keras's own `fit` passes through."""

import keras
import numpy as np
import pytest

import tenfold
from tenfold import InputError
from tenfold.engine.compile import compile_network
from tenfold.networks.recipes import customize

SMALL = {"filters": "3", "kernels": "5", "strides": "3", "pooling": "1", "batch_norm": "true"}


def recipe(**changes):
    options = {"epochs": "4", "batch_size": "128", "optimizer": "sgd", "learning_rate": "0.3"}
    return customize("quick", {**SMALL, **options, "shift": "0"} | changes)


def passed_through(model, images, labels):
    """The weights after each of 20 steps of Keras's own training."""
    steps = []

    class Note(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append([variable.numpy() for variable in self.model.trainable_variables])

    targets = keras.utils.to_categorical(labels, 10)
    model.fit(images[..., None] / 255, targets, 128, 4, 0, callbacks=[Note()], shuffle=False)
    return steps


def mean_of_last_eight(steps):
    return [np.mean(values, axis=0) for values in zip(*steps[-8:], strict=True)]


def moving(steps):
    average = steps[0]
    for weights in steps[1:]:
        average = [0.9 * a + 0.1 * w for a, w in zip(average, weights, strict=True)]
    return average


@pytest.mark.parametrize("optimizer", ["sgd", "muon"])
@pytest.mark.parametrize(
    ("field", "formula"), [({"swa": "0.4"}, mean_of_last_eight), ({"ema": "0.9"}, moving)]
)
def test_an_average_is_that_of_the_weights_of_the_steps(few, optimizer, field, formula):
    chosen = recipe(optimizer=optimizer, **field)
    model = tenfold.networks.build("conv", chosen.arguments, (28, 28), 10, seed=0)
    compile_network(model, chosen, 640)
    steps = passed_through(model, few.train.images, few.train.labels)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    for ours, theirs in zip(model.trainable_variables, formula(steps), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def test_a_run_has_the_average_with_statistics_computed_anew(few, tmp_path):
    """The mean over one step is that step's weights; the statistics are those of the epoch."""
    plain, averaged = (
        tenfold.train(recipe(swa=swa), few, out=tmp_path / swa, seeds=2, verbose=False)
        for swa in ("0", "0.01")
    )
    for one, other in zip(plain.models, averaged.models, strict=True):
        for ours, theirs in zip(other.trainable_variables, one.trainable_variables, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-7)
        features = other.layers[0](few.train.images[..., None] / np.float32(255))
        normal = other.layers[1]
        np.testing.assert_allclose(normal.moving_mean, np.mean(features, (0, 1, 2)), atol=1e-5)
        np.testing.assert_allclose(normal.moving_variance, np.var(features, (0, 1, 2)), rtol=0.03)
        assert not np.allclose(normal.moving_mean, one.layers[1].moving_mean, atol=1e-4)
    copies = averaged.predict(few.test.images)
    np.testing.assert_allclose(
        averaged.calibrated(averaged.keras_networks()[0](few.test.images), 0), copies, atol=1e-5
    )


def test_two_averages_are_refused():
    with pytest.raises(InputError, match=r"ema: 0\.9 and swa: 0\.5 are two averages"):
        recipe(ema="0.9", swa="0.5")
