"""Retraining: in the background, over restarts and kills, nothing replaced until accepted."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import tenfold
from tenfold import InputError
from tenfold.data.samples import Samples
from tenfold.runs.export import export
from tenfold.training.retraining import Retraining
from tenfold.training.retraining.job import Job

DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def base(few_file, tmp_path_factory):
    """A run, and the artifact that a server would be started with."""
    folder = tmp_path_factory.mktemp("base")
    recipe = tenfold.Recipe("small", arguments={"hidden": [48]}, epochs=2, batch_size=64)
    run = tenfold.train(recipe, few_file, out=folder / "run", verbose=False)
    export(run, folder / "base.onnx")
    return run.path, folder / "base.onnx"


@pytest.fixture
def retraining(base, tmp_path):
    run, artifact = base
    made = Retraining(tmp_path / "retraining", artifact, run)
    yield made
    made.cancel()


@pytest.fixture
def samples(mnist, tmp_path):
    """Mirrored digits, which the base reads badly."""
    found = Samples(tmp_path / "samples", DIGITS)
    fill(found, mnist.train, 60)
    return found.folder


def fill(found, data, n):
    for image, label in zip(data.images[:n, :, ::-1], data.labels[:n], strict=True):
        found.add(np.ascontiguousarray(image), str(label), source="drawn")


def wait(retraining, state="finished", seconds=900):
    until = time.monotonic() + seconds
    while (found := retraining.progress())["state"] == "running":
        assert time.monotonic() < until, found
        time.sleep(0.1)
    assert found["state"] == state, (found, retraining.job.log.read_text())
    return found


def test_a_whole_round_from_samples_to_a_version_and_back(retraining, samples, base, mnist):
    assert retraining.progress()["state"] == "idle"
    assert retraining.current() == base[1]
    started = retraining.start(samples)
    assert started["state"] == "running"
    with pytest.raises(InputError, match="a retraining is under way"):
        retraining.start(samples)
    found = wait(retraining)
    assert found["epoch"] == found["epochs"] == 4
    assert found["seconds"] > 0
    comparison = found["comparison"]
    assert comparison["held_out"]["n"] == 500
    assert comparison["held_out"]["name"] == "few, validation"
    assert comparison["samples"]["n"] == 60
    assert comparison["samples"]["difference"]["value"] > 0.1
    held = comparison["samples"]["held_out"]
    assert held["n"] == held["before"]["n"] > 3
    json.dumps(found, allow_nan=False)

    assert retraining.current() == base[1]  # nothing is replaced before it is accepted
    before = tenfold.Predictor(base[1])(mnist.train.images[:60, :, ::-1]).argmax(axis=1)
    value = (before == mnist.train.labels[:60]).mean()
    assert comparison["samples"]["before"]["value"] == pytest.approx(value)

    again = Retraining(retraining.folder.parent, *reversed(base))  # a server that was restarted
    assert again.progress()["comparison"] == comparison
    assert again.accept() == 1
    assert again.progress()["state"] == "idle"
    after = tenfold.Predictor(retraining.current())(mnist.train.images[:60, :, ::-1])
    value = (after.argmax(axis=1) == mnist.train.labels[:60]).mean()
    assert comparison["samples"]["after"]["value"] == pytest.approx(value)
    rows = retraining.versions()
    assert [(row["version"], row["current"]) for row in rows] == [(0, False), (1, True)]
    assert rows[1]["scores"] == comparison
    assert not retraining.job.samples.exists()

    retraining.activate(0)
    assert again.current() == base[1]
    retraining.activate(1)
    assert again.current_version() == 1
    with pytest.raises(InputError, match="version: 7; there are 0, 1"):
        retraining.activate(7)
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()


def test_cancelling_leaves_nothing(retraining, samples):
    retraining.start(samples, epochs=5000)
    assert retraining.cancel()["state"] == "cancelled"
    assert not retraining.job.running()
    assert [path.name for path in retraining.job.folder.iterdir()] == ["result.json"]
    assert retraining.progress() == {
        "state": "cancelled",
        "epoch": 0,
        "epochs": None,
        "seconds": 0.0,
        "error": None,
        "comparison": None,
    }


def test_a_training_goes_on_when_its_server_ends_and_a_killed_one_is_told(
    retraining, samples, base
):
    run, artifact = base
    code = (
        "import sys; from tenfold.training.retraining import Retraining\n"
        "Retraining(*sys.argv[1:4]).start(sys.argv[4], epochs=5000)"
    )
    arguments = [retraining.folder.parent, artifact, run, samples]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)
    assert retraining.progress()["state"] == "running"
    process = json.loads((retraining.job.folder / "process.json").read_text())["pid"]
    os.kill(process, signal.SIGKILL)
    found = wait(retraining, "failed")
    assert "stopped from outside" in found["error"]
    assert found["epochs"] == 5000
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()
    assert retraining.discard()["state"] == "idle"


def test_what_goes_wrong_in_training_is_told(retraining, samples, base, tmp_path):
    made = Retraining(tmp_path / "other", base[1], tmp_path / "gone")
    made.start(samples)
    found = wait(made, "failed")
    assert "neither 'reader' nor a run folder" in found["error"]
    assert "\n" not in found["error"]


@contextmanager
def no_file_larger_than(size):
    """As on a full disk; what is started meanwhile is held to it too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_replaces_nothing(retraining, samples, base):
    with no_file_larger_than(70_000):
        retraining.start(samples, epochs=1)
    found = wait(retraining, "failed")
    assert "cannot write" in found["error"]
    assert "\n" not in found["error"]
    assert not [path for path in retraining.folder.rglob("*") if ".tmp" in path.name]
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()
    assert retraining.current() == base[1]
    assert retraining.discard()["state"] == "idle"


