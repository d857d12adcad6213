"""`fit` against Keras's own `fit`, then its own properties."""

import keras
import numpy as np
import pytest

import tenfold
from tenfold import Augmentation, InputError
from tenfold.networks import seeded


def by_layer(variable):
    return keras.optimizers.Adam() if variable.name == "kernel" else keras.optimizers.SGD()


# How each is made, where its name alone is not enough.
MADE = {
    "LossScaleOptimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
    "MultiOptimizer": lambda: keras.optimizers.MultiOptimizer(by_layer),
}
OPTIMIZERS = sorted(
    name
    for name, value in vars(keras.optimizers).items()
    if isinstance(value, type)
    and issubclass(value, keras.optimizers.Optimizer)
    and value is not keras.optimizers.Optimizer
)


@pytest.fixture(scope="module")
def uneven(mnist):
    """Splits that leave a smaller last batch in training and in evaluation."""
    return tenfold.Splits("uneven", mnist.train[:700], mnist.validation[:300], None, "here", 0)


def dense_model(*, loss="categorical_crossentropy", optimizer="adam", layers=lambda k: []):
    with seeded(3):
        model = keras.Sequential(
            [
                keras.Input((784,)),
                keras.layers.Dense(12, activation="relu"),
                *layers(keras.layers),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def conv_model(layers):
    with seeded(4):
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                *layers(keras.layers),
                keras.layers.Flatten(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model


def keras_fit(model, splits, **named):
    """Keras's own `fit` on the same images, scaled and shaped by hand."""
    shape = model.input_shape[1:]
    sparse = "sparse" in str(model.loss)

    def arrays(dataset):
        x = (dataset.images / np.float32(255)).astype(np.float32).reshape(-1, *shape)
        return x, dataset.labels if sparse else keras.utils.to_categorical(dataset.labels, 10)

    x, y = arrays(splits.train)
    return model.fit(
        x,
        y,
        shuffle=False,
        verbose=0,
        validation_data=arrays(splits.validation),
        validation_batch_size=250,
        **named,
    )


def assert_same_training(build, splits, epochs=1, batch_size=32, tolerance=2e-5):
    ours, theirs = build(), build()
    history = tenfold.fit(
        ours,
        splits.train,
        validation=splits.validation,
        epochs=epochs,
        batch_size=batch_size,
        shuffle=False,
        verbose=0,
    ).history
    expected = keras_fit(theirs, splits, epochs=epochs, batch_size=batch_size).history
    assert set(history) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4, atol=1e-5, err_msg=name)
    before = build()
    moved = 0.0
    for a, b, start in zip(ours.variables, theirs.variables, before.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=tolerance)
        moved += float(np.abs(a.numpy() - start.numpy()).sum())
    assert moved > 0.01


def test_keras_has_the_optimizers_that_are_compared():
    assert {"Adam", "AdamW", "RMSprop", "SGD", "Muon", "Lamb", "Lion"} <= set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_losses_and_metrics_equal_keras_for_each_optimizer(few, name):
    make = MADE.get(name, getattr(keras.optimizers, name))
    assert_same_training(lambda: dense_model(optimizer=make()), few, epochs=2)


def test_sparse_and_one_hot_labels_give_the_same_training(few):
    results = []
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        model = dense_model(loss=loss)
        history = tenfold.fit(model, few.train, epochs=2, verbose=0, seed=5).history
        results.append((history["loss"], [v.numpy() for v in model.trainable_variables]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5)
    for one_hot, sparse in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(one_hot, sparse, atol=1e-5)


def test_batch_normalisation_and_regularisers_equal_keras(uneven):
    def build():
        return dense_model(
            layers=lambda k: [
                k.BatchNormalization(),
                k.Dense(8, kernel_regularizer="l2", activity_regularizer="l1"),
            ]
        )

    assert_same_training(build, uneven, epochs=2)


def test_dropout_draws_what_keras_draws(uneven):
    def build():
        return dense_model(layers=lambda k: [k.Dropout(0.5, seed=2), k.GaussianNoise(0.1, seed=3)])

    assert_same_training(build, uneven, epochs=2)


def test_shuffling_equals_keras_on_images_in_the_documented_order(few):
    ours, theirs = dense_model(), dense_model()
    tenfold.fit(ours, few.train, epochs=2, seed=7, verbose=0)
    for epoch in range(2):
        order = np.random.default_rng([7, epoch]).permutation(len(few.train))
        shuffled = tenfold.Splits("shuffled", few.train[order], few.validation, None, "", 0)
        keras_fit(theirs, shuffled)
    for a, b in zip(ours.trainable_variables, theirs.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=2e-5)


def test_functional_models_schedules_and_gradient_clipping_equal_keras(few):
    def build():
        with seeded(1):
            inputs = keras.Input((28, 28))
            hidden = keras.layers.Flatten()(inputs)
            left = keras.layers.Dense(8, activation="gelu")(hidden)
            right = keras.layers.Dense(8, activation="tanh")(hidden)
            outputs = keras.layers.Dense(10)(keras.layers.add([left, right]))
            model = keras.Model(inputs, outputs)
        rate = keras.optimizers.schedules.ExponentialDecay(0.05, 4, 0.8)
        model.compile(
            keras.optimizers.SGD(rate, momentum=0.9, clipnorm=0.5, use_ema=True),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(3)],
        )
        return model

    assert_same_training(build, few, epochs=2)


@pytest.mark.parametrize(
    "layers",
    [
        lambda k: [k.Conv2D(4, 3, activation="relu"), k.MaxPooling2D(2)],
        lambda k: [k.Conv2D(4, 5, strides=2), k.Conv2D(6, 3, strides=2, padding="same")],
        lambda k: [k.Conv2D(4, 3, padding="same"), k.MaxPooling2D(3, strides=2, padding="same")],
        lambda k: [k.Conv2D(4, 3, dilation_rate=2), k.AveragePooling2D(2)],
        lambda k: [k.SeparableConv2D(4, 3), k.DepthwiseConv2D(3, depth_multiplier=2, strides=2)],
        lambda k: [k.Conv2D(4, 3, padding="same"), k.Conv2D(4, 3, groups=2), k.MaxPooling2D(3)],
        lambda k: [k.Conv2D(4, (1, 5), strides=(1, 3)), k.MaxPooling2D((3, 2), strides=(2, 1))],
        lambda k: (
            k.Conv2D(3, 3),
            k.Conv2DTranspose(2, 3, strides=2),
            k.GlobalMaxPooling2D(),
            k.Reshape((2, 1, 1)),
        ),
        lambda k: [k.ZeroPadding2D(2), k.Conv2D(4, 3, use_bias=False), k.BatchNormalization()],
    ],
)
def test_convolution_and_pooling_equal_keras(few, layers):
    def build():
        return conv_model(layers)

    assert_same_training(build, few, batch_size=128)


def test_a_model_that_rescales_by_itself_gets_raw_pixels(few):
    def build(first):
        model = conv_model(first)
        return tenfold.fit(model, few.train, epochs=1, verbose=0, shuffle=False).history["loss"]

    own = build(lambda k: [k.Rescaling(1 / 255)])
    np.testing.assert_allclose(own, build(lambda k: []), rtol=1e-4)


def test_the_last_partial_batch_is_trained_on(uneven):
    model = dense_model()
    tenfold.fit(model, uneven.train, epochs=1, batch_size=128, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 6  # 700 = 5 * 128 + 60


def test_same_seed_same_bits_and_another_seed_another_order(few):
    def weights(seed):
        model = dense_model(layers=lambda k: [k.Dropout(0.3, seed=1)])
        how = Augmentation(shift=2, rotation=10, elastic=1)
        tenfold.fit(model, few.train, epochs=2, seed=seed, augmentation=how, verbose=0)
        return model.trainable_variables[0].numpy()

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))


def test_callbacks_of_epochs_act_as_in_keras(few, tmp_path):
    class Seen(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []
            self.rates = []

        def on_train_begin(self, logs=None):
            self.calls.append("begin")

        def on_epoch_begin(self, epoch, logs=None):
            self.rates.append(float(self.model.optimizer.learning_rate.numpy()))

        def on_epoch_end(self, epoch, logs=None):
            self.calls.append((epoch, sorted(logs)))

        def on_train_end(self, logs=None):
            self.calls.append("end")

    def callbacks(seen, folder):
        folder.mkdir()
        return [
            seen,
            keras.callbacks.CSVLogger(folder / "log.csv"),
            keras.callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True),
            keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=100),
        ]

    ours, theirs, model = Seen(), Seen(), dense_model()
    tenfold.fit(
        model,
        few.train,
        validation=few.validation,
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=callbacks(ours, tmp_path / "ours"),
    )
    keras_fit(dense_model(), few, epochs=3, callbacks=callbacks(theirs, tmp_path / "theirs"))
    assert [call[0] for call in ours.calls[1:-1]] == [0, 1, 2]
    assert ours.calls == theirs.calls
    assert ours.rates == theirs.rates
    assert ours.rates[2] < ours.rates[0]
    logs = [(tmp_path / who / "log.csv").read_text().splitlines() for who in ("ours", "theirs")]
    assert len(logs[0]) == len(logs[1]) == 4
    assert logs[0][0] == logs[1][0]
    best = keras.models.load_model(tmp_path / "ours" / "best.keras")
    np.testing.assert_array_equal(
        best.trainable_variables[0].numpy(), model.trainable_variables[0].numpy()
    )


