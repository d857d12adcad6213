"""Pages under test, opened from files."""

import pytest
from browsing import DESKTOP, watched_page

from tenfold import networks
from tenfold.export import model_file
from tenfold.export.network import to_onnx
from tenfold.export.quantization import quantize

CARD = {
    "class_names": [str(digit) for digit in range(10)],
    "image_shape": [28, 28],
    "border": 0.0,
    "threshold": None,
    "scores": {},
    "seeds": [0],
    "recipe": {"name": "small"},
}


@pytest.fixture(scope="session")
def write_model(tmp_path_factory):
    """Write the model file of networks with random weights, in int8 with images for its ranges."""
    import numpy as np

    def write(*built, temperatures=(), int8=None, **card):
        generator = np.random.default_rng(len(built))
        for network in built:
            for variable in network.weights:
                noise = generator.normal(size=variable.shape)
                if noise.ndim > 1:
                    variable.assign(1.4 * noise / np.sqrt(np.prod(noise.shape[:-1])))
                elif variable.path.endswith(("gamma", "variance")):
                    variable.assign(1 + 0.2 * np.abs(noise))
                else:
                    variable.assign(0.1 * noise)
        path = tmp_path_factory.mktemp("models") / "model.onnx"
        model = to_onnx(built, (28, 28), temperatures)
        model = model if int8 is None else quantize(model, int8)
        path.write_bytes(model_file.seal(model, {**CARD, **card}))
        return path

    return write


@pytest.fixture(scope="session")
def dense_model(write_model):
    return write_model(networks.dense((28, 28), 10, hidden=[16]))


@pytest.fixture
def open_file(browser):
    """Open an HTML file as a visitor does. It must log nothing and request nothing."""
    contexts = []

    def go(path, state="", **settings):
        context = browser.new_context(
            **{"viewport": DESKTOP, "reduced_motion": "reduce", **settings}
        )
        page = watched_page(context, path.as_uri() + state)
        contexts.append((context, page, path))
        page.wait_for_selector("html[data-ready]")
        return page

    yield go
    for context, page, path in contexts:
        context.close()
        assert page.complaints == []
        assert {address.split("#")[0] for address in page.requests} == {path.as_uri()}
