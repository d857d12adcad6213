"""Retraining: in the background, across restarts and kills, replacing nothing until accepted."""

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
    """A run, and the model file that a server would be started with."""
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
    """Mirrored digits, which the base model misclassifies."""
    store = Samples(tmp_path / "samples", DIGITS)
    for image, label in zip(mnist.train.images[:60, :, ::-1], mnist.train.labels[:60], strict=True):
        store.add(np.ascontiguousarray(image), str(label), source="drawn")
    return store.folder


def wait(retraining, state="finished", seconds=900):
    until = time.monotonic() + seconds
    while (status := retraining.progress())["state"] == "running":
        assert time.monotonic() < until, status
        time.sleep(0.1)
    assert status["state"] == state, (status, retraining.job.log.read_text())
    return status


def test_samples_become_a_version_that_can_be_rolled_back(retraining, samples, base, mnist):
    assert retraining.progress()["state"] == "idle"
    assert retraining.current_model() == base[1]
    started = retraining.start(samples)
    assert started["state"] == "running"
    with pytest.raises(InputError, match="a retraining is running"):
        retraining.start(samples)
    status = wait(retraining)
    assert status["epoch"] == status["epochs"] == 4
    assert status["seconds"] > 0
    comparison = status["comparison"]
    assert comparison["held_out"]["n"] == 500
    assert comparison["held_out"]["name"] == "few, validation"
    assert comparison["samples"]["n"] == 60
    assert comparison["samples"]["difference"]["value"] > 0.1
    held = comparison["samples"]["held_out"]
    assert held["n"] == held["before"]["n"] > 3
    json.dumps(status, allow_nan=False)

    assert retraining.current_model() == base[1]  # nothing is replaced before it is accepted
    before = tenfold.Predictor(base[1])(mnist.train.images[:60, :, ::-1]).argmax(axis=1)
    value = (before == mnist.train.labels[:60]).mean()
    assert comparison["samples"]["before"]["value"] == pytest.approx(value)

    again = Retraining(retraining.folder.parent, *reversed(base))  # a server that was restarted
    assert again.progress()["comparison"] == comparison
    assert again.accept() == 1
    assert again.progress()["state"] == "idle"
    after = tenfold.Predictor(retraining.current_model())(mnist.train.images[:60, :, ::-1])
    value = (after.argmax(axis=1) == mnist.train.labels[:60]).mean()
    assert comparison["samples"]["after"]["value"] == pytest.approx(value)
    rows = retraining.versions()
    assert [(row["version"], row["current"]) for row in rows] == [(0, False), (1, True)]
    assert rows[1]["scores"] == comparison
    assert not retraining.job.samples.exists()

    retraining.activate(0)
    assert again.current_model() == base[1]
    retraining.activate(1)
    assert again.current_version() == 1
    with pytest.raises(InputError, match="version: 7; there are 0, 1"):
        retraining.activate(7)
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()


def test_cancelling_removes_all_files(retraining, samples):
    retraining.start(samples, epochs=5000)
    assert retraining.cancel()["state"] == "cancelled"
    assert not retraining.job.is_running()
    assert [path.name for path in retraining.job.folder.iterdir()] == ["result.json"]
    assert retraining.progress() == {
        "state": "cancelled",
        "epoch": 0,
        "epochs": None,
        "seconds": 0.0,
        "error": None,
        "comparison": None,
    }


def test_a_worker_outlives_its_server_and_a_killed_one_is_reported(retraining, samples, base):
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
    status = wait(retraining, "failed")
    assert "the process was killed" in status["error"]
    assert status["epochs"] == 5000
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()
    assert retraining.discard()["state"] == "idle"


def test_an_error_in_training_is_reported(retraining, samples, base, tmp_path):
    made = Retraining(tmp_path / "other", base[1], tmp_path / "gone")
    made.start(samples)
    status = wait(made, "failed")
    assert "neither 'reader' nor a run folder" in status["error"]
    assert "\n" not in status["error"]


@contextmanager
def no_file_larger_than(size):
    """Limit the size of files, as a full disk does; child processes inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_reported_and_replaces_nothing(retraining, samples, base):
    with no_file_larger_than(70_000):
        retraining.start(samples, epochs=1)
    status = wait(retraining, "failed")
    assert "cannot write" in status["error"]
    assert "\n" not in status["error"]
    assert not [path for path in retraining.folder.rglob("*") if ".tmp" in path.name]
    with pytest.raises(InputError, match="no retrained model waits"):
        retraining.accept()
    assert retraining.current_model() == base[1]
    assert retraining.discard()["state"] == "idle"


def test_no_samples_and_unknown_classes_are_refused(retraining, mnist, tmp_path):
    with pytest.raises(InputError, match="no samples yet; correct a prediction first"):
        retraining.start(tmp_path / "samples")
    Samples(tmp_path / "samples").add(mnist.train.images[0], "seven")
    with pytest.raises(InputError, match="samples of class 'seven', which the model"):
        retraining.start(tmp_path / "samples")
    assert not retraining.folder.exists()


def test_versions_are_those_of_their_base(retraining, base, tmp_path):
    version = retraining.folder / "versions" / "1"
    version.mkdir(parents=True)
    (version / "version.json").write_text('{"version": 1, "made": "", "source": "", "scores": {}}')
    (version / "model.onnx").write_bytes(base[1].read_bytes())
    (retraining.folder / "current.json").write_text('{"version": 1}')
    assert retraining.current_model() == version / "model.onnx"
    other = tmp_path / "other.onnx"
    run = tenfold.Run(base[0])
    export(run, other, int8=True)
    assert Retraining(retraining.folder.parent, other).current_model() == other


def test_damaged_state_falls_back_to_the_base_model(retraining, base):
    retraining.folder.mkdir(parents=True)
    (retraining.folder / "current.json").write_text("{cut")
    assert retraining.current_model() == base[1]
    (retraining.folder / "current.json").write_text('{"version": 3}')
    assert retraining.current_model() == base[1]
    assert [row["version"] for row in retraining.versions()] == [0]


def test_a_folder_that_cannot_be_written_is_reported(base, samples, tmp_path):
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        Retraining(tmp_path / "blocked", base[1]).start(samples)


def test_checking_whether_a_job_is_running_does_not_release_its_lock(tmp_path):
    job = Job(Path(tmp_path))
    with job.locked("in use"):
        assert job.is_running()
    assert not job.is_running()


def test_progress_needs_neither_keras_nor_jax(base):
    code = (
        "import sys; from tenfold.training.retraining import Retraining\n"
        "from tenfold.data.samples import Samples\n"
        "Retraining(sys.argv[1], sys.argv[2]).progress()\n"
        "print(sorted({'keras', 'jax', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(base[0].parent / "r"), str(base[1])]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
