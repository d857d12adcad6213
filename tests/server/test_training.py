"""A training that is started over HTTP: its knobs, its progress, its network, its end."""

import json
import signal
import time
from pathlib import Path

import pytest
from serving import encode, serving

import tenfold
from tenfold.networks.recipes import FIELDS
from tenfold.server.api.routes.training import NewTraining, _check

SECONDS = 240  # a busy machine


def until(service, condition, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not condition(shown := service.json("GET", "/v1/training")[1]):
        assert time.monotonic() < end, shown
        time.sleep(0.1)
    return shown


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    with serving(folder / "samples", run.path, cwd=folder) as service:
        yield service
    assert service.process.returncode == 0
    assert "Traceback" not in service.text


def test_knobs_are_the_fields_of_the_recipes(trained):
    _, knobs = trained.json("GET", "/v1/training/knobs")
    assert knobs["data"] == "few"
    for knob in knobs["knobs"]:
        field = FIELDS[knob["name"]]
        interval = field.interval
        assert knob["help"] == field.help
        assert knob["low"] == (interval.low if interval else None)
        if knob["high"] is not None:
            assert f"{knob['high']:g}" in knob["expected"]
        assert knob["high"] is not None or knob["kind"] == "str" or knob["name"] == "learning_rate"
    values = {recipe["name"]: recipe["values"] for recipe in knobs["recipes"]}
    for recipe, own in values.items():
        body = {"recipe": recipe, "changes": {k: v for k, v in own.items() if v is not None}}
        _check(NewTraining(**body, seeds=knobs["max_seeds"]))
    assert values["dropout"]["hidden"] == "64+128+32"
    assert "hidden" not in values["quick"]
    assert (values["quick"]["filters"], values["logistic"]["learning_rate"]) == ("8+24", None)


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "nothing"},
        {"recipe": "my_network.py:build"},
        {"changes": {"network": "my_network.py:build"}},
        {"changes": {"filters": "8"}},
        {"changes": {"hidden": "0"}},
        {"changes": {"hidden": "64+"}},
        {"changes": {"dropout": "1"}},
        {"changes": {"epochs": "0"}},
        {"changes": {"learning_rate": "nan"}},
        {"changes": {"epochs": 3}},
        {"changes": {"epochs": "1001"}},
        {"changes": {"hidden": "16+1025"}},
        {"changes": {"hidden": "+".join(["8"] * 9)}},
        {"recipe": "quick", "changes": {"filters": "8+129"}},
        {"seeds": 11},
        {"seeds": 0},
        {"seeds": True},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_trained_is_refused(trained, change):
    assert trained.code("POST", "/v1/training", {"recipe": "logistic", **change}) == "invalid"
    assert trained.json("GET", "/v1/training")[1]["state"] == "idle"


def test_a_training_answers_while_it_runs_and_afterwards(trained, few, run):
    assert trained.code("PUT", "/v1/training/answers", {"answers": True}) == "conflict"
    body = {"recipe": "logistic", "changes": {"hidden": "8", "epochs": "400"}}
    status, shown = trained.json("POST", "/v1/training", body)
    assert (status, shown["state"], shown["recipe"]) == (202, "running", "logistic")
    for path in ("/v1/training", "/v1/retraining"):
        assert trained.code("POST", path, body) == "conflict"
    shown = until(trained, lambda shown: shown["epoch"] > 2)
    assert shown["left"] is not None
    assert {"epoch", "loss", "val_accuracy"} <= set(shown["history"][0])
    image = encode(few.validation.images[0])
    end = time.monotonic() + SECONDS
    while not (model := trained.json("GET", "/v1/model")[1])["in_training"]:
        assert time.monotonic() < end
    assert model["recipe"]["arguments"] == {"hidden": [8]}
    assert model["source"] == shown["run"]
    assert trained.json("POST", "/v1/predict", image, "image/png")[0] == 200
    assert trained.request("GET", "/page/model")[0] == 200
    status, shown = trained.json("DELETE", "/v1/training")
    assert (status, shown["state"], shown["answers"]) == (200, "cancelled", False)
    assert trained.json("GET", "/v1/model")[1]["source"] == str(run.path)

    body["changes"]["epochs"], body["answers"] = "2", False
    trained.json("POST", "/v1/training", body)
    shown = until(trained, lambda shown: shown["state"] != "running")
    assert (shown["state"], shown["error"], shown["epoch"]) == ("finished", None, 2)
    assert trained.json("GET", "/v1/model")[1]["source"] == str(run.path)
    trained.json("PUT", "/v1/training/answers", {"answers": True})
    model = trained.json("GET", "/v1/model")[1]
    assert (model["source"], model["in_training"]) == (shown["run"], False)
    made = tenfold.Run(shown["run"])
    assert model["headline"]["value"] == made.saved_evaluation()[0].summary("accuracy").value
    expected = tenfold.Predictor(Path(shown["run"]) / "model.onnx")(few.validation.images[:1])
    _, reply = trained.json("POST", "/v1/predict", image, "image/png")
    assert reply["answers"][0]["confidence"] == pytest.approx(expected.max(), abs=1e-5)
    trained.json("PUT", "/v1/training/answers", {"answers": False})
    assert trained.json("GET", "/v1/model")[1]["source"] == str(run.path)


def test_a_training_that_fails_says_why_in_one_line(trained):
    changes = {"hidden": "8+8", "dropout": "0.1+0.1+0.1"}
    trained.json("POST", "/v1/training", {"recipe": "logistic", "changes": changes})
    shown = until(trained, lambda shown: shown["state"] != "running")
    assert shown["state"] == "failed"
    assert shown["error"] == "dropout: 3 values for 2 layers; give one, or one for each"
    assert not shown["answers"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_training_ends_with_the_service(run, tmp_path, how):
    with serving(tmp_path / "samples", run.path, cwd=tmp_path) as service:
        body = {"recipe": "logistic", "changes": {"epochs": "1000", "hidden": "256+256"}}
        service.json("POST", "/v1/training", body)
        until(service, lambda shown: shown["epoch"] > 0)
        process = tmp_path / "samples" / ".training" / "process.json"
        worker = Path("/proc") / str(json.loads(process.read_text())["pid"])
        assert worker.exists()
        service.end(how)
        end = time.monotonic() + 30
        while worker.exists() and "zombie" not in (worker / "status").read_text():
            assert time.monotonic() < end
            time.sleep(0.1)
    with serving(tmp_path / "samples", run.path, cwd=tmp_path) as service:
        state = "cancelled" if how == signal.SIGTERM else "failed"
        assert service.json("GET", "/v1/training")[1]["state"] == state
        assert not json.loads((process.parent / "answers.json").read_text())["answers"]
