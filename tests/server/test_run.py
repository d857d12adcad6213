"""A run on the page: finished, unfinished, and during its training."""

import base64
import io
import json
import signal
import time

import numpy as np
import pytest
from PIL import Image
from serving import OCTETS, serving, started

import tenfold
from tenfold.runs import live


@pytest.fixture(scope="module")
def of_run(run, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("of-run") / "samples", run.path) as service:
        yield service


def test_a_run_without_a_model_file_is_exported_and_shown(of_run, run, few):
    assert (run.path / "model.onnx").exists()
    _, model = of_run.json("GET", "/v1/model")
    assert (model["name"], model["source"]) == ("logistic", str(run.path))
    status, headers, content = of_run.request("GET", "/v1/run")
    shown, evaluation = json.loads(content), run.saved_evaluation()[0]
    assert (status, shown["status"], shown["report"]) == (200, "finished", True)
    assert len(shown["history"]) == shown["epochs"] == 5
    assert shown["history"][-1]["val_accuracy"] == run.history.val_accuracy.iloc[-1]
    assert shown["confusion"] == evaluation.confusion_matrix().tolist()
    assert shown["accuracy"]["value"] == evaluation.accuracy[0].value
    assert of_run.request("GET", "/v1/run", None, {"If-None-Match": headers["etag"]})[0] == 304
    _, reply = of_run.json("POST", "/v1/predict", few.validation.images.tobytes(), OCTETS)
    assert [answer["label"] for answer in reply["answers"]] == [
        few.class_names[i] for i in run.predict(few.validation.images).argmax(axis=1)
    ]


def test_images_of_a_cell_of_the_confusion_matrix(of_run, run, few):
    confusion = run.saved_evaluation()[0].confusion_matrix()
    truth, predicted = np.unravel_index((confusion - 10_000 * np.eye(10)).argmax(), (10, 10))
    path = f"/v1/run/cell?truth={truth}&predicted={predicted}"
    _, reply = of_run.json("GET", path)
    assert reply["total"] == len(reply["images"]) == confusion[truth, predicted]
    chances = [one["confidence"] for one in reply["images"]]
    assert chances == sorted(chances, reverse=True)
    for one in reply["images"]:
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(one["image"]))))
        np.testing.assert_array_equal(image, few.validation.images[one["index"]])
        assert few.validation.labels[one["index"]] == truth
    assert len(of_run.json("GET", f"{path}&limit=1")[1]["images"]) == 1
    assert of_run.code("GET", "/v1/run/cell?truth=10&predicted=0") == "invalid"


def test_the_report_has_its_own_content_security_policy(of_run, run):
    status, headers, content = of_run.request("GET", "/report")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert content.decode() == (run.path / "report.html").read_text()


def test_an_unfinished_run_is_shown_while_the_packed_reader_predicts(run, few, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("network.json", "history.csv"):
        (folder / name).write_bytes((run.path / name).read_bytes())
    run.record.replace(status="training").save(folder)
    with serving(tmp_path / "samples", folder) as service:
        _, shown = service.json("GET", "/v1/run")
        assert (shown["status"], shown["confusion"], shown["report"]) == ("training", None, False)
        assert service.code("GET", "/v1/run/cell?truth=1&predicted=1") == "not_ready"
        assert service.code("GET", "/report") == "not_ready"
        assert service.json("GET", "/v1/model")[1]["source"] == "shipped"
        evaluation = run.saved_evaluation()[0]
        live.save(folder, evaluation.outputs[0], few.validation)
        _, shown = service.json("GET", "/v1/run")
        assert shown["confusion"] == evaluation.confusion_matrix().tolist()


def test_run_page_model_page_report_and_command_line_have_one_headline(few, tmp_path):
    run = tenfold.train("logistic", few, out=tmp_path / "run", seeds=2, epochs=1, verbose=False)
    evaluation = run.saved_evaluation()[0]
    mean = evaluation.summary("accuracy")
    with serving(tmp_path / "samples", run.path) as service:
        shown = service.json("GET", "/v1/run")[1]["accuracy"]
        model = service.json("GET", "/v1/model")[1]
        report = service.request("GET", "/report")[2].decode()
    assert shown == model["headline"]
    assert (shown["value"], shown["of"]) == (mean.mean, "mean of 2 seeds")
    assert f"{100 * mean.mean:.2f} %" in report
    assert f"{100 * mean.mean:.2f} ±" in evaluation.headline()


def test_a_watched_training_saves_its_predictions_after_each_epoch(few, tmp_path, monkeypatch):
    seen, saved = [], []

    def watch(folder):
        seen.append((folder, (folder / "run.json").exists()))

    def save(folder, outputs, validation):
        saved.append(outputs)

    monkeypatch.setattr(live, "save", save)
    run = tenfold.train("logistic", few, out=tmp_path / "run", seeds=2, verbose=False, watch=watch)
    assert seen == [(tmp_path / "run", True)]
    accuracy = [(outputs.argmax(axis=1) == few.validation.labels).mean() for outputs in saved]
    first = run.history[run.history.seed == run.seeds[0]]
    np.testing.assert_allclose(accuracy, first.val_accuracy, atol=1e-6)
    assert run.record.status == "finished"
    unwatched = tenfold.train("logistic", few, out=tmp_path / "other", seeds=2, verbose=False)
    assert unwatched.history.equals(run.history)  # to the bit


def test_a_run_is_shown_during_its_training_and_served_afterwards(few_file, tmp_path):
    options = ["--data", str(few_file), "--epochs", "3", "--out", str(tmp_path / "run"), "--serve"]
    with started(tmp_path, "-m", "tenfold", "train", "logistic", *options) as service:
        _, shown = service.json("GET", "/v1/run")
        assert (shown["title"], shown["epochs"]) == ("logistic on few", 3)
        until, answered = time.monotonic() + 120, []
        while answered[-1:] != [(str(tmp_path / "run"), False)]:
            assert time.monotonic() < until
            model = service.json("GET", "/v1/model")[1]
            answered.append((model["source"], model["in_training"]))
            time.sleep(0.1)
        assert (str(tmp_path / "run"), True) in answered  # the network in training
        _, shown = service.json("GET", "/v1/run")
        assert (shown["status"], shown["epoch"], shown["report"]) == ("finished", 3, True)
        assert service.end(signal.SIGINT) == 0
    assert "the page stays open; Ctrl-C ends it" in service.text
