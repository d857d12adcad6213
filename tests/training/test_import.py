"""Models of other software become runs that compute what the software computed."""

import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

import tenfold
from tenfold import InputError
from tenfold.core.errors import TenfoldWarning
from tenfold.training.importing.wiring import kind_of_outputs

FILES = Path(__file__).parent / "imported"


@pytest.fixture(scope="module")
def means(few):
    """Kernel and bias of a linear classifier by the mean image of each class, for [0, 1]."""
    x = few.train.images.reshape(len(few.train), -1) / np.float32(255)
    kernel = np.stack([x[few.train.labels == i].mean(axis=0) for i in range(10)], axis=1)
    return kernel, -0.5 * (kernel**2).sum(axis=0)


def linear(means, activation=None, before=(), shape=(28, 28), units=slice(None)):
    dense = keras.layers.Dense(means[0][:, units].shape[1], activation)
    model = keras.Sequential([keras.Input(shape), *before, keras.layers.Flatten(), dense])
    dense.set_weights([means[0][:, units], means[1][units]])
    return model


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def by_onnxruntime(path, inputs):
    session = onnxruntime.InferenceSession(path.read_bytes())
    name = session.get_inputs()[0].name
    return [session.run(None, {name: one})[-1] for one in inputs]


@pytest.mark.parametrize(("name", "batch"), [("torch", 1), ("dynamo", 2)])
def test_a_network_of_pytorch_computes_the_same(few, tmp_path, name, batch):
    run = tenfold.import_model(
        FILES / f"{name}.onnx", few, input_range="mnist", out=tmp_path / "run", verbose=False
    )
    x = ((few.test.images[:, None] / 255 - 0.1307) / 0.3081).astype(np.float32)
    logs = np.concatenate(by_onnxruntime(FILES / f"{name}.onnx", x.reshape(-1, batch, 1, 28, 28)))
    evaluation = run.evaluate()
    assert np.allclose(evaluation.outputs[0], np.exp(logs), atol=1e-5)
    assert evaluation.accuracy[0].value == np.mean(logs.argmax(axis=1) == few.test.labels)
    assert evaluation.accuracy[0].value > 0.8
    run.calibrate(0.2)
    assert run.report().stat().st_size > 10_000
    exported = run.export(tmp_path / "model.onnx")
    calibrated = tenfold.Predictor(exported.path).predict(few.test)
    assert np.allclose(calibrated, run.predict(few.test), atol=1e-5)


@pytest.mark.parametrize("name", ["sklearn", "forest"])
def test_a_classifier_of_scikit_learn_is_fed_the_values_of_its_data(tmp_path, name, capsys):
    x, y = load_digits(return_X_y=True)
    data = ((x[:1200].reshape(-1, 8, 8), y[:1200]), (x[1200:].reshape(-1, 8, 8), y[1200:]))
    run = tenfold.import_model(FILES / f"{name}.onnx", data, out=tmp_path / "run")
    assert "pixels: fed as 0 to 16" in capsys.readouterr().err
    (maps,) = by_onnxruntime(FILES / f"{name}.onnx", [x[1200:].astype(np.float32)])
    expected = np.array([list(one.values()) for one in maps])
    assert np.allclose(run.evaluate().outputs[0], expected, atol=1e-4)


