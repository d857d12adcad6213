"""Runs commands and contestants in fresh processes and measures them from outside."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TIMEOUT = 3600  # seconds
MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the units of ru_maxrss
TENFOLD = [sys.executable, "-m", "tenfold"]

# Every contestant runs on the CPU, even where the machine has a GPU, and logs errors only.
CPU_ONLY = {
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class ProcessFailed(Exception):
    """A process ended with an error; the message is the last line that it wrote to stderr."""


@dataclass(frozen=True)
class Measurement:
    """What a process wrote to stdout and the resources that it used.

    The wall clock runs from before the process exists until it has ended. CPU time counts all
    threads. The peak is ru_maxrss of this one process, as the kernel reports it at the end.
    """

    output: str
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Contestant:
    """A library to measure: the module that runs it and the Python that has it installed."""

    name: str
    module: str
    python: Path
    variables: dict[str, str] = field(default_factory=dict)
    own_environment: bool = False  # then it must not see this process's PYTHONPATH

    def environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Return the environment variables of its processes."""
        inherited = dict(os.environ)
        if self.own_environment:
            inherited.pop("PYTHONPATH", None)
        return inherited | CPU_ONLY | self.variables | variables


def run_process(
    command: list[str], environment: Mapping[str, str], folder: Path | None = None
) -> Measurement:
    """Run a command in a fresh process and measure it.

    Raises:
        ProcessFailed: the exit code is not 0, or the process took longer than TIMEOUT.
    """
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        output, usage = _wait(process)
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            lines = errors.read().strip().splitlines() or [f"exit code {process.returncode}"]
            raise ProcessFailed(lines[-1])
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Measurement(output, seconds, cpu_seconds, usage.ru_maxrss / MEBIBYTE)


def _wait(process: subprocess.Popen) -> tuple[str, "os.struct_rusage"]:
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    try:
        output = process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        process.kill()
        raise
    finally:
        watchdog.cancel()
    return output, usage


def measure_command(command: list[str], variables: Mapping[str, str] = CPU_ONLY) -> Measurement:
    """Measure a command that must succeed; a failure ends the benchmark with one line."""
    try:
        return run_process(command, os.environ | variables)
    except ProcessFailed as error:
        sys.exit(f"{' '.join(command)[:200]} failed: {error}")


def run_child(
    contestant: Contestant,
    job: dict,
    *,
    module: str | None = None,
    variables: dict[str, str] | None = None,
) -> dict:
    """Run one job; return the result of the child with `wall_seconds` and `peak_megabytes`.

    Raises:
        ProcessFailed: the child ended with an error.
    """
    job = json.dumps(job | {"started": time.time()})
    command = [str(contestant.python), "-m", f"contestants.{module or contestant.module}", job]
    measured = run_process(command, contestant.environment(variables or {}), HERE)
    result = json.loads(measured.output.strip().splitlines()[-1])
    return result | {
        "wall_seconds": measured.seconds,
        "peak_megabytes": measured.peak_megabytes,
    }


def write_peer_data(folder: Path) -> None:
    """Write the arrays of MNIST that the peers read, unless they are there."""
    if not (folder / "test_labels.npy").exists():
        contestant = Contestant("data", "tenfold_data", Path(sys.executable))
        run_child(contestant, {"network": "data", "epochs": 0, "seed": 0, "data": str(folder)})


@contextmanager
def empty_cache() -> Iterator[Path]:
    """Make an empty cache folder for tenfold; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as folder:
        yield Path(folder)


def rotated(items: list, start: int) -> list:
    """Return a list that begins at another item, so that machine drift affects all items alike."""
    start %= len(items)
    return items[start:] + items[:start]
