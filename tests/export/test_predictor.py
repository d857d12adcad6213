"""Prediction from an artifact: what it answers, how light it is, and what it refuses."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tenfold import InputError, metrics, networks
from tenfold.engine import Forward
from tenfold.export import model_file
from tenfold.export.network import to_onnx
from tenfold.export.predictor import Predictor

CARD = {
    "class_names": [f"class {i}" for i in range(4)],
    "image_shape": [28, 28],
    "border": 3.0,
    "threshold": {"value": 0.3, "error_rate": 0.01, "accepted": 90, "n": 100, "errors": 0},
    "recipe": {"name": "tiny"},
}


@pytest.fixture(scope="module")
def network():
    return networks.dense((28, 28), 4, hidden=[16])


def packed(network, **changes):
    return model_file.pack(to_onnx([network], (28, 28)), {**CARD, **changes})


@pytest.fixture(scope="module")
def data(network):
    return packed(network)


@pytest.fixture(scope="module")
def file(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("artifact") / "digits.onnx"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def predictor(file):
    return Predictor(file)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (620, 28, 28), np.uint8)


def test_it_answers_as_the_network_however_many_are_asked(predictor, network, images):
    answers = predictor(images)
    assert (answers.dtype, answers.shape) == (np.float32, (620, 4))
    np.testing.assert_allclose(answers, Forward(network, (28, 28))(network, images), atol=1e-5)
    for part in (slice(0, 1), slice(7, 307)):
        np.testing.assert_allclose(predictor(images[part]), answers[part], atol=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x[0],
        lambda x: x[:1, :, :, None],
        lambda x: x[:1].reshape(1, 784),
        lambda x: x[0] / 255,
        lambda x: np.repeat(x[:1, :, :, None], 3, axis=3),
        lambda x: x[:1].astype(np.int64),
        lambda x: np.asfortranarray(x[:2])[::2],
    ],
)
def test_images_of_every_form_are_answered_alike(predictor, images, form):
    np.testing.assert_allclose(predictor(form(images)), predictor(images[:1]), atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 27, 28), np.uint8), r"received shape \[2, 27, 28\]; give \[28, 28\]"),
        (np.zeros((0, 28, 28), np.uint8), "there are none"),
        (np.full((28, 28), 256), "whole numbers must be 0 to 255"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), "x"), "must be numbers"),
    ],
)
def test_bad_images_are_refused_in_a_line(predictor, bad, message):
    with pytest.raises(InputError, match=message) as caught:
        predictor(bad)
    assert "\n" not in str(caught.value)


def test_what_the_artifact_says_of_itself(predictor):
    assert predictor.class_names == ("class 0", "class 1", "class 2", "class 3")
    assert predictor.image_shape == (28, 28)
    assert predictor.threshold == 0.3
    assert predictor.card["threshold"]["error_rate"] == 0.01
    assert {key: predictor.card[key] for key in CARD} == CARD
    assert "tiny, 4 classes" in repr(predictor)


def test_top_names_the_most_probable_classes(predictor, images):
    classes, values = metrics.top_k(predictor(images[:5]), 2)
    found = predictor.top(images[:5], 2)
    assert [[name for name, _ in row] for row in found] == [
        [f"class {c}" for c in row] for row in classes
    ]
    np.testing.assert_allclose([[p for _, p in row] for row in found], values, rtol=1e-6)
    with pytest.raises(InputError, match="k must be from 1 to 4"):
        predictor.top(images[0], 5)


def test_answers_under_the_threshold_are_not_accepted(predictor, network, tmp_path):
    answers = np.array([[0.29, 0.28, 0.22, 0.21], [0.3, 0.3, 0.2, 0.2]])
    assert predictor.accepts(answers).tolist() == [False, True]
    path = tmp_path / "all.onnx"
    path.write_bytes(packed(network, threshold=None))
    without = Predictor(path)
    assert without.threshold is None
    assert without.accepts(answers).tolist() == [True, True]


def test_images_of_dark_ink_on_light_paper_are_noticed(predictor, network, tmp_path):
    images = np.stack([np.full((28, 28), tone, np.uint8) for tone in (0, 250, 255)])
    assert predictor.looks_inverted(images) == 2
    path = tmp_path / "light.onnx"
    path.write_bytes(packed(network, border=240.0))
    assert Predictor(path).looks_inverted(images) == 1


def test_prediction_needs_numpy_and_onnx_runtime_alone(file):
    heavy = ["keras", "jax", "onnx", "scipy", "pandas", "matplotlib", "PIL", "rich", "typer"]
    code = (
        "import sys\nimport numpy as np\nfrom tenfold.export.predictor import Predictor\n"
        f"predictor = Predictor({str(file)!r})\n"
        "predictor.top(np.zeros((28, 28), np.uint8), 3)\n"
        "predictor.accepts(predictor(np.zeros((2, 784))))\n"
        "predictor.looks_inverted(np.zeros((28, 28)))\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


# Files that are none


def foreign(**changes):
    """A small whole ONNX model that is not tenfold's, or pretends to be."""
    nodes = changes.pop("nodes", None) or [helper.make_node("Identity", ["x"], ["y"])]
    constants = changes.pop("constants", [])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "it", ends[:1], ends[1:], constants)
    usual = {
        "ir_version": 8,
        "producer_name": "tenfold",
        "opset_imports": [helper.make_opsetid("", 17)],
    }
    return helper.make_model(graph, **(usual | changes))