def test_early_stopping_stops_and_restores_the_best_weights(few):
    model = dense_model()
    stopper = keras.callbacks.EarlyStopping(
        "val_loss", patience=1, min_delta=100, restore_best_weights=True
    )
    history = tenfold.fit(
        model,
        few.train,
        validation=few.validation,
        epochs=9,
        callbacks=[stopper],
        verbose=0,
    )
    assert history.epoch == [0, 1]
    again = dense_model()
    tenfold.fit(again, few.train, epochs=1, verbose=0)
    np.testing.assert_array_equal(
        model.trainable_variables[0].numpy(), again.trainable_variables[0].numpy()
    )


def test_an_interrupted_training_leaves_the_model_usable(few):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model = dense_model()
    start = model.trainable_variables[0].numpy().copy()
    with pytest.raises(KeyboardInterrupt):
        tenfold.fit(model, few.train, epochs=1, callbacks=[Interrupt()], verbose=0)
    now = model.trainable_variables[0].numpy()
    assert np.isfinite(now).all()
    assert not np.array_equal(now, start)


def test_initial_epoch_goes_on_with_the_same_bits(few):
    whole, halves = dense_model(), dense_model()
    tenfold.fit(whole, few.train, epochs=2, verbose=0)
    tenfold.fit(halves, few.train, epochs=1, verbose=0)
    tenfold.fit(halves, few.train, epochs=2, initial_epoch=1, verbose=0)
    for a, b in zip(whole.variables, halves.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def uncompiled():
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])


