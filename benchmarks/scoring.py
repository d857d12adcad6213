"""Overhead, memory and growth with cores of `tenfold score`.

Overhead over ONNX Runtime on arrays in memory, on one core: both score the same images; CPU seconds
count, so that other work on the machine matters little. Memory: the largest of the workers, each a
process, for several sizes of a collection. Growth: images a second with 1, 2, ... workers, by wall
time, which needs an idle machine.

    python benchmarks/scoring.py MODEL.onnx [--images 20000] [--repeats 5] [--workers 1,2]
"""

import argparse
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

import tenfold
from tenfold.scale import Local
from tenfold.scale.executor import Outcome
from tenfold.scale.task import call


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


def write_digits(count, path):
    write_pixels(np.resize(tenfold.load("mnist").test.images, (count, 28, 28)), path)


def measure_workers(model, count, workers, repeats):
    """Images a second by wall time, and the largest memory of a worker."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "digits.parquet"
        write_digits(count, source)
        for number in workers:
            times, peak = [], 0.0
            for repeat in range(repeats):
                began, out = time.perf_counter(), Path(name) / f"out-{number}-{repeat}"
                with Peak() as largest:
                    tenfold.score(
                        source, model=model, out=out, executor=Local(number), verbose=False
                    )
                times.append(time.perf_counter() - began)
                peak = max(peak, largest.mib)
            rate = count / statistics.median(times)
            print(f"{count:,} images, {number} workers: {rate:,.0f} images/s, {peak:.0f} MiB")


class Peak:
    """The largest memory of any process that this one starts during the block, in MiB."""

    def __enter__(self):
        self.mib, self._ended = 0.0, Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self):
        """Read the mark of the kernel; that of `getrusage` counts the parent before `exec`."""
        while not self._ended.wait(0.05):
            for child in psutil.Process().children():
                with suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
                    line = next(line for line in lines if line.startswith("VmHWM"))
                    self.mib = max(self.mib, int(line.split()[1]) / 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", default="1,2", help="numbers of processes")
    parser.add_argument("--sizes", default="20000,200000", help="images, for memory and growth")
    arguments = parser.parse_args()
    measure(arguments.model, arguments.images, arguments.repeats)
    for size in map(int, arguments.sizes.split(",")):
        workers = map(int, arguments.workers.split(","))
        measure_workers(arguments.model, size, workers, arguments.repeats)
