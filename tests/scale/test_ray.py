"""Ray on one machine: two nodes of one core; faults, and clusters that do not fit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from interruption import assert_same_run

import tenfold
from tenfold import InputError
from tenfold.experiments.studies import Study, study
from tenfold.scale import Ray
from tenfold.scale import ray as module

ray = pytest.importorskip("ray")
GOLDEN = Path(__file__).parents[1] / "golden" / "model-0.1.0.onnx"


def start_cluster(tries=3):
    """Two nodes; Ray gives a node 30 seconds to start, which a busy machine may exceed."""
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster()
    try:
        cluster.add_node(**options)
        cluster.add_node(**options)
    except Exception:
        cluster.shutdown()
        if tries == 1:
            raise
        return start_cluster(tries - 1)
    return cluster


@pytest.fixture(scope="module")
def cluster():
    paths = [str(Path(__file__).parent), os.environ["PYTHONPATH"]]
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = start_cluster()
    yield cluster
    cluster.shutdown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def address(cluster):
    return cluster.address


def workers_of(cluster):
    """The processes of the cluster that are in a task."""
    raylets = [
        entry.process.pid
        for node in cluster.list_all_nodes()
        for entry in node.all_processes["raylet"]
    ]
    children = [child for pid in raylets for child in psutil.Process(pid).children(recursive=True)]
    return [child for child in children if child.name().startswith("ray::call")]


def run(address, tmp_path, function, *tasks):
    return list(Ray(address).run(f"scale_tasks:{function}", tasks, tmp_path))


def test_values_errors_and_a_worker_that_is_killed(address, tmp_path):
    tasks = [{"number": i} for i in range(6)]
    outcomes = run(address, tmp_path, "half", *tasks)
    assert sorted(o.value for o in outcomes if not o.error) == [0, 1, 2]
    assert {o.error for o in outcomes if o.error} == {"1 is odd", "3 is odd", "5 is odd"}
    (outcome,) = run(address, tmp_path, "die_first", {"marker": str(tmp_path / "died")})
    assert outcome.value == "alive"
    assert not ray.is_initialized()


def test_a_task_without_enough_memory_fails_alone(address, tmp_path, monkeypatch):
    (outcome,) = run(address, tmp_path, "fill", {"limit": 1 << 36})
    assert outcome.error.startswith("not enough memory (MemoryError); run fewer workers")
    assert [o.value for o in run(address, tmp_path, "half", {"number": 4})] == [2]

    def killed(_):
        raise ray.exceptions.OutOfMemoryError("Task was killed\nMemory on the node was 22 GB")

    monkeypatch.setattr(ray, "get", killed)
    outcome = module._outcome(ray, None, {})
    assert outcome.error.startswith("its process was ended for lack of memory, 3 times; run fewer")


def test_a_worker_that_hangs_is_ended_and_its_task_tried_again(address, tmp_path):
    task = {"marker": str(tmp_path / "hung")}
    (outcome,) = Ray(address, timeout=4).run("scale_tasks:hang_first", [task], tmp_path)
    assert outcome.value == "awake"


def test_a_study_survives_the_kill_of_a_worker_and_of_its_driver(cluster, few_file, tmp_path):
    vary, here, there = {"batch_size": [32, 64], "epochs": [3]}, tmp_path / "here", tmp_path / "s"
    expected = study("logistic", vary, few_file, seeds=2, out=here, verbose=False)
    options = ["--vary", "batch_size=32,64", "--vary", "epochs=3", "--seeds", "2"]
    arguments = ["study", "logistic", *options, "--data", few_file, "--out", there]
    command = [sys.executable, "-m", "tenfold", *map(str, arguments), "--ray", cluster.address]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list(there.rglob("history.csv")) and process.poll() is None:
        time.sleep(0.01)
    killed = workers_of(cluster)
    for worker in killed:
        worker.kill()
    assert killed
    time.sleep(1)
    process.kill()
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    result = Study(there)
    for setting in expected.plan.settings:
        assert_same_run(here / setting.folder, there / setting.folder)
    columns = ["setting", "accuracy", "sd", "log_loss"]
    assert expected.table[columns].equals(result.table[columns])
    assert len(result.best.test_openings()) == 1
    assert not list(there.glob(".*"))


def test_nodes_that_do_not_fit_are_refused_before_any_task(address, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_versions", lambda: {"Python": "2.7", "tenfold": "0.0"})
    with pytest.raises(
        InputError, match=r"has Python 3.*, this process has 2\.7; install the same"
    ):
        run(address, tmp_path, "half", {"number": 0})


def test_a_killed_driver_is_followed_by_another(address, tmp_path, mnist):
    np.save(tmp_path / "digits.npy", mnist.test.images[:600])
    code = "from tenfold.scoring import scorer, sources; sources.UNIT = scorer._LEAST = 50\n"
    code += "from tenfold.cli import main; main()"
    arguments = ["score", tmp_path / "digits.npy", "-m", GOLDEN, "-o", tmp_path / "out"]
    command = [sys.executable, "-c", code, *map(str, arguments), "--ray", address]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (tmp_path / "out" / "manifest.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "12 of 12 parts, 600 of 600 images" in done.stdout, done.stderr
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "out" / "parts")
    expected = tenfold.Predictor(GOLDEN).predict(mnist.test.images[:600]).max(axis=1)
    order = np.argsort(table["source_row"])
    np.testing.assert_allclose(np.asarray(table["confidence"])[order], expected, atol=1e-6)
    assert len(table) == 600


def test_a_cluster_that_cannot_be_reached_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"--ray 127\.0\.0\.1:1: cannot be reached"):
        run("127.0.0.1:1", tmp_path, "half", {"number": 0})


def test_ray_that_is_not_installed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"--ray needs Ray; install it: pip install 'tenfold"):
        run("local", tmp_path, "half", {"number": 0})
