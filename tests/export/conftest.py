"""A small model file that the tests of its format and of prediction share."""

import pytest

from tenfold import networks
from tenfold.export import model_file
from tenfold.export.network import to_onnx

CARD = {
    "class_names": [f"class {i}" for i in range(4)],
    "image_shape": [28, 28],
    "border": 3.0,
    "threshold": {"value": 0.3, "error_rate": 0.01, "accepted": 90, "n": 100, "errors": 0},
    "recipe": {"name": "tiny"},
}


@pytest.fixture(scope="package")
def card():
    return dict(CARD)


@pytest.fixture(scope="package")
def network():
    return networks.dense((28, 28), 4, hidden=[16])


@pytest.fixture(scope="package")
def sealed(network):
    """Writes the bytes of a model file with changes of its card."""

    def write(**changes):
        return model_file.seal(to_onnx([network], (28, 28)), {**CARD, **changes})

    return write


@pytest.fixture(scope="package")
def data(sealed):
    return sealed()


@pytest.fixture(scope="package")
def file(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("model-file") / "digits.onnx"
    path.write_bytes(data)
    return path
