"""Throughput, latency and memory of the HTTP service under load.

What is measured
    one      requests per second and the 99th percentile of the latency in milliseconds, with 64
             clients that each send one PNG of 28x28 and wait for the response
    batch    images per second, with 8 clients that each send 1,024 images as raw bytes
    mixed    the same 64 clients for `--minutes`, with 94 % PNGs, 3 % batches of 64, 1 % photos to
             read, 1 % explanations, 1 % requests for the model card: the number of error responses
             (failed) and of timeouts after one minute (late), and the memory of all processes,
             sampled every two seconds

How
    `tenfold serve` runs in a separate process on 127.0.0.1 with `--workers` workers. The load
    generator is `wrk` (Debian's package of that name, one thread) on the same machine, where it
    competes for CPU time. The PNGs are 500 of MNIST's validation images; the photo is five of them
    in a row, 200x40 pixels. A round warms up for two seconds, then measures for `--seconds`; the
    figure is the median over the rounds, with minimum and maximum. Memory is the sum of PSS, which
    counts shared pages once. Without --model the service uses the reader in the package. The script
    also prints the time of the network alone, on one core.

Versions
    those of the Python that runs this script; they are in the JSON.

    python benchmarks/serving.py                         # one and batch, about two minutes
    python benchmarks/serving.py --workers 1,2 --model quick.onnx
    python benchmarks/serving.py --minutes 10            # mixed as well
"""

import argparse
import importlib.metadata
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from command_line import make_parser, print_json
from machine import machine
from PIL import Image
from summaries import spread
from tables import median_range, print_table

import tenfold
from tenfold.core.assets import READER

PNGS, BATCH = 500, 1024
SCRIPT = """
local requests, failed, i = {}, 0, 0
local function read(path)
  local file = io.open(path, "rb")
  local data = file:read("*a")
  file:close()
  return data
end
function init(arguments)
  for line in io.lines(FOLDER .. "/requests.txt") do
    local method, path, kind, name = line:match("(%S+) (%S+) (%S+) (%S+)")
    local body = name ~= "-" and read(FOLDER .. "/" .. name) or nil
    requests[#requests + 1] = wrk.format(method, path, {["Content-Type"] = kind}, body)
  end
  i = math.random(#requests)
end
function request()
  i = i % #requests + 1
  return requests[i]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'JSON {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "worst": %f, ' ..
    '"failed": %d, "late": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.status, errors.timeout))
end
"""


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def prepare(folder: Path, requests: list[tuple[str, str, str, str]]) -> Path:
    """Write the requests that wrk sends, and its script; return the path of the script."""
    folder.mkdir()
    images = tenfold.load("mnist").validation.images
    for i in range(PNGS):
        (folder / f"{i}.png").write_bytes(png(images[i]))
    (folder / "batch").write_bytes(images[:BATCH].tobytes())
    (folder / "few").write_bytes(images[:64].tobytes())
    row = np.concatenate(list(np.pad(images[:5], ((0, 0), (6, 6), (6, 6)))), axis=1)
    (folder / "photo").write_bytes(png(255 - row))
    (folder / "requests.txt").write_text("".join(" ".join(request) + "\n" for request in requests))
    script = folder / "wrk.lua"
    script.write_text(f'local FOLDER = "{folder}"\n{SCRIPT}')
    return script


def one_png(i: int) -> tuple[str, str, str, str]:
    return "POST", "/v1/predict", "image/png", f"{i % PNGS}.png"


def mixture() -> list[tuple[str, str, str, str]]:
    """Return two hundred requests in the shares of the docstring above."""
    octets = "application/octet-stream"
    others = {
        20: ("POST", "/v1/read", "image/png", "photo"),
        120: ("POST", "/v1/read", "image/png", "photo"),
        40: ("POST", "/v1/explain", "image/png", "0.png"),
        140: ("POST", "/v1/explain", "image/png", "1.png"),
        60: ("GET", "/v1/model", "text/plain", "-"),
        160: ("GET", "/v1/model", "text/plain", "-"),
        **dict.fromkeys((5, 35, 75, 105, 135, 175), ("POST", "/v1/predict", octets, "few")),
    }
    return [others.get(i, one_png(i)) for i in range(200)]


class Service:
    """A running service, and the memory of its processes."""

    def __init__(self, model: Path | None, workers: int, folder: Path) -> None:
        command = [sys.executable, "-m", "tenfold", "serve", *([str(model)] if model else [])]
        options = ["--port", "0", "--samples", str(folder), "--workers", str(workers)]
        start = time.perf_counter()
        self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if match := re.search(r"http://\S+:\d+", line):
                self.address = match[0]
                break
        else:
            sys.exit("the service did not start")
        self.start = time.perf_counter() - start

    def memory(self) -> float:
        """Return the MB of all processes, counting shared pages once."""
        pids, total = [self.process.pid], 0
        while pids:
            pid = pids.pop()
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            pids += map(int, children.split())
            total += int(re.search(r"^Pss: +(\d+)", rollup, re.M)[1])
        return total / 1000

    def stop(self) -> None:
        """Stop the service and check that it exits without an error."""
        self.process.terminate()
        if self.process.wait(120):
            sys.exit(f"the service ended with {self.process.returncode}")