def of_input(shape, units=10):
    model = keras.Sequential([keras.Input(shape), keras.layers.Dense(units)])
    model.compile("sgd", "categorical_crossentropy")
    return model


def unbuilt():
    model = keras.Sequential([keras.layers.Dense(7)])
    model.compile("sgd", "categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    ("model", "named", "words"),
    [
        (uncompiled, {}, "not compiled"),
        (unbuilt, {}, "keras.Input"),
        (lambda: of_input((99,)), {}, "28x28"),
        (lambda: of_input((784,), 7), {}, "10 classes"),
        (lambda: of_input((28, 28)), {}, "10 classes"),
        (lambda: of_input((784,)), {"epochs": 0}, "epochs"),
        (lambda: of_input((784,)), {"batch_size": 0}, "batch_size"),
    ],
)
def test_bad_input_is_refused_in_one_line(few, model, named, words):
    with pytest.raises(InputError, match=words) as caught:
        tenfold.fit(model(), few.train, verbose=0, **named)
    assert "\n" not in str(caught.value)


def test_arrays_need_labels():
    with pytest.raises(InputError, match="x: received generator; give arrays x and y"):
        tenfold.fit(of_input((784,)), (batch for batch in ()))
    with pytest.raises(InputError, match="y: missing"):
        tenfold.fit(of_input((784,)), np.zeros((3, 28, 28)), verbose=0)
