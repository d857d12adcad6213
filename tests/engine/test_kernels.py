"""The compiled kernels against XLA."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from jax import lax

import tenfold
from tenfold.engine.cpu import kernels as native
from tenfold.engine.cpu.fusion import find_fusions
from tenfold.engine.cpu.kernels import Layer, convolve, loading
from tenfold.engine.cpu.lowering import with_lowering_rules
from tenfold.networks import seeded

compiled = pytest.mark.skipif(not native.library().usable, reason=native.library().description)

SAME = ((1, 1), (1, 1))
HALVED = Layer(relu=True, pool=(2, 2), pool_strides=(2, 2))
TABLE = {
    "the tutorials' first": ((5, 28, 28, 1), (3, 3, 1, 32), HALVED),
    "the tutorials' second": ((3, 13, 13, 32), (3, 3, 32, 64), HALVED),
    "strided": ((3, 28, 28, 1), (5, 5, 1, 12), Layer((2, 2), ((1, 2), (1, 2)), relu=True)),
    "strided, deep": ((2, 12, 12, 12), (5, 5, 12, 48), Layer((2, 2), relu=True)),
    "plain": ((2, 9, 8, 5), (3, 3, 5, 16), Layer()),
    "plain, odd filters": ((2, 9, 8, 5), (3, 2, 5, 7), Layer((1, 2), SAME)),
    "pool without relu": ((2, 12, 9, 7), (4, 2, 7, 13), Layer((2, 1), pool=(3, 3))),
    "overlapping windows": ((2, 9, 9, 3), (2, 2, 3, 9), Layer((1, 1), SAME, True, (3, 2), (2, 1))),
    "one pixel": ((20, 6, 6, 3), (1, 1, 3, 5), Layer(relu=True, pool=(3, 2), pool_strides=(1, 3))),
    "wide padding": ((2, 9, 9, 40), (7, 7, 40, 3), Layer((1, 1), ((3, 3), (3, 3)), relu=True)),
    "many channels": ((1, 5, 6, 70), (3, 3, 70, 33), Layer(relu=True)),
    "one output pixel": ((17, 3, 3, 2), (3, 3, 2, 4), Layer(relu=True)),
}


def by_xla(layer, images, kernel, bias):
    """The same layer by XLA operations."""
    y = lax.conv_general_dilated(
        images, kernel, layer.strides, layer.padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    y = y + bias
    y = jax.nn.relu(y) if layer.relu else y
    if layer.pool != (1, 1):
        window, strides = (1, *layer.pool, 1), (1, *layer.pool_strides, 1)
        y = lax.reduce_window(y, -jnp.inf, lax.max, window, strides, "VALID")
    return y


def arrays(images, kernel, seed=0):
    draw = np.random.default_rng(seed)
    shapes = (images, kernel, kernel[-1:])
    return [draw.normal(size=shape).astype(np.float32) for shape in shapes]


def some_gradient(shape):
    draw = np.random.default_rng(1)
    return (draw.normal(size=shape) * (draw.random(shape) < 0.7)).astype(np.float32)


@compiled
@pytest.mark.parametrize("name", TABLE)
def test_results_and_gradients_equal_xla(name):
    images, kernel, layer = TABLE[name]
    given = arrays(images, kernel)
    ours, our_back = jax.vjp(jax.jit(lambda *a: convolve(layer, *a)), *given)
    theirs, their_back = jax.vjp(jax.jit(lambda *a: by_xla(layer, *a)), *given)
    gradient = some_gradient(theirs.shape)
    for a, b in zip((ours, *our_back(gradient)), (theirs, *their_back(gradient)), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6 * float(np.abs(b).max()))


@compiled
def test_the_same_bits_every_time():
    images, kernel, layer = TABLE["the tutorials' second"]
    given = arrays((100, *images[1:]), kernel)
    gradients = jax.jit(jax.grad(lambda *a: jnp.sum(convolve(layer, *a) ** 2), (0, 1, 2)))
    first = gradients(*given)
    for _ in range(20):
        for a, b in zip(first, gradients(*given), strict=True):
            np.testing.assert_array_equal(a, b)


@compiled
def test_nan_is_propagated():
    images, kernel, bias = arrays((1, 8, 8, 2), (3, 3, 2, 4))
    images[0, 4, 4, 1] = np.nan
    for layer in (Layer(relu=True), HALVED):
        result = np.isnan(convolve(layer, images, kernel, bias))
        assert (result == np.isnan(by_xla(layer, images, kernel, bias))).all()
        assert result.any()


@compiled
def test_vmap_runs_networks_one_after_another():
    kernels, bias = np.ones((2, 3, 3, 1, 4), np.float32), np.zeros(4, np.float32)
    images = np.ones((2, 5, 6, 6, 1), np.float32)
    y = jax.vmap(lambda x, k: convolve(Layer(relu=True), x, k, bias))(images, kernels)
    np.testing.assert_array_equal(y, np.full((2, 5, 4, 4, 4), 9))


def network(*layers):
    ends = [keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers, *ends])


def traced(model):
    values = [variable.value for variable in model.trainable_variables]
    return jax.make_jaxpr(lambda v, x: model.stateless_call(v, [], x)[0])(
        values, np.zeros((2, 28, 28, 1), np.float32)
    )


def conv(*args, **named):
    return keras.layers.Conv2D(*args, **named)


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([conv(4, 3, activation="relu"), keras.layers.MaxPooling2D()], [("bias", "relu", "pool")]),
        ([conv(4, 3), keras.layers.ReLU()], [("bias", "relu")]),
        ([conv(4, 3, use_bias=False), keras.layers.MaxPooling2D(3)], [("pool",)]),
        ([conv(4, 3, padding="same", strides=2, activation="relu")], [("bias", "relu")]),
        (
            [conv(4, 3, activation="relu"), conv(4, 3, activation="tanh")],
            [("bias", "relu"), ("bias",)],
        ),
        ([conv(4, 3, activation="leaky_relu")], [("bias",)]),
        ([conv(4, 3, activation="relu6")], [("bias",)]),
        ([conv(4, 3, dilation_rate=2, activation="relu")], []),
        ([conv(4, 3), keras.layers.MaxPooling2D(3, padding="same")], [("bias",)]),
        ([conv(4, 3), keras.layers.DepthwiseConv2D(3, activation="relu")], [("bias",)]),
    ],
)
def test_bias_relu_and_pooling_are_fused_with_their_convolution(layers, expected):
    fused = [
        tuple(name for name in ("bias", "relu", "pool") if getattr(fusion, name) is not None)
        for fusion in find_fusions(traced(network(*layers)).jaxpr)
    ]
    assert fused == expected


def test_a_result_that_is_used_twice_is_not_fused():
    def both(x, k):
        y = lax.conv_general_dilated(
            x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return jax.nn.relu(y), jnp.sum(y)

    x, k, _ = arrays((2, 6, 6, 1), (3, 3, 1, 4))
    for ours, theirs in zip(with_lowering_rules(both)(x, k), both(x, k), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def trained(splits):
    with seeded(2):
        model = network(conv(4, 3, activation="relu"), keras.layers.MaxPooling2D())
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    history = tenfold.fit(model, splits.train, epochs=2, shuffle=False, verbose=0).history
    return history["loss"], model.get_weights()


@pytest.mark.usefixtures("weights_by_numpy")
@compiled
def test_training_without_the_kernels_gives_the_same(few, monkeypatch):
    loss, weights = trained(few)
    monkeypatch.setattr(native, "library", lambda: loading.Library(False, "none"))
    pure_loss, pure_weights = trained(few)
    np.testing.assert_allclose(loss, pure_loss, rtol=1e-5)
    for a, b in zip(weights, pure_weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("content", [None, b"not a library"])
def test_an_installation_without_kernels_says_so(content, tmp_path, monkeypatch):
    file = tmp_path / "_convolution.so"
    if content:
        file.write_bytes(content)
    monkeypatch.setattr(loading, "FILE", file)
    library = loading.library.__wrapped__()
    assert not library.usable
    assert library.description
