"""Every kind of program that is compiled, against NumPy in float64.

The reference computes forward passes only. Gradients are compared with central differences of its
loss: one step of SGD with learning rate 1 moves the weights by minus the gradient.
"""

from importlib.metadata import version

import jax
import numpy as np
import pytest

import tenfold
from tenfold.core.backend import keras
from tenfold.data import Dataset
from tenfold.engine import (
    DeviceData,
    Forward,
    Program,
    initial_state,
    read_state,
    run_epoch,
    unstack_state,
    write_state,
    xla,
)
from tenfold.networks import seeded

LAYERS = keras.layers
ON_CPU = jax.default_backend() == "cpu"
CLASSES = 4


# The reference


def convolve(x, kernel, bias, strides, padding):
    """``[n, h, w, c]`` with ``[kh, kw, c, filters]``, padded as Keras does for ``same``."""
    sides = [(0, 0)] * 4
    if padding == "same":
        for axis in (1, 2):
            size, length, step = kernel.shape[axis - 1], x.shape[axis], strides[axis - 1]
            missing = max((-(-length // step) - 1) * step + size - length, 0)
            sides[axis] = (missing // 2, missing - missing // 2)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(x, sides), kernel.shape[:2], axis=(1, 2)
    )
    windows = windows[:, :: strides[0], :: strides[1]]
    return np.einsum("nhwcij,ijcf->nhwf", windows, kernel, optimize=True) + bias


def activate(name, x):
    if name == "softmax":
        x = np.exp(x - x.max(axis=-1, keepdims=True))
        return x / x.sum(axis=-1, keepdims=True)
    return np.maximum(x, 0) if name == "relu" else x


def apply_layer(layer, weights, x, training):
    if isinstance(layer, LAYERS.Conv2D):
        return activate(
            layer.activation.__name__, convolve(x, *weights, layer.strides, layer.padding)
        )
    if isinstance(layer, LAYERS.Dense):
        return activate(layer.activation.__name__, x @ weights[0] + weights[1])
    if isinstance(layer, LAYERS.BatchNormalization):
        scale, offset, mean, variance = weights
        if training:
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axis=axes), x.var(axis=axes)
        return (x - mean) / np.sqrt(variance + layer.epsilon) * scale + offset
    if isinstance(layer, LAYERS.MaxPooling2D):
        windows = np.lib.stride_tricks.sliding_window_view(x, layer.pool_size, axis=(1, 2))
        return windows[:, :: layer.strides[0], :: layer.strides[1]].max(axis=(-2, -1))
    assert isinstance(layer, LAYERS.Flatten)
    return x.reshape(len(x), -1)


def predict(model, weights, images, training=False):
    """Probabilities in float64; ``weights`` is a list per layer."""
    x = (images.astype(np.float64) / 255).reshape(len(images), *model.input_shape[1:])
    for layer, values in zip(model.layers, weights, strict=True):
        x = apply_layer(layer, [np.asarray(v, np.float64) for v in values], x, training)
    return x


def loss_of(model, weights, data, training=False):
    probabilities = predict(model, weights, data.images, training)
    return -np.log(probabilities[np.arange(len(data)), data.labels]).mean()


def weights_of(model):
    return [layer.get_weights() for layer in model.layers]


def derivative(model, weights, data, layer, i, direction, step=1e-7):
    """The change of the loss along a direction of one weight array."""
    losses = []
    for sign in (1, -1):
        moved = [list(values) for values in weights]
        moved[layer][i] = moved[layer][i].astype(np.float64) + sign * step * direction
        losses.append(loss_of(model, moved, data, training=True))
    return (losses[0] - losses[1]) / (2 * step)


def assert_step_is_gradient(model, before, after, data):
    draw = np.random.default_rng(3)
    for k, layer in enumerate(model.layers):
        for i in range(len(layer.trainable_weights)):
            gradient = before[k][i].astype(np.float64) - after[k][i]
            direction = draw.normal(size=gradient.shape)
            expected = derivative(model, before, data, k, i, direction)
            scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
            assert abs((gradient * direction).sum() - expected) < 1e-4 * scale + 1e-6, layer.name


def assert_logs_are(logs, model, weights, data, training=False):
    probabilities = predict(model, weights, data.images, training)
    accuracy = (probabilities.argmax(axis=-1) == data.labels).mean()
    assert float(logs["loss"]) == pytest.approx(loss_of(model, weights, data, training), rel=2e-5)
    assert float(logs["accuracy"]) == pytest.approx(accuracy, abs=2 / len(data))


# The programs


def dense(*units, batch_norm=False):
    def layers():
        for size in units:
            yield LAYERS.Dense(size, "relu")
            if batch_norm:
                yield LAYERS.BatchNormalization()

    return lambda: [LAYERS.Flatten(), *layers()]


def conv(*args, pool=None, **named):
    return lambda: [
        LAYERS.Conv2D(*args, activation="relu", **named),
        *([LAYERS.MaxPooling2D(pool)] if pool else []),
        LAYERS.BatchNormalization(),
        LAYERS.Flatten(),
    ]


# Layers, side of the images, number of images, which are one batch.
PROGRAMS = {
    "dense": (dense(16, 8), 8, 96),
    "wide dense": (dense(700), 8, 64),
    "batch norm": (dense(12, batch_norm=True), 6, 200),
    "strided conv": (conv(6, 3, strides=2), 9, 50),
    "padded conv": (conv(5, 3, padding="same"), 8, 48),
    "padded, strided conv": (conv(5, 5, padding="same", strides=2), 9, 48),
    "pooled conv": (conv(6, 3, pool=2), 10, 50),
    "large batch": (dense(3), 3, 40_000),
    "large batch, batch norm": (dense(3, batch_norm=True), 3, 33_000),
    "large batch, conv": (conv(2, 2), 3, 33_000),
}


def network(layers, side, seed=0):
    with seeded(seed):
        ends = [LAYERS.Dense(CLASSES, "softmax")]
        model = keras.Sequential([keras.Input((side, side, 1)), *layers(), *ends])
    model.compile(
        keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def random_data(n, side, seed=0):
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 256, (n, side, side), np.uint8)
    brightness = images.reshape(n, -1).mean(axis=1)
    labels = np.argsort(np.argsort(brightness)) * CLASSES // n
    return Dataset(images, labels.astype(np.int64), tuple("abcd"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_step_and_an_evaluation_equal_the_reference(name):
    layers, side, n = PROGRAMS[name]
    model, data = network(layers, side), random_data(n, side)
    before = weights_of(model)
    history = tenfold.fit(
        model, data, validation=data, batch_size=n, shuffle=False, verbose=0
    ).history
    logs = {key: values[0] for key, values in history.items()}
    after = weights_of(model)
    assert_logs_are(logs, model, before, data, training=True)
    assert_step_is_gradient(model, before, after, data)
    evaluated = {key.removeprefix("val_"): logs[key] for key in ("val_loss", "val_accuracy")}
    assert_logs_are(evaluated, model, after, data)


@pytest.mark.parametrize("name", ["dense", "batch norm", "pooled conv", "large batch"])
def test_many_seeds_in_one_program_equal_the_reference(name):
    layers, side, n = PROGRAMS[name]
    data, seeds = random_data(n, side), [0, 1, 2]
    models = [network(layers, side, seed) for seed in seeds]
    before = [weights_of(model) for model in models]
    program = Program(models, (side, side), CLASSES, n)
    on_device = DeviceData(data)
    state, logs = run_epoch(
        program, initial_state(models), on_device, 0, seeds, validation=on_device
    )
    for i, model in enumerate(models):
        write_state(model, unstack_state(state, i))
        mine = {key: values[i] for key, values in logs.items()}
        assert_logs_are(mine, model, before[i], data, training=True)
        assert_step_is_gradient(model, before[i], weights_of(model), data)
        evaluated = {key: mine[f"val_{key}"] for key in ("loss", "accuracy")}
        assert_logs_are(evaluated, model, weights_of(model), data)


def test_evaluation_and_prediction_of_60_000_images_equal_the_reference():
    data = random_data(60_000, 3)
    model = network(dense(3), 3)
    program = Program([model], (3, 3), CLASSES, 250)
    logs = program.evaluate(read_state(model), DeviceData(data))
    assert_logs_are(logs, model, weights_of(model), data)
    expected = predict(model, weights_of(model), data.images)
    np.testing.assert_allclose(Forward(model, (3, 3))(model, data.images), expected, atol=1e-6)


# The workaround


def test_programs_are_compiled_without_the_known_wrong_fusion():
    for optimize in (False, True):
        assert xla.reduction_error(xla.compiler_options(optimize=optimize)) < 1e-6


@pytest.mark.skipif(not ON_CPU, reason="the fusion is one of CPUs")
def test_the_workaround_is_needed_by_exactly_the_versions_that_it_names():
    """If this fails with a newer jaxlib, extend or remove ``KNOWN_BUGS`` and ``NO_YNN``."""
    named = any("39103" in bug.issue for bug in xla.known_bugs())
    assert (xla.reduction_error({}) > 1e-4) == named


@pytest.mark.skipif(not ON_CPU, reason="the option is one of CPUs")
def test_the_installed_compiler_was_checked():
    """If this fails, jaxlib is new: check the bugs again and move ``CHECKED_JAXLIB``."""
    first, last = map(xla.parse_version, xla.CHECKED_JAXLIB)
    assert first <= xla.parse_version(version("jaxlib")) <= last
    jax.jit(lambda x: x, compiler_options=xla.NO_YNN).lower(0).compile()


def test_an_unchecked_compiler_without_the_option_goes_without(monkeypatch):
    monkeypatch.setattr(xla, "CHECKED_JAXLIB", ("0.0.1", "0.0.2"))
    monkeypatch.setattr(xla, "NO_YNN", {"xla_no_such_option": ""})
    assert not xla._has_ynn_option.__wrapped__()
    monkeypatch.setattr(xla, "_has_ynn_option", lambda: False)
    assert xla.compiler_options(optimize=True) == xla.FULL_OPTIMIZATION


def test_optimizations_that_the_user_switched_off_stay_off():
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        assert set(xla.compiler_options(optimize=True)) <= set(xla.NO_YNN)
    finally:
        jax.config.update("jax_disable_most_optimizations", False)
