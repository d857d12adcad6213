"""Every exported layer gives the outputs of Keras; other layers are refused by name."""

import keras
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L
from keras import ops

from tenfold import InputError, metrics, networks
from tenfold.engine import Forward
from tenfold.export.layers.registry import LAYERS, OPERATIONS
from tenfold.export.network import to_onnx
from tenfold.export.session import Session
from tenfold.networks import recipes

SHAPE = (28, 28)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), np.uint8)


def randomized(model, seed=0):
    """The model with random weights, moving means and variances."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        drawn = generator.normal(0, 0.3, variable.shape).astype(np.float32)
        variable.assign(np.abs(drawn) + 0.5 if "variance" in variable.path else drawn)
    return model


def functional(body, shape=(28, 28, 1)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, body(inputs))


def stack(*layers, shape=(28, 28, 1)):
    return keras.Sequential([keras.Input(shape), *layers])


def exported(model, temperatures=(), models=None):
    """Probabilities by ONNX Runtime of a model, or of several."""
    exported = to_onnx(models or [model], SHAPE, temperatures)
    onnx.checker.check_model(exported, full_check=True)
    return Session(exported.SerializeToString(), "it", SHAPE, model.output_shape[-1])(IMAGES)


def assert_same_outputs(model):
    expected = Forward(model, SHAPE)(model, IMAGES)
    assert np.isfinite(expected).all()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(exported(model), expected, rtol=1e-5, atol=1e-5)


ACTIVATIONS = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "tanh",
    "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink",
    "log_sigmoid", "softplus", "softsign", "squareplus", "sparse_sigmoid", "exponential", "linear",
    "softmax", "log_softmax",
]  # fmt: skip


def activations(x):
    x = L.Dense(6)(L.Flatten()(x))
    return L.Concatenate()([L.Activation(name)(x) for name in ACTIVATIONS])


def activation_layers(x):
    x = L.Conv2D(3, 9, strides=5)(x)
    rows = [
        L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.25)(x),
        L.ReLU(max_value=6.0)(x),
        L.ReLU(max_value=0.5, threshold=0.25)(x),
        L.ReLU(negative_slope=0.2)(x),
        L.LeakyReLU(0.3)(x),
        L.ELU(0.7)(x),
        L.PReLU(shared_axes=[1, 2])(x),
        L.PReLU()(x),
        L.Softmax()(x),
        L.Softmax(axis=1)(x),
        L.Conv2D(3, 1, activation=L.LeakyReLU(0.1))(x),
    ]
    return L.Flatten()(L.Concatenate()(rows))


def activation_operations(x):
    x = L.Dense(6)(L.Flatten()(x))
    rows = [ops.relu(x), ops.gelu(x, approximate=True), ops.gelu(x, approximate=False)]
    rows += [ops.elu(x, alpha=0.5), ops.leaky_relu(x, negative_slope=0.4), ops.softmax(x)]
    rows += [ops.threshold(x, 0.2, -1.0), ops.hard_shrink(x, threshold=0.1), ops.exp(x)]
    rows += [keras.activations.relu(x, max_value=0.5)]
    return L.Concatenate()(rows)


def arithmetic(x):
    x = L.Conv2D(2, 4, strides=6)(x)
    y = L.Flatten()(x)
    z = L.Dense(y.shape[-1], "sigmoid")(y)
    rows = [y + z, y - z, y * z, y / (z + 1), 1.0 - y, 0.5 * y, -y, ops.square(y), ops.absolute(y)]
    rows += [ops.maximum(y, z), ops.minimum(y, 0.1), ops.sqrt(z), ops.log(z), 2.0 / (z + 1.0)]
    return L.Concatenate()([*rows, L.Flatten()(x * 2 + np.array([0.5, -1], np.float32))])


def merging(x):
    a, b = (
        L.Conv2D(4, 3, strides=4, padding="same")(x),
        L.Conv2D(4, 5, strides=4, padding="same")(x),
    )
    both = [a, b]
    rows = [L.Add()(both), L.Subtract()(both), L.Multiply()(both), L.Average()(both)]
    rows += [L.Maximum()(both), L.Minimum()(both), a]
    tall = L.Concatenate(axis=1)([L.Concatenate(axis=-1)(rows), L.Concatenate(axis=3)(rows)])
    flat = L.Concatenate()([L.Flatten()(a), L.Dense(3)(L.Flatten()(b))])
    gate = L.Multiply()([a, L.GlobalAveragePooling2D(keepdims=True)(b)])
    return L.Concatenate()([L.Flatten()(tall), flat, L.Flatten()(gate)])


def residual(x):
    """A residual branch, a layer applied twice, networks within a network."""
    shared = L.Conv2D(4, 3, padding="same", activation="relu")
    x = L.Conv2D(4, 3, strides=2)(x)
    x = L.BatchNormalization()(shared(shared(x)) + x)
    inner = keras.Sequential([keras.Input(x.shape[1:]), L.MaxPooling2D(3), L.Activation("tanh")])
    x = inner(x)
    block = functional(lambda y: L.Add()([y, L.Dense(4, "gelu")(y)]), x.shape[1:])
    return L.Dense(10, "softmax")(L.Flatten()(block(block(x))))


def normalized(x):
    x = L.Conv2D(5, 4, strides=4)(x)
    rows = [
        L.BatchNormalization()(x),
        L.BatchNormalization(axis=1, scale=False, epsilon=0.01)(x),
        L.LayerNormalization()(x),
        L.LayerNormalization(axis=[1, 2, 3], center=False)(x),
        L.LayerNormalization(axis=2)(x),
        L.Normalization(mean=[0.1, 0.2, 0.3, 0.4, 0.5], variance=[1, 2, 3, 4, 5.0])(x),
        L.Normalization(axis=None, mean=0.3, variance=0.5, invert=True)(x),
        L.Rescaling([1, 2, 3, 4, 5.0], offset=-1)(x),
    ]
    flat = L.Flatten()(x)
    ends = [L.BatchNormalization(center=False)(flat), L.LayerNormalization()(flat), L.PReLU()(flat)]
    return L.Concatenate()([L.Flatten()(L.Concatenate()(rows)), *ends])


def convolved(x):
    x = L.Conv2D(6, 3, strides=2, padding="same", activation="elu")(x)
    x = L.Conv2D(8, (3, 2), dilation_rate=(2, 1), padding="same")(x)
    x = L.Conv2D(8, 3, groups=2, activation="gelu", use_bias=False)(x)
    x = L.DepthwiseConv2D((2, 3), strides=2, depth_multiplier=2, padding="same")(x)
    x = L.DepthwiseConv2D(3, dilation_rate=2, use_bias=False, padding="same")(x)
    x = L.SeparableConv2D(5, 3, depth_multiplier=2, padding="same", activation="tanh")(x)
    return L.Dense(7)(L.Flatten()(x))


def pooled(x):
    x = L.Conv2D(3, 3)(x)
    rows = [
        L.MaxPooling2D(2)(x),
        L.MaxPooling2D(3, strides=2, padding="same")(x),
        L.MaxPooling2D(2, strides=5, padding="same")(x),
        L.AveragePooling2D((2, 3))(x),
        L.AveragePooling2D(3, strides=2, padding="same")(x),
        L.GlobalAveragePooling2D(keepdims=True)(x),
        L.GlobalMaxPooling2D(keepdims=True)(x),
    ]
    ends = [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)]
    return L.Concatenate()([*(L.Flatten()(row) for row in rows), *ends])


def reshaped(x):
    x = L.Cropping2D(((1, 3), (0, 2)))(L.ZeroPadding2D(((1, 0), (2, 3)))(x))
    x = L.UpSampling2D((1, 2))(L.Conv2D(4, 5, strides=4)(x))
    rows = [
        L.Permute((3, 1, 2))(x),
        L.Permute((2, 1, 3))(x),
        L.Reshape((-1, 2))(x),
        L.Reshape((-1,))(x),
    ]
    again = L.Conv2D(2, 2)(L.Reshape((4, -1, 6))(L.Flatten()(x)))
    return L.Concatenate()([*(L.Flatten()(row) for row in rows), L.Flatten()(again)])


def channels_first(x):
    there = {"data_format": "channels_first"}
    x = L.Conv2D(4, 3, strides=2, **there)(L.Permute((3, 1, 2))(x))
    x = L.BatchNormalization(axis=1)(L.MaxPooling2D(2, **there)(x))
    x = L.DepthwiseConv2D(2, padding="same", **there)(x)
    return L.Dense(5)(L.Flatten(**there)(x))


def only_in_training(x):
    for layer in (L.RandomRotation(0.1), L.RandomTranslation(0.1, 0.1), L.RandomZoom(0.1)):
        x = layer(x)
    x = L.SpatialDropout2D(0.2)(L.GaussianNoise(0.2)(L.Conv2D(3, 5, strides=3)(x)))
    x = L.GaussianDropout(0.1)(L.AlphaDropout(0.1)(L.Dropout(0.5)(L.Flatten()(x))))
    return L.Dense(4)(L.Identity()(L.ActivityRegularization(0.1)(x)))


GRAPHS = [
    activations, activation_layers, activation_operations, arithmetic, merging, residual,
    normalized, convolved, pooled, reshaped, channels_first, only_in_training,
]  # fmt: skip

STACKS = {
    "flat input": lambda: stack(L.Dense(9, "tanh"), L.Dense(3, "softmax"), shape=(784,)),
    "rows": lambda: stack(L.Dense(3, "relu"), L.Flatten(), L.Dense(4), shape=SHAPE),
    "rows without bias": lambda: stack(L.Dense(2, use_bias=False), L.Flatten(), shape=SHAPE),
    "rescaling": lambda: stack(L.Rescaling(1 / 127.5, -1), L.Flatten(), L.Dense(4, "tanh")),
    "dense on channels": lambda: stack(L.Conv2D(4, 9, 6), L.Dense(3), L.Flatten()),
    "network in a stack": lambda: stack(
        functional(lambda x: L.Conv2D(2, 9, 6)(x)), L.Flatten(), L.Dense(4)
    ),
}


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("body", GRAPHS, ids=lambda body: body.__name__)
def test_layers_match_keras(body):
    assert_same_outputs(randomized(functional(body)))


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", STACKS)
def test_stacks_of_layers_match_keras(name):
    assert_same_outputs(randomized(STACKS[name]()))


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", recipes.RECIPES)
def test_recipes_match_keras(name):
    recipe = recipes.recipe(name)
    assert_same_outputs(
        randomized(networks.build(recipe.network, recipe.arguments, SHAPE, 10, seed=0))
    )


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_prepared_images_match_keras(kind):
    arguments = {"crop": 25, "standardize": True}
    assert_same_outputs(randomized(networks.build(kind, arguments, SHAPE, 10, seed=0)))


LINKS = {
    "conv": lambda i: L.Conv2D(3, 2 + i % 2, padding=("same", "valid")[i % 2]),
    "strided": lambda i: L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
    "pool": lambda i: L.MaxPooling2D(2, padding="same"),
    "mean": lambda i: L.AveragePooling2D(3, strides=2, padding="same"),
    "batch": lambda i: L.BatchNormalization(),
    "layer": lambda i: L.LayerNormalization(),
    "gelu": lambda i: L.Activation("gelu"),
    "permute": lambda i: L.Permute((2, 1, 3)),
    "dense": lambda i: L.Dense(3, "elu"),
    "pad": lambda i: L.ZeroPadding2D(i),
}


@pytest.mark.usefixtures("weights_by_numpy")
@settings(
    max_examples=8,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(sorted(LINKS)), min_size=2, max_size=5))
def test_layers_in_any_order_match_keras(names):
    links = [LINKS[name](i) for i, name in enumerate(names)]
    assert_same_outputs(randomized(stack(*links, L.Flatten(), L.Dense(3))))


@pytest.mark.usefixtures("weights_by_numpy")
def test_convolutional_networks_need_no_transpose():
    model = networks.conv(SHAPE, 10, filters=[4, 6], pooling=2, batch_norm=True, dropout=0.1)
    assert "Transpose" not in {node.op_type for node in to_onnx([model], SHAPE).graph.node}


@pytest.mark.usefixtures("weights_by_numpy")
def test_logits_become_probabilities():
    model = randomized(stack(L.Flatten(), L.Dense(4)))
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    expected = keras.ops.softmax(Forward(model, SHAPE)(model, IMAGES))
    np.testing.assert_allclose(exported(model), expected, atol=1e-5)


@pytest.mark.usefixtures("weights_by_numpy")
def test_several_networks_are_calibrated_and_averaged():
    models = [randomized(stack(L.Flatten(), L.Dense(4, "softmax")), seed) for seed in range(3)]
    temperatures = [0.5, 1.0, 3.0]
    each = [Forward(model, SHAPE)(model, IMAGES) for model in models]
    expected = np.mean(
        [metrics.apply_temperature(*p) for p in zip(each, temperatures, strict=True)], axis=0
    )
    result = exported(models[0], temperatures, models=models)
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.usefixtures("weights_by_numpy")
def test_an_underflowed_probability_is_calibrated_as_in_metrics():
    model = stack(L.Flatten(), L.Dense(3, "softmax"))
    model.layers[-1].bias.assign([200.0, 0.0, 50.0])
    model.layers[-1].kernel.assign(np.zeros((784, 3)))
    expected = metrics.apply_temperature(Forward(model, SHAPE)(model, IMAGES), 20.0)
    np.testing.assert_allclose(exported(model, [20.0]), expected, atol=1e-6)
    assert expected[0, 1] > 0.01


class Custom(L.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return ops.sigmoid(x * self.scale) + ops.mean(x, axis=-1, keepdims=True)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = L.Flatten(), L.Dense(3, "tanh")

    def call(self, x):
        return self.dense(self.flatten(x))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, *SHAPE), np.float32))
    return model


def attention(x):
    y = L.LayerNormalization()(x)
    x = L.Add()([x, L.MultiHeadAttention(2, 3)(y, y)])
    return L.Dense(4)(L.Flatten()(L.Attention()([x, x])))


TRACED = {
    "recurrent": lambda: stack(
        L.Bidirectional(L.GRU(2, return_sequences=True)), L.LSTM(3), L.Dense(4), shape=SHAPE
    ),
    "attention": lambda: functional(attention, SHAPE),
    "sequences": lambda: stack(
        L.Conv1D(3, 5, strides=3, padding="same", activation="relu"),
        L.MaxPooling1D(2),
        L.AveragePooling1D(2),
        L.GlobalMaxPooling1D(),
        shape=SHAPE,
    ),
    "images": lambda: stack(
        L.RandomZoom(0.1),
        L.Resizing(16, 16),
        L.UnitNormalization(axis=(1, 2)),
        L.Conv2D(4, 3, strides=3),
        L.GroupNormalization(2),
        L.UpSampling2D(interpolation="bilinear"),
        L.Softmax(axis=[1, 2]),
        L.Flatten(),
        L.Dense(4),
    ),
    "custom": lambda: stack(L.Flatten(), L.Lambda(lambda x: x * 2 - 1), L.Dense(4), Custom()),
    "operators": lambda: functional(lambda x: L.Dense(3)(L.Flatten()((x[:, 4:24] / 2) ** 0.5))),
    "subclassed": subclassed,
}


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", TRACED)
def test_layers_without_a_converter_match_keras(name):
    model = randomized(TRACED[name]())
    expected = Forward(model, SHAPE)(model, IMAGES)
    data = to_onnx([model], SHAPE)
    onnx.checker.check_model(data, full_check=True)
    session = Session(data.SerializeToString(), "it", SHAPE, expected.shape[1])
    assert expected.std() > 1e-4
    for count in (1, 5):  # the graph leaves the size of a batch open
        np.testing.assert_allclose(session(IMAGES[:count]), expected[:count], atol=1e-5)


REFUSED = {
    r"layer 'act' \(Activation\) \(the operation sort\) cannot be exported": lambda: L.Activation(
        "sparsemax", name="act"
    ),
    r"layer 'transposed' \(Conv2DTranspose\) \(a transposed convolution\)": lambda: (
        L.Conv2DTranspose(2, 3, strides=2, name="transposed")
    ),
    r"layer 'odd' \(Lambda\) \(": lambda: L.Lambda(lambda x: x.no_such_thing, name="odd"),
}


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("message", REFUSED)
def test_a_layer_that_cannot_be_exported_is_named(message):
    model = stack(REFUSED[message](), L.Flatten(), L.Dense(3))
    with pytest.raises(InputError, match=message):
        to_onnx([model], SHAPE)


def test_a_subclass_with_the_name_of_a_layer_is_not_mistaken_for_it():
    class Dense(L.Dense):
        def call(self, x):
            return super().call(x) + 1

    assert_same_outputs(stack(L.Flatten(), Dense(3, name="mine")))


@pytest.mark.usefixtures("weights_by_numpy")
def test_every_registered_layer_and_operation_is_tested():
    """Fails for a converter that no graph above uses."""
    used = set()
    for body in GRAPHS:
        used |= {type(item).__name__ for item in functional(body).operations}
    for build in STACKS.values():
        used |= {type(layer).__name__ for layer in build().layers}
    untested = {"SpatialDropout1D", "RandomBrightness", "RandomContrast", "RandomFlip"}
    untested |= {"RandomShear", "Divide"}  # no effect in inference; the older name of TrueDivide
    assert (LAYERS.keys() | OPERATIONS.keys()) - used == untested
