"""The map of images: its points are scikit-learn's components, and the drawing lands among them."""

import base64

import numpy as np
import pytest
from browsing import needs_browser
from drawing_on_page import expecting

import tenfold
from tenfold import networks
from tenfold.page.document import Model, write_page
from tenfold.page.image_map import POINTS, image_map


@pytest.fixture(scope="module")
def model(write_model):
    return write_model(networks.dense((28, 28), 10, hidden=[16]))


def decoded(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_points_are_the_principal_components(model, mnist):
    data = mnist.validation[:300]
    shown = image_map(tenfold.Predictor(model), data)
    assert [view["title"] for view in shown["views"]] == ["last hidden layer", "pixels"]
    pixels = data.images.reshape(300, -1).astype(float)
    components = pytest.importorskip("sklearn.decomposition").PCA(2).fit(pixels)
    expected = components.transform(pixels)
    view = shown["views"][1]
    assert view["kept"] == pytest.approx(components.explained_variance_ratio_.sum())
    points = decoded(view["points"], np.uint8).reshape(-1, 2) / 255
    correlations = [abs(np.corrcoef(points[:, i], expected[:, i])[0, 1]) for i in (0, 1)]
    assert min(correlations) > 0.999
    axes = decoded(view["axes"], np.int8).reshape(2, -1) * view["scale"]
    assert np.abs(pixels @ axes.T + view["offset"] - points).max() < 0.01


def test_few_images_and_other_sizes_have_no_map(model, mnist):
    predictor = tenfold.Predictor(model)
    assert image_map(predictor, mnist.validation[:3]) is None
    assert len(decoded(image_map(predictor, mnist.validation)["labels"], np.uint8)) == POINTS


@needs_browser
def test_the_drawing_lands_where_python_places_it(model, mnist, open_file, tmp_path):
    path = tmp_path / "map.html"
    write_page([Model("dense", model, mnist.validation)], path)
    page = open_file(path)
    page.locator("#map").scroll_into_view_if_needed()
    expecting(page.locator("#map-images li")).to_have_count(5)
    texts = ", ".join(page.locator("#map-images li span").all_inner_texts())
    label = f"Map of {POINTS} images. Nearest to your drawing: {texts}."
    expecting(page.locator("#map-canvas")).to_have_attribute("aria-label", label)
    page.get_by_role("button", name="pixels").click()
    expecting(page.locator("#map-how")).to_contain_text("by their pixels")
    image = decoded(
        page.evaluate(
            """() => { const { data } = document.querySelector(".seen canvas").getContext("2d")
              .getImageData(0, 0, 28, 28);
              return btoa(String.fromCharCode(...data.filter((_, i) => i % 4 === 0))); }"""
        ),
        np.uint8,
    )
    shown = image_map(tenfold.Predictor(model), mnist.validation)
    view = shown["views"][1]
    axes = decoded(view["axes"], np.int8).reshape(2, -1) * view["scale"]
    place = image @ axes.T + view["offset"]
    points = decoded(view["points"], np.uint8).reshape(-1, 2) / 255
    nearest = np.argsort(np.hypot(*(points - place).T))[:5]
    labels = decoded(shown["labels"], np.uint8)[nearest]
    assert page.locator("#map-images li span").all_inner_texts() == [str(k) for k in labels]
