"""How many predictions a second the service answers, how soon, and with how much memory.

What is measured
    one      requests a second and the 99th percentile of the milliseconds each takes, when 64
             callers each send one PNG of 28x28 and wait for the answer before the next
    batch    images a second, when 8 callers each send 1,024 images as bytes
    mixed    the same 64 callers, for as long as `--minutes` says, sending 94 % PNGs, 3 % batches
             of 64, 1 % photos to read, 1 % explanations, 1 % questions about the model: how many
             answers were errors (failed) or took over a minute (late), and the memory over all
             processes, sampled each two seconds

How
    `tenfold serve` runs in a process of its own on 127.0.0.1, with as many workers as asked, and
    `wrk` (Debian's package of that name, one thread) calls it from the same machine: what the
    caller takes is lost to the service. The PNGs are 500 of MNIST's validation images; the photo
    is five of them in a row, 200x40 pixels. A round warms up for two seconds, then counts for
    `--seconds`; the figure is the median over the rounds, with the lowest and highest. Memory is
    the sum of PSS, in which pages that processes share count once. Without --model the reader
    that comes with tenfold answers; the time of its arithmetic alone, on one core, is printed.

Versions
    those installed beside the Python running this script; what was used is in the JSON.

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
from machine import machine
from PIL import Image
from summaries import spread
from tables import print_table

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
    """Write what wrk is to send."""
    folder.mkdir()
    images = tenfold.load("mnist").validation.images
    for i in range(PNGS):
        (folder / f"{i}.png").write_bytes(png(images[i]))
    (folder / "batch").write_bytes(images[:BATCH].tobytes())
    (folder / "few").write_bytes(images[:64].tobytes())
    row = np.concatenate(list(np.pad(images[:5], ((0, 0), (6, 6), (6, 6)))), axis=1)
    (folder / "photo").write_bytes(png(255 - row))
    (folder / "requests.txt").write_text("".join(" ".join(one) + "\n" for one in requests))
    script = folder / "wrk.lua"
    script.write_text(f'local FOLDER = "{folder}"\n{SCRIPT}')
    return script


def one_png(i: int) -> tuple[str, str, str, str]:
    return "POST", "/v1/predict", "image/png", f"{i % PNGS}.png"


def mixture() -> list[tuple[str, str, str, str]]:
    """Two hundred requests in the shares that the header tells."""
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
        began = time.perf_counter()
        self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"http://\S+:\d+", line):
                self.address = found[0]
                break
        else:
            sys.exit("the service did not start")
        self.start = time.perf_counter() - began

    def memory(self) -> float:
        """MB over all processes, shared pages once."""
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

    def end(self) -> None:
        """Tell it to end, and see that it does so well."""
        self.process.terminate()
        if self.process.wait(120):
            sys.exit(f"the service ended with {self.process.returncode}")


def call(service: Service, script: Path, callers: int, seconds: float) -> dict:
    command = ["wrk", "-t1", f"-c{callers}", f"-d{seconds:g}s", "--timeout", "60s"]
    done = subprocess.run(
        [*command, "-s", str(script), service.address], capture_output=True, text=True, check=True
    )
    return json.loads(re.search(r"^JSON (.*)$", done.stdout, re.M)[1])


def rounds(service: Service, script: Path, callers: int, given: argparse.Namespace) -> dict:
    found = []
    for _ in range(given.rounds):
        call(service, script, callers, 2)
        found.append(call(service, script, callers, given.seconds))
    return {
        "per_second": spread([one["requests"] / one["seconds"] for one in found]),
        "p50_ms": spread([one["p50"] for one in found]),
        "p99_ms": spread([one["p99"] for one in found]),
        "failed": sum(one["failed"] for one in found),
    }


def mixed(service: Service, script: Path, minutes: float) -> dict:
    """Minutes of mixed traffic, and the memory meanwhile."""
    samples, ended = [], threading.Event()

    def watch() -> None:
        while not ended.wait(2):
            samples.append(service.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    found = call(service, script, 64, 60 * minutes)
    ended.set()
    watcher.join()
    part = max(1, len(samples) // 10)
    return {
        **found,
        "memory_first_tenth_mb": statistics.median(samples[part : 2 * part] or samples),
        "memory_last_tenth_mb": statistics.median(samples[-part:]),
        "memory_most_mb": max(samples),
    }


def arithmetic(model: Path) -> float:
    """Microseconds of one image in the network alone, on one core."""
    predictor = tenfold.Predictor(model, threads=1)
    images = tenfold.load("mnist").validation.images[:BATCH]
    times = []
    for _ in range(15):
        began = time.perf_counter()
        for start in range(0, BATCH, 128):
            predictor(images[start : start + 128])
        times.append(time.perf_counter() - began)
    return 1e6 * statistics.median(times) / BATCH


def measure(workers: int, given: argparse.Namespace, folder: Path) -> dict:
    service = Service(given.model, workers, folder / f"samples-{workers}")
    found = {"start_seconds": service.start}
    try:
        found["one"] = rounds(service, folder / "one" / "wrk.lua", 64, given)
        found["batch"] = rounds(service, folder / "batch" / "wrk.lua", 8, given)
        if given.minutes:
            found["mixed"] = mixed(service, folder / "mixed" / "wrk.lua", given.minutes)
        found["memory_mb"] = service.memory()
    finally:
        service.end()
    return found


def show(results: dict[int, dict]) -> None:
    def told(values: dict, scale: float = 1, digits: int = 0) -> str:
        low, middle, high = (scale * values[key] for key in ("low", "median", "high"))
        return f"{middle:,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"

    print_table(
        "median (lowest-highest)",
        ["workers", "one: per second", "p99 ms", "batch: images/s", "failed", "MB"],
        [
            [
                str(workers),
                told(found["one"]["per_second"]),
                told(found["one"]["p99_ms"], digits=1),
                told(found["batch"]["per_second"], BATCH),
                str(found["one"]["failed"] + found["batch"]["failed"]),
                f"{found['memory_mb']:.0f}",
            ]
            for workers, found in results.items()
        ],
    )
    for workers, found in results.items():
        if "mixed" in found:
            rest = "  ".join(f"{key} {value:,.1f}" for key, value in found["mixed"].items())
            print(f"\nmixed, {workers} workers: {rest}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Load the service.")
    parser.add_argument("--model", type=Path, help="an artifact; else tenfold's own reader")
    parser.add_argument("--workers", default="1,2", help="such as 1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of a round")
    parser.add_argument("--minutes", type=float, default=0, help="of mixed traffic")
    parser.add_argument("--json", type=Path, help="keep the JSON")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing, which calls the service: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder / "one", [one_png(i) for i in range(PNGS)])
        batch = ("POST", "/v1/predict", "application/octet-stream", "batch")
        prepare(folder / "batch", [batch])
        prepare(folder / "mixed", mixture())
        results = {}
        for workers in map(int, given.workers.split(",")):
            results[workers] = measure(workers, given, folder)
    alone = arithmetic(given.model or READER)
    show(results)
    print(f"\nthe network alone: {alone:.0f} microseconds an image on one core")
    packages = ("tenfold", "uvicorn", "fastapi", "httptools", "uvloop", "onnxruntime", "pillow")
    versions = {one: importlib.metadata.version(one) for one in packages if one != "tenfold"}
    report = {
        "machine": machine(),
        "niceness": os.nice(0),
        "versions": versions,
        "model": str(given.model or "reader"),
        "network_microseconds": alone,
        "results": results,
    }
    line = json.dumps(report)
    print(line)
    if given.json:
        given.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
