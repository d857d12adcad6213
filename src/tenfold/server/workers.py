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
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Self

from tenfold.core.errors import InputError
from tenfold.server.settings import Limits, Settings

PATIENCE = 40
"""Seconds after which a worker that was told to end is killed."""

_PAUSE = 1.0  # seconds before a worker that ended by itself is started again

log = logging.getLogger("tenfold.server")


class Crew:
    """Worker processes, one a socket, which end with the block, however that ends.

    Args:
        what: the run or file to serve; None for the shipped reader.
        samples: the folder of samples.
        settings: who may call, and the limits.
        sockets: that listen.

    Raises:
        InputError: a worker cannot start.
    """

    def __init__(
        self,
        what: Path | None,
        samples: Path,
        settings: Settings,
        sockets: Sequence[socket.socket],
    ) -> None:
        asked = {
            "what": None if what is None else str(what),
            "samples": str(samples),
            "settings": asdict(settings),
        }
        self._asked, self._sockets = json.dumps(asked), sockets
        self._environment = dict(os.environ)
        self._workers: list[subprocess.Popen[str]] = []
        self._ending, self._deaths = False, 0

    def __enter__(self) -> Self:
        self._held = ExitStack()
        if len(self._sockets) > 1:  # each counts for itself, and any of them tells the sum
            counts = tempfile.TemporaryDirectory(prefix="tenfold-metrics-")
            self._environment["PROMETHEUS_MULTIPROC_DIR"] = self._held.enter_context(counts)
        try:
            self._workers = [self._started(one) for one in self._sockets]
            for worker in self._workers:
                self._await_ready(worker)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._held.close()

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
            process_group=0,  # Ctrl-C comes through this process alone
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
        """Until SIGINT or SIGTERM: start again whoever ended."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_end)
        while not self._ending:
            time.sleep(0.1)
            for i, worker in enumerate(self._workers):
                if worker.poll() is not None and not self._ending:
                    log.error("worker %s ended by itself (%s)", worker.pid, worker.returncode)
                    self._deaths += 1
                    time.sleep(min(_PAUSE * self._deaths, 10 * _PAUSE))
                    self._workers[i] = self._started(self._sockets[i])

    def _end(self) -> None:
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
