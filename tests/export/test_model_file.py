"""Model files: sealed, and refused if damaged, of another producer, or with foreign content."""

import hashlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tenfold import InputError
from tenfold.export import inspection, model_file
from tenfold.export.predictor import Predictor


def foreign(**changes):
    """A small valid ONNX model; by default with tenfold's name as producer."""
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


def with_external_data():
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return foreign(constants=[tensor])


def with_subgraph():
    inner = foreign().graph
    return foreign(nodes=[helper.make_node("If", ["x"], ["y"], then_branch=inner)])


def with_functions():
    node = helper.make_node("Identity", ["a"], ["b"])
    opsets = [helper.make_opsetid("", 17)]
    return foreign(functions=[helper.make_function("own", "F", ["a"], ["b"], [node], opsets)])


CRAFTED = {
    "contains custom operators": lambda: foreign(
        nodes=[helper.make_node("Evil", ["x"], ["y"], domain="com.evil")]
    ),
    "contains custom operators; export": lambda: foreign(
        opset_imports=[helper.make_opsetid("com.evil", 1)]
    ),
    "contains external data": with_external_data,
    "contains a subgraph": with_subgraph,
    "contains functions": with_functions,
    "does not match its card": foreign,
    "ONNX Runtime cannot load it": lambda: foreign(
        nodes=[helper.make_node("NoSuchOperator", ["x"], ["y"])]
    ),
}


@pytest.mark.parametrize("message", CRAFTED)
def test_crafted_files_are_refused(message, card, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model_file.seal(CRAFTED[message](), card))
    with pytest.raises(InputError, match=message) as caught:
        Predictor(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("location", ["secret.bin", "../{folder}/secret.bin", "{absolute}"])
def test_external_data_are_refused_before_any_file_is_opened(location, card, tmp_path, monkeypatch):
    """Else a model file could publish the content of another file through its predictions."""
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    value = location.format(folder=tmp_path.name, absolute=secret)
    tensor.external_data.add(key="location", value=value)
    model = foreign(nodes=[helper.make_node("Add", ["x", "w"], ["y"])], constants=[tensor])
    path = tmp_path / "model.onnx"
    path.write_bytes(model_file.seal(model, card))
    monkeypatch.setattr(onnxruntime, "InferenceSession", None)
    with pytest.raises(InputError, match="refused, it contains external data"):
        Predictor(path)


def test_the_seal_is_metadata_that_onnx_runtime_reads_as_well(file, data):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    stored = session.get_modelmeta().custom_metadata_map
    contents = inspection.inspect(data)
    assert (contents.metadata, contents.producer, contents.refused) == (stored, "tenfold", "")
    _, metadata = model_file.read(file)
    assert metadata == {key: json.loads(value) for key, value in stored.items()}
    assert metadata["sha256"] == hashlib.sha256(data[:-78]).hexdigest()


OTHER_FILES = {
    "nothing": (b"", "not an ONNX file"),
    "text": (b"images,labels\n1,2\n", "not an ONNX file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "not an ONNX file"),
    "an archive": (b"PK\x03\x04" + bytes(range(200)), "not an ONNX file"),
    "zeros": (bytes(1000), "not an ONNX file"),
    "of another producer": (foreign(producer_name="pytorch").SerializeToString(), "not of tenfold"),
    "of another producer, with metadata": (annotated(), "not of tenfold"),
    "no metadata": (foreign().SerializeToString(), "damaged or truncated"),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_files_are_refused(kind, tmp_path):
    content, message = OTHER_FILES[kind]
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        Predictor(path)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.onnx: no such file"):
        Predictor(tmp_path / "nowhere.onnx")
    with pytest.raises(InputError, match="a folder; give the ONNX file"):
        Predictor(tmp_path)


def test_a_newer_format_is_refused(sealed, tmp_path, monkeypatch):
    path = tmp_path / "new.onnx"
    monkeypatch.setattr(model_file, "FORMAT", 7)
    path.write_bytes(sealed())
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
def test_a_card_with_wrong_types_is_refused(sealed, tmp_path, change):
    path = tmp_path / "model.onnx"
    path.write_bytes(sealed(**change))
    with pytest.raises(InputError, match="damaged"):
        Predictor(path)


def test_the_network_of_a_seed_is_refused_as_one_without_a_card(tmp_path):
    path = tmp_path / "seed-0.onnx"
    path.write_bytes(model_file.seal(foreign(producer_name="tenfold"), {}))
    with pytest.raises(InputError, match=r"without a model card.* export the run"):
        Predictor(path)


def test_a_wrong_number_of_class_names_is_refused(sealed, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(sealed(class_names=["a", "b"]))
    with pytest.raises(InputError, match="its graph does not match its card"):
        Predictor(path)


@settings(max_examples=40, derandomize=True)
@given(st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(tmp_path_factory, data, share):
    path = tmp_path_factory.getbasetemp() / "cut.onnx"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"truncated|not an ONNX file|not of tenfold"):
        Predictor(path)


@settings(max_examples=60, derandomize=True)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7), st.booleans())
def test_a_flipped_bit_is_detected(tmp_path_factory, data, share, bit, near_the_end):
    changed = bytearray(data)
    position = int(share * (1200 if near_the_end else len(data)))
    changed[-1 - position] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "flipped.onnx"
    path.write_bytes(changed)
    with pytest.raises(InputError):
        Predictor(path)


def test_the_file_is_valid_onnx(file):
    onnx.checker.check_model(onnx.load(file), full_check=True)
