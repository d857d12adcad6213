"""Tasks in processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.scratch import make_scratch
from tenfold.scale.executor import ATTEMPTS, Outcome

_SOURCES = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Local:
    """Runs tasks in processes of this machine.

    Args:
        processes: at the same time; None for one per core that this process may use.
        timeout: seconds after which a task's process is ended and the task is tried again; None
            to wait for ever.

    Example:
        >>> [outcome.value for outcome in Local(1).run("math:gcd", [], Path())]
        []
    """

    processes: int | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        if self.processes is not None and self.processes < 1:
            raise InputError(f"workers: {self.processes}; give a whole number from 1")

    def workers(self) -> int:
        """Return the number of tasks that run at the same time."""
        return self.processes or cores()

    def run(
        self, function: str, tasks: Iterable[Mapping[str, Any]], folder: Path
    ) -> Generator[Outcome]:
        """Run a function once for each task; see `Executor`."""
        waiting, running = iter(tasks), set[Future[Outcome]]()
        first = list(islice(waiting, self.workers()))
        workers = [Worker(self.timeout) for _ in first]
        idle = SimpleQueue[Worker]()
        for worker in workers:
            idle.put(worker)

        def work(task: Mapping[str, Any]) -> Outcome:
            worker = idle.get()
            try:
                return worker.do(function, task)
            finally:
                idle.put(worker)

        threads = ThreadPoolExecutor(max(1, len(workers)))
        try:
            running = {threads.submit(work, task) for task in first}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {threads.submit(work, task) for task in islice(waiting, len(done))}
                yield from (future.result() for future in done)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.stop()
            threads.shutdown()


class Worker:
    """A process that is started when it is needed, and again when it has ended.

    Args:
        timeout: seconds after which the process of a task is ended; None to wait for ever.
        attempts: how often a task is tried whose process ends.
    """

    def __init__(self, timeout: float | None, attempts: int = ATTEMPTS) -> None:
        self._timeout, self._attempts = timeout, attempts
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False

    def do(self, function: str, task: Mapping[str, Any]) -> Outcome:
        """Run a task; a process that ends under it is replaced, several times."""
        call = json.dumps({"function": function, "arguments": task})
        reason = ""
        for _ in range(self._attempts):
            if self._stopped:
                return Outcome(task, error="stopped")
            answer, reason = self._ask(call)
            if answer:
                return Outcome(task, **json.loads(answer))
        return Outcome(task, error=f"its process was {reason}, {self._attempts} times")

    def stop(self) -> None:
        """End the process at once."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _ask(self, call: str) -> tuple[str, str]:
        """Return the answer to a call, or "" and how the process ended."""
        if self._process is None or self._process.poll() is not None:
            self._process = _start()
        process = self._process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        timer = _Timer(self._timeout, process)
        try:
            process.stdin.write(f"{call}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            timer.cancel()
        return answer, "" if answer else _ending(process.wait(), timer.expired)


class _Timer:
    """Kills a process after a time."""

    def __init__(self, seconds: float | None, process: subprocess.Popen[str]) -> None:
        from threading import Timer

        self.expired = False
        self._process = process
        self._timer = None if seconds is None else Timer(seconds, self._expire)
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        self._process.kill()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _start() -> subprocess.Popen[str]:
    paths = os.pathsep.join(filter(None, [_SOURCES, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "tenfold.scale.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(make_scratch())},
    )


def _ending(code: int, timed_out: bool) -> str:
    if timed_out:
        return "ended because it took too long"
    if code < 0:
        memory = ", perhaps for lack of memory" if -code == getattr(signal, "SIGKILL", 9) else ""
        return f"killed by signal {-code}{memory}"
    return f"ended with code {code}"


def cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
