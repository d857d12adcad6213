"""Several processes that serve: started, watched, and ended together."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from tenfold.errors import InputError
from tenfold.server.settings import Limits, Settings

PATIENCE = 40
"""Seconds after which a worker that was told to end is killed."""

_PAUSE = 1.0  # seconds before a worker that ended by itself is started again

log = logging.getLogger("tenfold.server")


def supervise(
    what: Path | None,
    samples: Path,
    settings: Settings,
    sockets: Sequence[socket.socket],
    ready: Callable[[], None],
) -> None:
    """Serve in one process a socket, until SIGINT or SIGTERM.

    A worker that ends by itself is started again. Workers end with this process, however it ends.

    Raises:
        InputError: a worker cannot start.
    """
    asked = {
        "what": None if what is None else str(what),
        "samples": str(samples),
        "settings": asdict(settings),
    }
    with tempfile.TemporaryDirectory(prefix="tenfold-metrics-") as counts:
        crew = _Crew(json.dumps(asked), sockets, counts)
        try:
            crew.start()
            ready()
            crew.watch()
        finally:
            crew.end()


class _Crew:
    """The workers."""

    def __init__(self, asked: str, sockets: Sequence[socket.socket], counts: str) -> None:
        self._asked, self._sockets = asked, sockets
        self._environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": counts}
        self._workers: list[subprocess.Popen[str]] = []
        self._ending = False
        self._deaths = 0

    def start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_end)
        self._workers = [self._started(one) for one in self._sockets]
        for worker in self._workers:
            self._await_ready(worker)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        self._ending = True

    def _started(self, listener: socket.socket) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tenfold.server.worker", str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env=self._environment,
            text=True,
            start_new_session=True,  # Ctrl-C comes through this process alone
        )
        if worker.stdin is not None:  # stays open: its end tells the worker that we ended
            worker.stdin.write(self._asked + "\n")
            worker.stdin.flush()
        return worker

    def _await_ready(self, worker: subprocess.Popen[str]) -> None:
        line = "" if worker.stdout is None else worker.stdout.readline()
        if line.strip() != "ready" and not self._ending:
            raise InputError(line.strip() or "a worker ended as it started")

    def watch(self) -> None:
        """Until told to end: start again whoever ended."""
        while not self._ending:
            time.sleep(0.1)
            for i, worker in enumerate(self._workers):
                if worker.poll() is not None and not self._ending:
                    log.error("worker %s ended by itself (%s)", worker.pid, worker.returncode)
                    self._deaths += 1
                    time.sleep(min(_PAUSE * self._deaths, 10 * _PAUSE))
                    self._workers[i] = self._started(self._sockets[i])

    def end(self) -> None:
        """Tell all to end, and wait until they have answered what is in flight."""
        for worker in self._workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        for worker in self._workers:
            try:
                worker.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()


def settings_from(values: dict[str, object]) -> Settings:
    """Settings as a worker got them."""
    limits = Limits(**values.pop("limits"))  # type: ignore[arg-type]
    hosts = tuple(values.pop("hosts"))  # type: ignore[arg-type,var-annotated]
    return Settings(**values, hosts=hosts, limits=limits)  # type: ignore[arg-type]
