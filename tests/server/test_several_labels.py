"""A network for several labels an image: its answers over HTTP and on the page."""

import json

import numpy as np
import pytest
from browsing import needs_browser
from drawing_on_page import expecting
from serving import PNG, encode, serving

import tenfold

NAMES = ("top", "middle", "bottom")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 3)) < 0.5).astype(np.uint8)
    images = rng.integers(0, 60, (400, 30, 20)).astype(np.uint8)
    for i in range(3):
        images[:, 2 + 10 * i : 8 + 10 * i] += (labels[:, i] * 190)[:, None, None]
    return images, labels


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    images, labels = data
    train, test = (
        tenfold.Dataset(images[part], labels[part], NAMES, multi_label=True)
        for part in (slice(300), slice(300, None))
    )
    folder = tmp_path_factory.mktemp("labels") / "run"
    data = {"train": train, "test": test}
    return tenfold.train("logistic", data, epochs=8, out=folder, verbose=False)


@pytest.fixture(scope="module")
def service(run):
    with serving(run.path / "samples", run.path) as service:
        yield service


def test_predict_returns_each_label_with_its_probability(service, run, data):
    images = data[0][300:305]
    body = json.dumps({"images": images.tolist()}).encode()
    status, reply = service.json("POST", "/v1/predict", body, "application/json")
    assert status == 200
    for answer, values in zip(reply["answers"], run.predict(images), strict=True):
        expected = dict(zip(NAMES, values.tolist(), strict=True))
        assert answer["labels"] == [name for name in NAMES if expected[name] >= 0.5]
        found = {one["label"]: one["probability"] for one in answer["top"]}
        assert found == pytest.approx(expected, abs=1e-4)
        assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(len(answer["labels"]) for answer in reply["answers"]) not in (0, 5)
    _, reply = service.json("POST", "/v1/predict?top=1", encode(images[0]), PNG)
    assert len(reply["answers"][0]["top"]) == 1


def test_the_model_and_run_say_what_they_are(service):
    _, model = service.json("GET", "/v1/model")
    assert (model["multi_label"], model["reads_digits"]) == (True, False)
    _, run = service.json("GET", "/v1/run")
    assert run["confusion"] is None
    for headline in (model["headline"], run["accuracy"]):
        assert headline["metric"] == "macro AUROC"
        assert headline["low"] <= headline["value"] <= headline["high"] <= 1


@pytest.mark.parametrize("path", ["read", "explain", "samples", "retraining", "training"])
def test_what_needs_one_class_an_image_is_refused_in_one_line(service, data, path):
    status, reply = service.json("POST", f"/v1/{path}", encode(data[0][0]), PNG)
    assert status == 422
    assert "number of labels; use /v1/predict" in reply["error"]["message"]


def test_a_run_in_training_is_refused(run, tmp_path):
    from tenfold.server.target import resolve_target

    record = json.loads((run.path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(record | {"status": "training"}))
    with pytest.raises(tenfold.InputError, match="serving a training: needs one class"):
        resolve_target(tmp_path)


@needs_browser
def test_the_page_shows_the_labels_of_a_picture(service, data, visit):
    images, labels = data
    i = int(np.flatnonzero((labels == [1, 0, 1]).all(axis=1))[0])
    page = visit(f"http://localhost:{service.port}")
    file = {
        "name": "one.png",
        "mimeType": PNG,
        "buffer": encode(images[i].repeat(4, 0).repeat(4, 1)),
    }
    page.set_input_files("#file", [file])
    expecting(page.locator("#confidence")).to_have_text("top, bottom: each over 50 %.")
    assert page.locator("#top .best .name").all_inner_texts() == ["top", "bottom"]
    expecting(page.locator("#top li")).to_have_count(3)
    for hidden in ("#correction", "#explanation", "#samples-link", "#train-link"):
        expecting(page.locator(hidden)).to_be_hidden()
    page.keyboard.press("r")
    expecting(page.locator("#run-spread")).to_contain_text("macro AUROC, one network")
    expecting(page.locator("#matrix-title")).to_be_hidden()
    page.keyboard.press("m")
    expecting(page.locator("#model-spread")).to_contain_text("macro AUROC")