def graph(means, shape, nodes, path, *, kind=TensorProto.FLOAT, **more):
    """A linear classifier as ONNX: inputs of some shape and type, through some nodes."""
    weights = {"w": means[0], "b": means[1], "flat": np.array([0, -1]), **more}
    made = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", kind, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c"])],
        [
            numpy_helper.from_array(
                np.asarray(v, np.int64 if np.asarray(v).dtype.kind == "i" else np.float32), k
            )
            for k, v in weights.items()
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def node(kind, inputs, output="y", **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


LINEAR = [node("Reshape", "x flat", "f"), node("Gemm", "f w b")]


@pytest.mark.parametrize(
    ("shape", "nodes", "more"),
    [
        ((784,), [node("Gemm", "x w b")], {}),
        ((28, 28), LINEAR, {}),
        ((1, 28, 28), LINEAR, {}),
        ((28, 28, 1), LINEAR, {}),
        (("h", "w", 1), LINEAR, {}),
        ((28, 28), [*LINEAR[:1], node("Gemm", "f w b", "z"), node("Softmax", "z", axis=1)], {}),
        (
            (28, 28),
            [node("Div", "x s", "u"), node("Reshape", "u flat", "f"), node("Gemm", "f w b")],
            {"s": 255.0},
        ),
        (
            (3, 28, 28),
            [node("Slice", "x a e k", "g"), node("Reshape", "g flat", "f"), node("Gemm", "f w b")],
            {"a": np.array([0]), "e": np.array([1]), "k": np.array([1])},
        ),
    ],
)
def test_inputs_of_any_layout(few, means, tmp_path, shape, nodes, more):
    path = graph(means, shape, nodes, tmp_path / "m.onnx", **more)
    told = None if "s" in more else "unit"
    run = tenfold.import_model(path, few, input_range=told, out=tmp_path / "run", verbose=False)
    x = few.test.images.reshape(-1, 784) / 255
    assert np.allclose(run.evaluate().outputs[0], softmax(x @ means[0] + means[1]), atol=1e-4)


@pytest.mark.parametrize(
    "kind", [TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.INT32]
)
def test_inputs_of_any_type(few, means, tmp_path, kind):
    nodes = [node("Cast", "x", "c", to=TensorProto.FLOAT), node("Div", "c s", "u")]
    nodes += [node("Reshape", "u flat", "f"), node("Gemm", "f w b")]
    path = graph(means, (28, 28), nodes, tmp_path / "m.onnx", kind=kind, s=255.0)
    run = tenfold.import_model(path, few, out=tmp_path / "run", verbose=False)
    x = few.test.images.reshape(-1, 784) / 255
    assert np.allclose(run.evaluate().outputs[0], softmax(x @ means[0] + means[1]), atol=1e-3)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize(
    ("before", "scale", "offset", "said"),
    [
        ((), 1 / 255, 0, "0 to 1 (unit)"),
        ((keras.layers.Rescaling(1 / 255),), 1, 0, "0 to 255 (byte)"),
        ((keras.layers.Rescaling(0.5, 0.5),), 2 / 255, -1, "-1 to 1 (signed)"),
    ],
)
def test_a_file_of_keras_is_fed_what_it_was_trained_on(
    few, means, tmp_path, capsys, suffix, before, scale, offset, said
):
    model = linear(means, "softmax", before)
    model.save(tmp_path / f"mine.{suffix}")
    run = tenfold.import_model(tmp_path / f"mine.{suffix}", few, out=tmp_path / "run")
    assert said in capsys.readouterr().err
    expected = model.predict(few.test.images * np.float32(scale) + offset, verbose=0)
    assert np.allclose(run.evaluate().outputs[0], expected, atol=1e-4)
    assert isinstance(run.model, keras.Model)


def test_two_classes_of_one_unit_and_sigmoids_that_do_not_sum_to_one(few, means, tmp_path):
    two = [few.train[few.train.labels < 2], few.test[few.test.labels < 2]]
    pair = [part.arrays() for part in two]
    difference = tuple(part[..., 1:2] - part[..., :1] for part in means)
    linear(difference, "sigmoid").save(tmp_path / "two.keras")
    run = tenfold.import_model(
        tmp_path / "two.keras", (pair[0], pair[1]), out=tmp_path / "two", verbose=False
    )
    assert run.evaluate().accuracy[0].value > 0.95
    small = tuple(0.1 * part for part in means)  # else sigmoids are 0 and 1
    linear(small, "sigmoid").save(tmp_path / "ten.keras")
    with pytest.warns(TenfoldWarning, match="do not sum to 1: each is divided by their sum"):
        run = tenfold.import_model(tmp_path / "ten.keras", few, out=tmp_path / "ten", verbose=False)
    outputs = run.evaluate().outputs[0]
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-4)
    assert np.mean(outputs.argmax(axis=1) == few.test.labels) > 0.7


def test_a_file_of_keras_2_is_read(few, means, tmp_path):
    """Keras 2 wrote groups for DepthwiseConv2D, and names with slashes."""
    before = (keras.layers.Reshape((28, 28, 1)), keras.layers.DepthwiseConv2D(1, name="conv1"))
    model = linear(means, "softmax", before)
    model.layers[1].set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    model.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        text = file.attrs["model_config"].replace('"conv1"', '"block/conv1"')
        config = json.loads(text)
        layers = config["config"]["layers"]
        next(c for c in layers if c["class_name"] == "DepthwiseConv2D")["config"]["groups"] = 1
        for layer in layers:
            if layer["class_name"] == "InputLayer":
                layer["config"]["batch_input_shape"] = layer["config"].pop("batch_shape")
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
    run = tenfold.import_model(tmp_path / "old.h5", few, out=tmp_path / "run", verbose=False)
    expected = model.predict(few.test.images / np.float32(255), verbose=0)
    assert np.allclose(run.evaluate().outputs[0], expected, atol=1e-4)


def test_the_export_of_teachable_machine(few, means, tmp_path):
    """Its network takes -1 to 1, colours, and classes in the order of their creation."""
    order = [3, 1, 2, 0, *range(4, 10)]
    shuffled = (means[0][:, order], means[1][order])
    half = keras.layers.Rescaling(0.5, 0.5)
    inner = keras.Sequential([keras.Input((56, 56, 3)), half, keras.layers.AveragePooling2D(2)])
    kernel = np.repeat(shuffled[0][:, None] / 3, 3, axis=1).reshape(-1, 10)
    dense = keras.layers.Dense(10, "softmax")
    model = keras.Sequential([inner, keras.Sequential([keras.layers.Flatten(), dense])])
    model.build((None, 56, 56, 3))
    dense.set_weights([kernel, shuffled[1]])
    model.save(tmp_path / "keras_model.h5")
    (tmp_path / "labels.txt").write_text("".join(f"{i} {name}\n" for i, name in enumerate(order)))
    with zipfile.ZipFile(tmp_path / "converted_keras.zip", "w") as archive:
        for name in ("keras_model.h5", "labels.txt"):
            archive.write(tmp_path / name, name)
            (tmp_path / name).unlink()
    path = tmp_path / "converted_keras.zip"
    run = tenfold.import_model(path, few, out=tmp_path / "run", verbose=False)
    assert run.class_names == few.class_names
    assert run.evaluate().accuracy[0].value > 0.7


def test_a_run_without_data_is_evaluated_on_any(few, means, tmp_path):
    linear(means, "softmax").save(tmp_path / "mine.keras")
    run = tenfold.import_model(tmp_path / "mine.keras", out=tmp_path / "run", verbose=False)
    with pytest.raises(InputError, match="imported without data; evaluate it on some with --data"):
        run.evaluate()
    with pytest.raises(InputError, match="imported without data"):
        run.report()
    assert run.evaluate(data=few).accuracy[0].value > 0.7
    words = [f"n{i}" for i in range(10)]
    other = tenfold.import_model(
        tmp_path / "mine.keras", class_names=words, out=tmp_path / "named", verbose=False
    )
    assert other.class_names == tuple(words)
    with pytest.raises(InputError, match="class '0' is not one of the network's classes"):
        other.evaluate(data=few)


def test_import_on_the_command_line(few_file, tmp_path, tenfold_main):
    code, out, err = tenfold_main(
        "import", FILES / "torch.onnx", "--data", few_file, "--input-range", "mnist",
        "-o", tmp_path / "run",
    )  # fmt: skip
    assert (code, err.count("\n")) == (0, 2), err
    assert "outputs: logits, made probabilities by softmax" in err
    assert f"next  tenfold evaluate {tmp_path / 'run'}\n" in out
    code, out, _ = tenfold_main("evaluate", tmp_path / "run")
    assert code == 0
    assert "of 310 test images" in out
    code, _, err = tenfold_main("train", "--from", tmp_path / "run", "--data", few_file)
    assert (code, "cannot be trained further" in err) == (2, True)


def write(name, content=b"x"):
    return lambda folder, means: (folder / name).write_bytes(content) and folder / name


def save(name, **options):
    def make(folder, means):
        linear(means, "softmax", **options).save(folder / name)
        return folder / name

    return make


def weights_only(folder, means):
    linear(means).save_weights(folder / "w.weights.h5")
    return folder / "w.weights.h5"


def two_inputs(folder, means):
    a, b = keras.Input((28, 28)), keras.Input((28, 28))
    keras.Model([a, b], keras.layers.Flatten()(a + b)).save(folder / "m.keras")
    return folder / "m.keras"


def lambda_layer(folder, means):
    layer = keras.layers.Lambda(lambda x: x + 1)
    linear(means, "softmax", (layer,)).save(folder / "m.keras")
    return folder / "m.keras"


def with_operator(kind, *, opset=17, rows=784, **attributes):
    """A linear classifier in ONNX whose scores go through an operator."""

    def make(folder, means):
        nodes = [LINEAR[0], node("MatMul", "f w", "l"), node(kind, "l", **attributes)]
        few_rows = means[0][:rows], means[1]
        path = graph(few_rows, (28, 28), nodes, folder / "o.onnx")
        model = onnx.load(path)
        model.opset_import[0].version = opset
        onnx.save(model, path)
        return path

    return make


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (with_operator("Softmax", opset=99), {}, "its opset is 99; 7 to"),
        (with_operator("Softmax", opset=5), {}, "its opset is 5"),
        (with_operator("Mine", domain="com.acme"), {}, "uses the operator com.acme.Mine, which"),
        (with_operator("Gelu"), {}, "uses the operator Gelu, which opset 17 does not have"),
        (with_operator("Softmax", rows=700), {}, "its graph cannot be run: Op (MatMul) I"),
        (lambda folder, means: folder / "none.h5", {}, "no such file or folder"),
        (write("net.pt"), {}, "a PyTorch file; export it as ONNX"),
        (write("net.pkl"), {}, "a pickle, which may run code"),
        (write("net.tflite"), {}, "TensorFlow Lite"),
        (write("net.xyz"), {}, "not a model that can be imported"),
        (write("net.onnx"), {}, "cannot be read as ONNX"),
        (write("net.keras"), {}, "neither a ZIP archive, as .keras files are, nor HDF5"),
        (write("net.keras", b"PK\x05\x06" + bytes(18)), {}, "Keras cannot load it"),
        (write("net.h5"), {}, "neither a ZIP archive"),
        (write("net.h5", b"<!DOCTYPE html>"), {}, "a web page, so a download failed"),
        (lambda folder, means: folder, {}, "holds 0 models"),
        (weights_only, {}, "holds weights without a network"),
        (two_inputs, {}, "several inputs"),
        (lambda_layer, {}, "Lambda layer, whose code would be run"),
        (save("m.keras", units=slice(9)), {}, "has 10 classes, the model 9"),
        (save("m.keras"), {"class_names": "a,b"}, "2 (a, b), the model has 10 outputs"),
        (save("m.keras"), {"class_names": "a,1,2,3,4,5,6,7,8,9"}, "'a' is no class of few"),
        (save("m.keras"), {"input_range": "bytes"}, "give unit, byte, signed, mnist"),
        (save("m.keras"), {"input_range": "imagenet"}, "is for colours"),
        (save("m.keras"), {"class_names": "1,2,3,4,5,6,7,8,9,0"}, "better than guessing"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(
    few, means, tmp_path, make, options, message
):
    with pytest.raises(InputError) as caught:
        tenfold.import_model(make(tmp_path, means), few, out=tmp_path / "run", **options)
    assert message in str(caught.value)
    assert len(str(caught.value)) <= 300
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        ([[0.2, 0.8], [1, 0]], "raw"),
        ([[0.9, 0.8], [1, 0]], "sum"),
        ([[-1, 3]], "softmax"),
        ([[0.4]], "probability"),
        ([[-0.4], [3]], "sigmoid"),
    ],
)
def test_outputs_are_told_by_their_values(outputs, kind):
    assert kind_of_outputs(np.array(outputs, np.float32)) == kind
