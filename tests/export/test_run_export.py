"""The artifact: every layer as Keras has it, one verified file, and what it says of itself."""

import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L
from keras import ops

import tenfold
from tenfold import InputError, metrics, networks
from tenfold.engine import Forward
from tenfold.export import model_card as cards
from tenfold.export.network import to_onnx
from tenfold.export.predictor import Predictor
from tenfold.export.session import Session
from tenfold.networks import recipes
from tenfold.runs import export as exporting
from tenfold.runs.export import export

SHAPE = (28, 28)
ASKED = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), np.uint8)


def randomised(model, seed=0):
    """The model with all its weights drawn anew, moving means and variances as well."""
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


def asked(model, temperatures=(), images=ASKED, models=None):
    """What ONNX Runtime makes of a model, or of several."""
    found = to_onnx(models or [model], SHAPE, temperatures)
    onnx.checker.check_model(found, full_check=True)
    return Session(found.SerializeToString(), "it", SHAPE, model.output_shape[-1])(images)


def agrees(model):
    expected = Forward(model, SHAPE)(model, ASKED)
    assert np.isfinite(expected).all()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(asked(model), expected, rtol=1e-5, atol=1e-5)


# Layers


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
    """A branch around, a layer that is used twice, networks within a network."""
    shared = L.Conv2D(4, 3, padding="same", activation="relu")
    x = L.Conv2D(4, 3, strides=2)(x)
    x = L.BatchNormalization()(shared(shared(x)) + x)
    inner = keras.Sequential([keras.Input(x.shape[1:]), L.MaxPooling2D(3), L.Activation("tanh")])
    x = inner(x)
    block = functional(lambda y: L.Add()([y, L.Dense(4, "gelu")(y)]), x.shape[1:])
    return L.Dense(10, "softmax")(L.Flatten()(block(block(x))))


def normalised(x):
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
    normalised, convolved, pooled, reshaped, channels_first, only_in_training,
]  # fmt: skip

STACKS = {
    "flat input": lambda: stack(L.Dense(9, "tanh"), L.Dense(3, "softmax"), shape=(784,)),
    "rows": lambda: stack(L.Dense(3, "relu"), L.Flatten(), L.Dense(4), shape=SHAPE),
    "rows without bias": lambda: stack(L.Dense(2, use_bias=False), L.Flatten(), shape=SHAPE),
    "own rescaling": lambda: stack(L.Rescaling(1 / 127.5, -1), L.Flatten(), L.Dense(4, "tanh")),
    "dense on channels": lambda: stack(L.Conv2D(4, 9, 6), L.Dense(3), L.Flatten()),
    "network in a stack": lambda: stack(
        functional(lambda x: L.Conv2D(2, 9, 6)(x)), L.Flatten(), L.Dense(4)
    ),
}


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("body", GRAPHS, ids=lambda body: body.__name__)
def test_every_layer_answers_as_in_keras(body):
    agrees(randomised(functional(body)))


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", STACKS)
def test_stacks_of_layers_answer_as_in_keras(name):
    agrees(randomised(STACKS[name]()))


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_answers_as_in_keras(name):
    recipe = recipes.recipe(name)
    agrees(randomised(networks.build(recipe.network, recipe.arguments, SHAPE, 10, seed=0)))


