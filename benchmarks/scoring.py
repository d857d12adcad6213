"""Overhead, memory and growth with cores of `tenfold score`.

Overhead over ONNX Runtime on arrays in memory, on one core: both score the same images, for which
`tenfold score` opens files, decodes, checks and writes scores. Memory: the largest of a worker, for
several sizes of a collection. Growth: the CPU time of an image with 1, 2, ... workers. CPU seconds
count throughout, so that other work on the machine matters little.

    python benchmarks/scoring.py MODEL.onnx [--images 20000] [--repeats 5] [--workers 1,2]
"""

import argparse
import resource
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


def write_pixels(images, path, group=None):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), images[0].size)
    pq.write_table(pa.table({"id": np.arange(len(images)), "image": lists}), path, group)


def read_lists(path):
    for _ in pq.ParquetFile(path, buffer_size=1 << 20).iter_batches(1000, use_threads=False):
        pass


def measure(model, count, repeats):
    images = np.resize(tenfold.load("mnist").test.images, (count, 28, 28))
    predictor = tenfold.Predictor(model, threads=1)
    predictor.predict(images[:1000], "byte")
    bare, ratios = [], {"NPY": [], "lists in Parquet": [], "lists in Parquet, reading alone": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pixels(images, folder / "digits.parquet")
        np.save(folder / "digits.npy", images)
        for repeat in range(repeats + 1):  # the first imports and opens files
            in_memory = seconds(lambda: predictor.predict(images, "byte"))
            times = []
            for source in ("digits.npy", "digits.parquet"):
                options = {"model": model, "out": folder / f"{source}-{repeat}", "verbose": False}
                times.append(
                    seconds(
                        lambda source=source, options=options: tenfold.score(
                            folder / source, executor=InThisProcess(), **options
                        )
                    )
                )
            times.append(seconds(lambda: read_lists(folder / "digits.parquet")))
            bare.append(count / in_memory)
            for values, spent in zip(ratios.values(), times, strict=True):
                values.append(spent / in_memory)
    print(f"{count:,} images of 28x28, {repeats} repeats, medians of CPU time")
    print(f"ONNX Runtime, in memory: {statistics.median(bare[1:]):,.0f} images/s")
    for name, values in ratios.items():
        low, *_, high = sorted(values[1:])
        print(f"{name}: ratio {statistics.median(values[1:]):.3f} ({low:.3f} to {high:.3f})")


def write_digits(count, path, group=None):
    write_pixels(np.resize(tenfold.load("mnist").test.images, (count, 28, 28)), path, group)


def measure_memory(model, count):
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / "digits.parquet", Path(name) / "out"
        write_digits(count, source)
        with Peak() as largest:
            tenfold.score(source, model=model, out=out, executor=Local(1), verbose=False)
        print(f"{count:,} images in one row group: a worker has at most {largest.mib:.0f} MiB")


def measure_growth(model, count, workers, repeats):
    """The CPU time of an image with several workers, without that of their start."""
    spent = {number: [] for number in workers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in (count, count // 4):
            write_digits(size, folder / f"{size}.parquet", 4096)
        for repeat in range(repeats):
            for number in workers:
                times = [
                    seconds_of_workers(
                        folder / f"{size}.parquet",
                        model,
                        folder / f"{size}-{number}-{repeat}",
                        number,
                    )
                    for size in (count, count // 4)
                ]
                spent[number].append((times[0] - times[1]) / (count - count // 4))
    first = statistics.median(spent[workers[0]])
    for number, values in spent.items():
        cost = statistics.median(values)
        print(f"{number} workers: {1 / cost:,.0f} images a CPU second, ratio {cost / first:.3f}")


def seconds_of_workers(source, model, out, number):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    tenfold.score(source, model=model, out=out, executor=Local(number), verbose=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    parser.add_argument("--sizes", default="20000,200000", help="images, for memory")
    arguments = parser.parse_args()
    measure(arguments.model, arguments.images, arguments.repeats)
    for size in map(int, arguments.sizes.split(",")):
        measure_memory(arguments.model, size)
    workers = list(map(int, arguments.workers.split(",")))
    measure_growth(arguments.model, arguments.images, workers, arguments.repeats)
