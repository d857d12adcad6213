"""Hooks for batches in `fit`, compared with Keras's own fit."""

import keras
import numpy as np
import pytest

import tenfold
from tenfold.networks import seeded


@pytest.fixture(scope="module")
def images(mnist):
    return mnist.train[:80]


def model():
    with seeded(1):
        made = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softmax")])
    made.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return made


class Warmup(keras.callbacks.Callback):
    """Sets the learning rate before each batch."""

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.01 * (batch + 1)


class WeightDecay(keras.callbacks.Callback):
    """Reads and changes the weights after each batch, and notes what it sees."""

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        kernel = self.model.layers[0].kernel
        self.seen.append((batch, float(abs(np.asarray(kernel)).sum()), logs["loss"]))
        kernel.assign(kernel * 0.9)


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 2


class CountValidation(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_test_batch_begin(self, batch, logs=None):
        self.seen.append(batch)

    def on_test_batch_end(self, batch, logs=None):
        self.seen.append(logs["loss"])


class OldName(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.5 / (batch + 1)


@pytest.mark.parametrize("make", [Warmup, WeightDecay, Stop, CountValidation, OldName])
def test_hooks_of_batches_see_and_change_what_they_do_in_keras(images, make):
    x = images.images.reshape(-1, 784) / np.float32(255)
    theirs, ours, their_hook, our_hook = model(), model(), make(), make()
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0}
    expected = theirs.fit(
        x, images.labels, validation_data=(x, images.labels), callbacks=[their_hook], **arguments
    )
    history = tenfold.fit(ours, images, validation=images, callbacks=[our_hook], **arguments)
    for name, values in expected.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol=1e-4)
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    for one, other in zip(
        getattr(our_hook, "seen", []), getattr(their_hook, "seen", []), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_callbacks_without_hooks_of_batches_keep_the_fast_steps(images, tmp_path):
    from tenfold.engine.callbacks import _TRAIN_HOOKS, _use_hooks

    fast = [
        keras.callbacks.EarlyStopping(),
        keras.callbacks.ModelCheckpoint(tmp_path / "m.keras"),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    ]
    slow = [
        keras.callbacks.ModelCheckpoint(tmp_path / "m.keras", save_freq=2),
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
    ]
    assert not _use_hooks(fast, _TRAIN_HOOKS)
    assert [_use_hooks([callback], _TRAIN_HOOKS) for callback in slow] == [True, True]
