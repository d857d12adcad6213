"""Explanations of one image, against Keras's own outputs of layers; as files, by the command."""

import keras
import numpy as np
import pytest
from browsing import DESKTOP, PHONE, needs_browser, watched_page
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.engine.activations import activations


@pytest.fixture(scope="module")
def image(few):
    return few.validation.images[3]


@pytest.fixture(scope="module")
def explanation(conv, image):
    return conv.explain(image)


def test_layers_are_those_of_keras_in_their_order(conv, image, explanation):
    everything = keras.Model(conv.model.inputs, [layer.output for layer in conv.model.layers])
    outputs = everything(image[None, ..., None] / np.float32(255), training=False)
    expected = dict(zip([layer.name for layer in conv.model.layers], outputs, strict=True))
    assert len(explanation.layers) >= 5
    for layer in explanation.layers:
        np.testing.assert_allclose(layer.values, expected[layer.name][0], atol=1e-4)
    names = [layer.name for layer in explanation.layers]
    assert names == [name for name in expected if name in names]  # in Keras's order
    assert np.allclose(explanation.probabilities, conv.predict(image)[0])
    np.testing.assert_array_equal(explanation.image, image)


def test_layers_of_nested_models_and_shared_layers_appear_as_often_as_they_are_called():
    inner = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(4, 5, name="inside")])
    x = keras.Input((28, 28, 1))
    shared = keras.layers.Dense(4, name="twice")
    pooled = keras.layers.GlobalMaxPooling2D(name="pool")(inner(x))
    model = keras.Model(x, shared(keras.layers.Dense(4, name="once")(shared(pooled))))
    found = activations(model, np.full((28, 28), 9, np.uint8))
    assert [layer.name for layer in found] == ["inside", "pool", "twice", "once", "twice"]
    assert found[0].values.shape == (24, 24, 4)
    again = activations(model, np.full((28, 28), 9, np.uint8))  # nothing is left in the model
    assert len(again) == len(found)


def test_one_image_is_explained(conv, few):
    with pytest.raises(InputError, match="image: 2 images; give one"):
        conv.explain(few.validation.images[:2])
    with pytest.raises(InputError, match="network: 5"):
        conv.explain(few.validation.images[0], 5)


def test_an_explanation_is_a_page_or_a_figure(explanation, tmp_path):
    page = explanation.save(tmp_path / "a.html").read_text()
    assert explanation.answer in page.replace("&gt;", ">").replace("&#39;", "'")
    assert all(f">{layer.name}<" in page for layer in explanation.layers)
    assert explanation.save(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert explanation.save(tmp_path / "a.svg").read_text().startswith("<?xml")
    assert explanation._repr_html_().startswith("<svg")
    with pytest.raises(InputError, match=r"ends in \.html, \.png or \.svg"):
        explanation.save(tmp_path / "a.pdf")


def test_class_names_are_escaped(run, image, tmp_path):
    assert "<script" not in run.explain(image).save(tmp_path / "a.html").read_text()


def test_the_command_writes_a_page(conv, few, image, tenfold_main, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(image).save("seven.png")
    code, out, _ = tenfold_main("explain", conv.path, "seven.png")
    assert code == 0
    assert out.splitlines()[1] == "seven-explained.html"
    np.save("two.npy", few.validation.images[:2])
    for arguments, message in (
        ((conv.path, "two.npy"), "two.npy: 2 images; give a file with one"),
        ((conv.path, "seven.png", "-o", "a.pdf"), "ends in .html, .png or .svg"),
        (("seven.png", "seven.png"), "a file; layers are explained of a run"),
    ):
        code, _, error = tenfold_main("explain", *arguments)
        assert code == 2
        assert message in error


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_accessible_and_requests_nothing(browser, explanation, tmp_path, viewport):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    address = explanation.save(tmp_path / "a.html").as_uri()
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        page = watched_page(context, address)
        assert page.requests == [address]
        assert page.complaints == []
        assert axe.run(page).response["violations"] == []
        context.close()
