"""Kill processes of studies and scoring jobs at random moments, and compare the results.

A Ray cluster of two nodes with one core each runs on this machine. The command of a study and that
of a scoring job are given again and again; meanwhile a worker, a node or the driver is killed by
SIGKILL. Each finished job is compared with one that was left alone: the bits of all weights, the
table, and the scores of all images. Prints the kills, the finished jobs and what differed.

    python scripts/kill_processes.py MODEL.onnx --kills 50
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

import tenfold
from tenfold.experiments.studies import Study
from tenfold.runs.layout import weights_path

STUDY = ["study", "logistic", "--vary", "batch_size=32,64,128", "--vary", "epochs=8"]
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
LONGEST_WAIT = 12.0
"""Seconds between the start of a driver, or a kill, and the next kill."""
MOST_KILLS = 9
"""Of one job, so that several jobs are finished."""


class Cluster:
    """Two nodes; the head stays."""

    def __init__(self):
        from ray.cluster_utils import Cluster as RayCluster

        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        self._cluster = RayCluster()
        self._add_node()
        self._node = self._add_node()
        self.address = self._cluster.address

    def _add_node(self, tries=20):
        """Start a node; Ray gives it 30 seconds, which a busy machine may exceed."""
        before = psutil.Process().children(recursive=True)
        try:
            return self._cluster.add_node(**NODE)
        except Exception:  # Ray raises Exception itself
            for process in psutil.Process().children(recursive=True):
                if process not in before:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            if tries == 1:
                raise
            print("a node did not start in time", flush=True)
            return self._add_node(tries - 1)

    def kill_node(self):
        """Kill the second node, and let another one join."""
        self._cluster.remove_node(self._node, allow_graceful=False)
        self._node = self._add_node()

    def workers(self):
        """Return the processes that are in a task."""
        found = []
        for node in self._cluster.list_all_nodes():
            for entry in node.all_processes.get("raylet", []):
                children = psutil.Process(entry.process.pid).children(recursive=True)
                found += [child for child in children if child.name().startswith("ray::call")]
        return found

    def stop(self):
        """Stop all nodes."""
        self._cluster.shutdown()


def commands(folder, model, out):
    """Return the commands of a study and of a scoring job, by kind."""
    return {
        "study": [*STUDY, "--seeds", "2", "--data", folder / "few.npz", "--out", out],
        "score": ["score", folder / "digits.npy", "-m", model, "-o", out],
    }


def started(command, address=None):
    where = [] if address is None else ["--ray", address]
    words = [sys.executable, "-m", "tenfold", *map(str, command), *where]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def result(kind, out):
    """Return what must be equal: weights and table, or scores."""
    if kind == "score":
        table = pq.read_table(out / "parts").sort_by("source_row")
        return [table["source_row"].to_numpy(), table["confidence"].to_numpy()]
    study = Study(out)
    paths = [
        weights_path(out / setting.folder, seed)
        for setting in study.plan.settings
        for seed in range(2)
    ]
    accuracies = study.table.sort_values("setting")["accuracy"].to_numpy()
    opened = np.array([len(study.best.test_openings())])
    return [accuracies, opened, *(_datasets(path) for path in paths)]


def _datasets(path):
    import h5py

    values = []
    with h5py.File(path) as file:
        file.visititems(
            lambda _, item: values.append(item[()].ravel()) if hasattr(item, "shape") else None
        )
    return np.concatenate(values)


def kill_one(cluster, driver, choose):
    """Kill a process at random; return which kind."""
    workers = cluster.workers()
    kind = choose.choice(["worker", "worker", "driver", "node"] if workers else ["driver", "node"])
    if kind == "worker":
        choose.choice(workers).kill()
    elif kind == "driver":
        driver.kill()
        driver.wait()
    else:
        cluster.kill_node()
    return kind


def trial(kind, expected, folder, model, cluster, left, choose):
    """Finish a job under kills, at most ``left``; return them and what went wrong."""
    kills, out = Counter(), folder / f"{kind}-{time.monotonic_ns()}"
    command, driver, starts = commands(folder, model, out)[kind], None, 0
    while starts < 30:
        if driver is None or driver.poll() is not None:
            if driver is not None and driver.returncode == 0:
                break
            driver, starts = started(command, cluster.address), starts + 1
        if kills.total() < left:
            try:
                driver.wait(choose.uniform(0.5, LONGEST_WAIT))
            except subprocess.TimeoutExpired:
                kills[kind_of := kill_one(cluster, driver, choose)] += 1
                print(f"{kind}: killed a {kind_of}", flush=True)
        else:
            driver.wait()
    else:
        return kills, f"{kind}: not finished after {starts} starts: {driver.stderr.read()[-300:]}"
    found = result(kind, out)
    equal = len(found) == len(expected[kind]) and all(
        np.array_equal(one, other) for one, other in zip(found, expected[kind], strict=True)
    )
    return kills, "" if equal else f"{kind}: other results in {out}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3600, help="begin no job after this time")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    choose, began = random.Random(options.seed), time.monotonic()
    folder, model = Path(tempfile.mkdtemp()), options.model.absolute()
    data = tenfold.load("mnist")
    parts = {"train": data.train[:3200], "val": data.validation[:500], "test": data.test[:300]}
    arrays = {f"x_{name}": part.images for name, part in parts.items()}
    arrays |= {f"y_{name}": part.labels for name, part in parts.items()}
    np.savez(folder / "few.npz", **arrays)
    np.save(folder / "digits.npy", np.resize(data.test.images, (options.images, 28, 28)))
    expected = {}
    for kind, command in commands(folder, model, folder / "left-alone").items():
        words = [*command[:-1], folder / f"{kind}-left-alone"]
        driver = started(words)
        if driver.wait():
            sys.exit(driver.stderr.read())
        expected[kind] = result(kind, folder / f"{kind}-left-alone")
    cluster, kills, jobs, wrong = Cluster(), Counter(), Counter(), []
    try:
        while kills.total() < options.kills and time.monotonic() - began < options.seconds:
            kind = choose.choice(["study", "score"])
            left = min(MOST_KILLS, options.kills - kills.total())
            more, problem = trial(kind, expected, folder, model, cluster, left, choose)
            kills, jobs = kills + more, jobs + Counter([kind])
            wrong += [problem] if problem else []
    finally:
        cluster.stop()
    print(f"kills: {dict(kills)}; finished jobs: {dict(jobs)}; wrong: {wrong or 'none'}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