def load(service: Service, script: Path, clients: int, seconds: float) -> dict:
    """Run wrk; return what its script prints."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:g}s", "--timeout", "60s"]
    completed = subprocess.run(
        [*command, "-s", str(script), service.address], capture_output=True, text=True, check=True
    )
    return json.loads(re.search(r"^JSON (.*)$", completed.stdout, re.M)[1])


def rounds(service: Service, script: Path, clients: int, options: argparse.Namespace) -> dict:
    results = []
    for _ in range(options.rounds):
        load(service, script, clients, 2)
        results.append(load(service, script, clients, options.seconds))
    return {
        "per_second": spread([result["requests"] / result["seconds"] for result in results]),
        "p50_ms": spread([result["p50"] for result in results]),
        "p99_ms": spread([result["p99"] for result in results]),
        "failed": sum(result["failed"] for result in results),
    }


def mixed(service: Service, script: Path, minutes: float) -> dict:
    """Measure minutes of mixed traffic, and the memory during it."""
    samples, finished = [], threading.Event()

    def watch() -> None:
        while not finished.wait(2):
            samples.append(service.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = load(service, script, 64, 60 * minutes)
    finished.set()
    watcher.join()
    part = max(1, len(samples) // 10)
    return {
        **result,
        "memory_first_tenth_mb": statistics.median(samples[part : 2 * part] or samples),
        "memory_last_tenth_mb": statistics.median(samples[-part:]),
        "memory_most_mb": max(samples),
    }


def network_microseconds(model: Path) -> float:
    """Return the microseconds per image of the network alone, on one core."""
    predictor = tenfold.Predictor(model, threads=1)
    images = tenfold.load("mnist").validation.images[:BATCH]
    times = []
    for _ in range(15):
        start = time.perf_counter()
        for first in range(0, BATCH, 128):
            predictor(images[first : first + 128])
        times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times) / BATCH


def measure(workers: int, options: argparse.Namespace, folder: Path) -> dict:
    service = Service(options.model, workers, folder / f"samples-{workers}")
    results = {"start_seconds": service.start}
    try:
        results["one"] = rounds(service, folder / "one" / "wrk.lua", 64, options)
        results["batch"] = rounds(service, folder / "batch" / "wrk.lua", 8, options)
        if options.minutes:
            results["mixed"] = mixed(service, folder / "mixed" / "wrk.lua", options.minutes)
        results["memory_mb"] = service.memory()
    finally:
        service.stop()
    return results


def print_report(results: dict[int, dict]) -> None:
    print_table(
        "median (lowest-highest)",
        ["workers", "one: per second", "p99 ms", "batch: images/s", "failed", "MB"],
        [
            [
                str(workers),
                median_range(result["one"]["per_second"], 0),
                median_range(result["one"]["p99_ms"], 1),
                median_range(result["batch"]["per_second"], 0, BATCH),
                str(result["one"]["failed"] + result["batch"]["failed"]),
                f"{result['memory_mb']:.0f}",
            ]
            for workers, result in results.items()
        ],
    )
    for workers, result in results.items():
        if "mixed" in result:
            figures = "  ".join(f"{key} {value:,.1f}" for key, value in result["mixed"].items())
            print(f"\nmixed, {workers} workers: {figures}")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--model", type=Path, help="a model file; default the reader")
    parser.add_argument("--workers", default="1,2", help="numbers, with commas; 1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of a round")
    parser.add_argument("--minutes", type=float, default=0, help="of mixed traffic")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk, the load generator, is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder / "one", [one_png(i) for i in range(PNGS)])
        batch = ("POST", "/v1/predict", "application/octet-stream", "batch")
        prepare(folder / "batch", [batch])
        prepare(folder / "mixed", mixture())
        results = {}
        for workers in map(int, options.workers.split(",")):
            results[workers] = measure(workers, options, folder)
    microseconds = network_microseconds(options.model or READER)
    print_report(results)
    print(f"\nthe network alone: {microseconds:.0f} microseconds per image on one core")
    packages = ("uvicorn", "fastapi", "httptools", "uvloop", "onnxruntime", "pillow")
    versions = {name: importlib.metadata.version(name) for name in packages}
    report = {
        "machine": machine(),
        "niceness": os.nice(0),
        "versions": versions,
        "model": str(options.model or "reader"),
        "network_microseconds": microseconds,
        "results": results,
    }
    print_json(report, options.json)


if __name__ == "__main__":
    main()
