"""Runs a contestant in a fresh process and measures it from outside."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
LONGEST = 3600  # seconds until a child counts as stuck
MEGABYTES = 2**20 if sys.platform == "darwin" else 2**10  # units of ru_maxrss in one MiB

# Every contestant runs on the processor, whatever else the machine has; logs stay out of the way.
ON_THE_CPU = {
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Contestant:
    """A library to measure: the module that trains with it and the Python that has it."""

    name: str
    module: str
    python: Path
    variables: dict[str, str] = field(default_factory=dict)
    own_environment: bool = False  # then it must not see this process's PYTHONPATH

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        """Give the variables its processes see."""
        inherited = dict(os.environ)
        if self.own_environment:
            inherited.pop("PYTHONPATH", None)
        return inherited | ON_THE_CPU | self.variables | more


class ChildFailed(Exception):
    """A contestant's process ended badly; the message is the last line it wrote to stderr."""


@contextmanager
def empty_cache() -> Iterator[Path]:
    """Make a cache folder for tenfold that nothing has been in yet, for as long as it is used."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as folder:
        yield Path(folder)


def run_child(
    contestant: Contestant, job: dict, *, module: str | None, variables: dict[str, str]
) -> dict:
    """Run one job and give the child's answer with `wall_seconds` and `peak_megabytes` added.

    The wall clock runs from before the process is made until it has ended. The peak is that of
    this one process (ru_maxrss), as the kernel reports it when the process has ended.
    """
    command = [contestant.python, "-m", f"contestants.{module or contestant.module}"]
    environment = contestant.environment(variables)
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*command, json.dumps(job | {"started": time.time()})],
            cwd=HERE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        output, usage = _wait(process)
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            told = errors.read().strip().splitlines() or [f"exit code {process.returncode}"]
            raise ChildFailed(told[-1])
    answer = json.loads(output.strip().splitlines()[-1])
    return answer | {"wall_seconds": seconds, "peak_megabytes": usage.ru_maxrss / MEGABYTES}


def _wait(process: subprocess.Popen) -> tuple[str, "os.struct_rusage"]:
    watchdog = threading.Timer(LONGEST, process.kill)
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
