"""Overhead of `tenfold score` over ONNX Runtime on arrays in memory, on one core.

Both score the same images; CPU seconds count, so that other work on the machine matters little.
Usage: python benchmarks/scoring.py MODEL.onnx [--images 20000] [--repeats 5]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tenfold
from tenfold.scale.executor import Outcome
from tenfold.scale.task import call
from tenfold.scoring.job import Job


class InThisProcess:
    """Runs tasks here, one after the other."""

    def workers(self):
        """Return 1."""
        return 1

    def run(self, function, tasks, folder):
        """Yield the outcome of each task."""
        for task in tasks:
            yield Outcome(task, **call(function, task))


def seconds(action):
    began = time.process_time()
    action()
    return time.process_time() - began


def write_pixels(images, path):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), images[0].size)
    pq.write_table(pa.table({"id": np.arange(len(images)), "image": lists}), path)


def measure(model, count, repeats):
    images = np.resize(tenfold.load("mnist").test.images, (count, 28, 28))
    predictor = tenfold.Predictor(model, threads=1)
    predictor.predict(images[:1000], "byte")
    ratios, bare, whole = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pixels(images, folder / "digits.parquet")
        for repeat in range(repeats + 1):
            options = {"model": model, "out": folder / f"out-{repeat}", "verbose": False}
            source = folder / "digits.parquet"
            with_files = seconds(
                lambda source=source, options=options: tenfold.score(
                    source, executor=InThisProcess(), **options
                )
            )
            in_memory = seconds(lambda: predictor.predict(images, "byte"))
            if repeat:  # the first imports and opens files
                whole.append(count / with_files)
                bare.append(count / in_memory)
                ratios.append(with_files / in_memory)
    print(f"{count:,} images of 28x28 as lists in Parquet, {repeats} repeats, medians of CPU time")
    print(f"ONNX Runtime, in memory  {statistics.median(bare):10,.0f} images/s")
    print(f"tenfold score            {statistics.median(whole):10,.0f} images/s")
    print(f"ratio                    {statistics.median(ratios):10.3f}", sorted(ratios))


def measure_manifest(parts):
    """Time to plan, write and read a job of many parts, without their images."""
    with tempfile.TemporaryDirectory() as name:
        job = Job(Path(name))
        unit = {"kind": "array", "file": "images.npy", "stamp": [1, 1], "rows": 65536}
        plan = ({**unit, "start": i << 16, "stop": (i + 1) << 16} for i in range(parts))
        print(f"plan of {parts:,} parts: written in {seconds(lambda: job.create({}, plan)):.1f} s")
        line = '{"part": %d, "images": 65536, "failed": 0, "seconds": 6.5}\n'
        with (job.folder / "manifest.jsonl").open("w") as file:
            file.writelines(line % i for i in range(parts))
        print(f"read with the manifest, as at a start: {seconds(job.progress):.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--parts", type=int, default=1_000_000)
    arguments = parser.parse_args()
    measure(arguments.model, arguments.images, arguments.repeats)
    measure_manifest(arguments.parts)