LINKS = {
    "conv": lambda i: L.Conv2D(3, 2 + i % 2, padding=("same", "valid")[i % 2]),
    "strided": lambda i: L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
    "pool": lambda i: L.MaxPooling2D(2, padding="same"),
    "mean": lambda i: L.AveragePooling2D(3, strides=2, padding="same"),
    "batch": lambda i: L.BatchNormalization(),
    "layer": lambda i: L.LayerNormalization(),
    "gelu": lambda i: L.Activation("gelu"),
    "turn": lambda i: L.Permute((2, 1, 3)),
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
def test_layers_in_any_order_answer_as_in_keras(names):
    links = [LINKS[name](i) for i, name in enumerate(names)]
    agrees(randomised(stack(*links, L.Flatten(), L.Dense(3))))


@pytest.mark.usefixtures("weights_by_numpy")
def test_images_lie_channels_first_throughout_without_being_turned():
    model = networks.conv(SHAPE, 10, filters=[4, 6], pooling=2, batch_norm=True, dropout=0.1)
    assert "Transpose" not in {node.op_type for node in to_onnx([model], SHAPE).graph.node}


@pytest.mark.usefixtures("weights_by_numpy")
def test_logits_become_probabilities():
    model = randomised(stack(L.Flatten(), L.Dense(4)))
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    expected = keras.ops.softmax(Forward(model, SHAPE)(model, ASKED))
    np.testing.assert_allclose(asked(model), expected, atol=1e-5)


@pytest.mark.usefixtures("weights_by_numpy")
def test_several_networks_answer_with_the_mean_of_each_at_its_temperature():
    models = [randomised(stack(L.Flatten(), L.Dense(4, "softmax")), seed) for seed in range(3)]
    temperatures = [0.5, 1.0, 3.0]
    each = [Forward(model, SHAPE)(model, ASKED) for model in models]
    expected = np.mean(
        [metrics.apply_temperature(*p) for p in zip(each, temperatures, strict=True)], axis=0
    )
    found = asked(models[0], temperatures, models=models)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.usefixtures("weights_by_numpy")
def test_a_probability_that_underflowed_is_tempered_as_in_scores():
    model = stack(L.Flatten(), L.Dense(3, "softmax"))
    model.layers[-1].bias.assign([200.0, 0.0, 50.0])
    model.layers[-1].kernel.assign(np.zeros((784, 3)))
    expected = metrics.apply_temperature(Forward(model, SHAPE)(model, ASKED), 20.0)
    np.testing.assert_allclose(asked(model, [20.0]), expected, atol=1e-6)
    assert expected[0, 1] > 0.01


class Own(L.Layer):
    def call(self, x):
        return x + 1


REFUSED = {
    r"layer 'odd' \(Lambda\) cannot be exported": lambda: L.Lambda(lambda x: x, name="odd"),
    r"layer 'mine' \(Own\) cannot be exported": lambda: Own(name="mine"),
    r"layer 'up' \(UpSampling2D\) with interpolation 'bilinear'": lambda: L.UpSampling2D(
        interpolation="bilinear", name="up"
    ),
    r"layer 'act' \(Activation\) with the activation sparsemax": lambda: L.Activation(
        "sparsemax", name="act"
    ),
    r"layer 'own' \(Activation\) with the activation own_function": lambda: L.Activation(
        own_function, name="own"
    ),
    r"layer 'soft' \(Softmax\)": lambda: L.Softmax(axis=[1, 2], name="soft"),
    r"layer 'transposed' \(Conv2DTranspose\)": lambda: L.Conv2DTranspose(2, 3, name="transposed"),
}


def own_function(x):
    return x


@pytest.mark.usefixtures("weights_by_numpy")
@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_exported_is_named(message):
    model = stack(REFUSED[message](), L.Flatten(), L.Dense(3))
    with pytest.raises(InputError, match=message):
        to_onnx([model], SHAPE)


@pytest.mark.usefixtures("weights_by_numpy")
def test_a_model_of_ones_own_class_is_refused():
    class Model(keras.Model):
        def __init__(self):
            super().__init__(name="ours")
            self.dense = L.Dense(3)

        def call(self, x):
            return self.dense(x)

    model = Model()
    model(np.zeros((1, 784)))
    model.build((None, 784))
    with pytest.raises(InputError, match=r"layer 'ours' \(Model\) cannot be exported"):
        to_onnx([model], SHAPE)


# Files


@pytest.fixture(scope="module")
def run(few_file, tmp_path_factory):
    """Three networks, a threshold that few images support, and the test set opened."""
    small = tenfold.Recipe("small", arguments={"hidden": [24]}, epochs=12)
    out = tmp_path_factory.mktemp("artifact") / "run"
    run = tenfold.train(small, tenfold.load(few_file), seeds=3, out=out, verbose=False)
    run.evaluate("test")
    run.calibrate(0.2)
    return run


@pytest.fixture(scope="module")
def whole(run):
    return export(run, run.path.parent / "whole.onnx")


def test_the_file_answers_as_the_mean_of_the_runs_networks(run, whole, few):
    expected = np.mean([run.predict(few.test.images, i) for i in range(3)], axis=0)
    np.testing.assert_allclose(Predictor(whole.path)(few.test.images), expected, atol=1e-5)
    assert whole.images == 1000
    assert 0 < whole.difference < 1e-5


def test_one_network_alone(run, tmp_path, few):
    found = export(run, tmp_path / "one.onnx", network=1)
    expected = run.predict(few.test.images, 1)
    np.testing.assert_allclose(Predictor(found.path)(few.test.images), expected, atol=1e-5)
    assert found.card["seeds"] == [1]
    assert found.card["temperatures"] == [run.calibrations[1].temperature]
    assert found.card["threshold"] == run.calibrations[1].threshold.as_json()


def test_the_card_says_what_the_artifact_is(run, whole, few):
    card = whole.card
    assert Predictor(whole.path).card == card
    assert card["class_names"] == list(run.class_names)
    assert card["image_shape"] == [28, 28]
    assert card["seeds"] == [0, 1, 2]
    assert card["temperatures"] == [c.temperature for c in run.calibrations]
    assert tenfold.Recipe.from_json(card["recipe"]) == run.recipe
    assert card["data"]["checksums"] == run.record.data.checksums
    assert card["trained"] == run.record.started
    for split, labels in (("validation", few.validation.labels), ("test", few.test.labels)):
        mean = run.judged(split)[0].probabilities.mean(axis=0)
        expected = metrics.accuracy(mean, labels).as_json()
        assert card["scores"][split]["accuracy"] == expected


def test_the_threshold_is_chosen_on_the_mean_of_the_networks(run, whole, few):
    mean = run.judged("validation")[0].probabilities.mean(axis=0)
    expected = metrics.choose_threshold(mean, few.validation.labels, 0.2)
    assert whole.card["threshold"] == expected.as_json()


def test_without_a_threshold_the_card_says_why(run, tmp_path):
    copy = tenfold.Run(shutil.copytree(run.path, tmp_path / "run"))
    without = [replace(c, threshold=None) for c in copy.calibrations]
    copy.record = copy.record.replace(calibrations=without)
    found = export(copy, tmp_path / "it.onnx")
    assert found.card["threshold"] is None
    assert "takes at least" in found.card["threshold_note"]
    assert "takes at least" in found.describe()


def test_a_sealed_test_set_has_no_scores(run, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "run")
    (copy / "test-openings.jsonl").unlink()
    assert set(export(tenfold.Run(copy), tmp_path / "it.onnx").card["scores"]) == {"validation"}


def test_equal_runs_give_equal_bytes(run, whole, tmp_path):
    again = export(tenfold.Run(run.path), tmp_path / "again.onnx")
    assert again.path.read_bytes() == whole.path.read_bytes()


def test_the_file_is_whole_onnx_with_json_for_metadata(whole):
    model = onnx.load(whole.path)
    onnx.checker.check_model(model, full_check=True)
    found = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert found == whole.card
    assert {node.domain for node in model.graph.node} == {""}


def test_a_file_that_answers_otherwise_is_not_written(run, tmp_path, monkeypatch):
    def blurred(models, image_shape, temperatures):
        return to_onnx(models, image_shape, [1.01 * t for t in temperatures])

    monkeypatch.setattr(exporting, "to_onnx", blurred)
    with pytest.raises(InputError, match="not written, since its probabilities would differ"):
        export(run, tmp_path / "it.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_is_not_valid_is_not_written(run, tmp_path, monkeypatch):
    def broken(models, image_shape, temperatures):
        model = to_onnx(models, image_shape, temperatures)
        model.graph.node[-1].input[0] = "nobody"
        return model

    monkeypatch.setattr(exporting, "to_onnx", broken)
    with pytest.raises(InputError, match="its graph would not be valid ONNX"):
        export(run, tmp_path / "it.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_data_are_gone_is_verified_on_the_images_it_kept(run, tmp_path):
    copy = tenfold.Run(shutil.copytree(run.path, tmp_path / "run"))
    copy.record = copy.record.replace(data=replace(copy.record.data, origin=None))
    assert export(copy, tmp_path / "it.onnx").images == 1000
    with pytest.raises(InputError, match="made in memory"):
        export(copy, tmp_path / "small.onnx", int8=True)


@pytest.mark.parametrize("network", [-1, 3])
def test_a_network_that_is_not_there(run, tmp_path, network):
    with pytest.raises(InputError, match=f"network: {network}; the run has 3, counted from 0"):
        export(run, tmp_path / "it.onnx", network=network)


def test_int8_is_small_and_judged_by_its_own_answers(run, whole, few, tmp_path):
    found = export(run, tmp_path / "small.onnx", int8=True)
    assert found.size < 0.5 * whole.size
    answers = Predictor(found.path)(few.validation.images)
    expected = metrics.accuracy(answers, few.validation.labels).as_json()
    assert found.card["scores"] == {"validation": found.card["scores"]["validation"]}
    assert found.card["scores"]["validation"]["accuracy"] == expected
    exact = Predictor(whole.path)(few.validation.images)
    right = [p.argmax(axis=1) == few.validation.labels for p in (answers, exact)]
    assert found.change.value == pytest.approx(right[0].mean() - right[1].mean())
    assert found.change.low <= found.change.value <= found.change.high
    assert np.abs(answers - exact).max() < 0.1
    assert "percentage points" in found.describe()


def test_int8_needs_validation_images(run, few, tmp_path, monkeypatch):
    splits = replace(few, validation=None)
    monkeypatch.setattr(tenfold.Run, "data", lambda self: splits)
    with pytest.raises(InputError, match="no validation images, on which the loss by int8"):
        export(run, tmp_path / "it.onnx", int8=True)
    assert list(tmp_path.iterdir()) == []
    assert export(run, tmp_path / "it.onnx").images == 1000


def test_in_int8_an_image_is_answered_alike_in_any_company(run, few, tmp_path):
    predictor = Predictor(export(run, tmp_path / "small.onnx", network=0, int8=True).path)
    together = predictor(few.test.images[:20])
    alone = np.concatenate([predictor(image) for image in few.test.images[:20]])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_the_command_writes_the_file_and_says_so(run, tenfold_main, tmp_path):
    code, out, err = tenfold_main("export", run.path, "-o", tmp_path / "digits.onnx")
    assert (code, err) == (0, "")
    assert "the mean of 3 networks" in out
    assert "verified  1,000 images" in out
    assert cards.read(tmp_path / "digits.onnx")[1]["seeds"] == [0, 1, 2]
    code, _, err = tenfold_main("export", tmp_path, "-o", tmp_path / "digits.onnx")
    assert code == 2
    assert "not a run folder" in err