def annotated():
    model = foreign(producer_name="pytorch")
    model.metadata_props.add(key="author", value="somebody")
    return model.SerializeToString()


def outside():
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return foreign(constants=[tensor])


def branching():
    inner = foreign().graph
    return foreign(nodes=[helper.make_node("If", ["x"], ["y"], then_branch=inner)])


def with_functions():
    node = helper.make_node("Identity", ["a"], ["b"])
    opsets = [helper.make_opsetid("", 17)]
    return foreign(functions=[helper.make_function("own", "F", ["a"], ["b"], [node], opsets)])


PRETENDERS = {
    "holds operators that are not ONNX's own": lambda: foreign(
        nodes=[helper.make_node("Evil", ["x"], ["y"], domain="com.evil")]
    ),
    "holds operators that are not ONNX's own; export": lambda: foreign(
        opset_imports=[helper.make_opsetid("com.evil", 1)]
    ),
    "holds numbers kept in another file": outside,
    "holds a graph within a node": branching,
    "holds functions": with_functions,
    "does not fit its card": foreign,
    "ONNX Runtime cannot run it": lambda: foreign(
        nodes=[helper.make_node("NoSuchOperator", ["x"], ["y"])]
    ),
}


@pytest.mark.parametrize("message", PRETENDERS)
def test_nothing_foreign_is_run(message, tmp_path):
    path = tmp_path / "it.onnx"
    path.write_bytes(model_file.pack(PRETENDERS[message](), CARD))
    with pytest.raises(InputError, match=message) as caught:
        Predictor(path)
    assert "\n" not in str(caught.value)


NO_ARTIFACTS = {
    "nothing": (b"", "not an ONNX file"),
    "text": (b"images,labels\n1,2\n", "not an ONNX file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "not an ONNX file"),
    "an archive": (b"PK\x03\x04" + bytes(range(200)), "not an ONNX file"),
    "zeros": (bytes(1000), "not an ONNX file"),
    "another's": (foreign(producer_name="pytorch").SerializeToString(), "not one of tenfold's"),
    "another's, with notes": (annotated(), "not one of tenfold's"),
    "no metadata": (foreign().SerializeToString(), "damaged or cut short"),
}


@pytest.mark.parametrize("kind", NO_ARTIFACTS)
def test_files_that_are_no_artifacts(kind, tmp_path):
    content, message = NO_ARTIFACTS[kind]
    path = tmp_path / "it.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        Predictor(path)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.onnx: no such file"):
        Predictor(tmp_path / "nowhere.onnx")
    with pytest.raises(InputError, match="a folder; give the ONNX file"):
        Predictor(tmp_path)


def test_a_newer_format_is_named(network, tmp_path, monkeypatch):
    path = tmp_path / "new.onnx"
    monkeypatch.setattr(model_file, "FORMAT", 7)
    path.write_bytes(packed(network))
    monkeypatch.undo()
    with pytest.raises(InputError, match="its format is 7, this version of tenfold reads 1"):
        Predictor(path)


@pytest.mark.parametrize(
    "change",
    [
        {"class_names": [1, 2, 3, 4]},
        {"class_names": "0123"},
        {"image_shape": [28]},
        {"image_shape": [28, 0]},
        {"border": "dark"},
        {"threshold": {"value": "high"}},
        {"threshold": 0.5},
    ],
)
def test_a_card_of_other_types_is_refused(network, tmp_path, change):
    path = tmp_path / "it.onnx"
    path.write_bytes(packed(network, **change))
    with pytest.raises(InputError, match="damaged"):
        Predictor(path)


def test_more_class_names_than_answers_are_refused(network, tmp_path):
    path = tmp_path / "it.onnx"
    path.write_bytes(packed(network, class_names=["a", "b"]))
    with pytest.raises(InputError, match="its graph does not fit its card"):
        Predictor(path)


@settings(max_examples=40, derandomize=True)
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_short_is_refused(tmp_path_factory, data, share):
    path = tmp_path_factory.getbasetemp() / "cut.onnx"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"cut short|not an ONNX file|not one of tenfold's"):
        Predictor(path)


@settings(max_examples=60, derandomize=True)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7), st.booleans())
def test_a_flipped_bit_is_noticed(tmp_path_factory, data, share, bit, near_an_end):
    changed = bytearray(data)
    place = int(share * (1200 if near_an_end else len(data)))
    changed[-1 - place] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "flipped.onnx"
    path.write_bytes(changed)
    with pytest.raises(InputError):
        Predictor(path)


def test_the_whole_file_is_valid_onnx(file):
    onnx.checker.check_model(onnx.load(file), full_check=True)