def test_no_samples_and_unknown_classes_are_refused(retraining, mnist, tmp_path):
    with pytest.raises(InputError, match="no samples yet; correct an answer first"):
        retraining.start(tmp_path / "samples")
    Samples(tmp_path / "samples").add(mnist.train.images[0], "seven")
    with pytest.raises(InputError, match="samples of 'seven', which the model does not know"):
        retraining.start(tmp_path / "samples")
    assert not retraining.folder.exists()


def test_versions_are_those_of_their_base(retraining, base, tmp_path):
    version = retraining.folder / "versions" / "1"
    version.mkdir(parents=True)
    (version / "version.json").write_text('{"version": 1, "made": "", "source": "", "scores": {}}')
    (version / "model.onnx").write_bytes(base[1].read_bytes())
    (retraining.folder / "current.json").write_text('{"version": 1}')
    assert retraining.current() == version / "model.onnx"
    other = tmp_path / "other.onnx"
    run = tenfold.Run(base[0])
    export(run, other, int8=True)
    assert Retraining(retraining.folder.parent, other).current() == other


def test_damaged_state_is_no_harm(retraining, base):
    retraining.folder.mkdir(parents=True)
    (retraining.folder / "current.json").write_text("{cut")
    assert retraining.current() == base[1]
    (retraining.folder / "current.json").write_text('{"version": 3}')
    assert retraining.current() == base[1]
    assert [row["version"] for row in retraining.versions()] == [0]


def test_a_folder_that_cannot_be_written_is_told(base, samples, tmp_path):
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        Retraining(tmp_path / "blocked", base[1]).start(samples)


def test_asking_whether_it_runs_is_no_hindrance(tmp_path):
    job = Job(Path(tmp_path))
    with job.held("in use"):
        assert job.running()
    assert not job.running()


def test_the_state_is_known_without_keras_or_jax(base):
    code = (
        "import sys; from tenfold.training.retraining import Retraining\n"
        "from tenfold.data.samples import Samples\n"
        "Retraining(sys.argv[1], sys.argv[2]).progress()\n"
        "print(sorted({'keras', 'jax', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(base[0].parent / "r"), str(base[1])]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
