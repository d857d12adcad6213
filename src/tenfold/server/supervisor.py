"""Worker processes, supervised by uvicorn."""

from __future__ import annotations

import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from tenfold.core.errors import InputError
from tenfold.server.http.addresses import listen
from tenfold.server.http.connection import GRACE_SECONDS, uvicorn_config
from tenfold.server.settings import METRICS_FOLDER, Settings

START_SECONDS = 120.0
"""Time in which a worker process must be ready to serve."""

HEALTH_SECONDS = 30
"""Time after which a worker process that does not answer its health check is replaced."""


@dataclass(frozen=True)
class SharedAddress:
    """An address that becomes a listening socket when it is unpickled in a worker process.

    uvicorn passes the same sockets to all workers, where an event loop that wakes up accepts all
    connections that wait. A socket for each worker (``SO_REUSEPORT``) lets Linux spread them.
    """

    host: str
    port: int

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial(listen, shared=True), (self.host, self.port)


class Workers:
    """What worker processes serve, and how they are started and stopped.

    Args:
        what: the run or model file; None for the packed reader.
        samples: the folder of samples.
        settings: of the service.
        address: where the workers listen.
        count: number of processes.
    """

    def __init__(
        self,
        what: Path | None,
        samples: Path,
        settings: Settings,
        address: SharedAddress,
        count: int = 1,
    ) -> None:
        self._errors, errors = multiprocessing.Pipe(duplex=False)
        self.config: Config = uvicorn_config(
            functools.partial(create_app, what, samples, settings, errors),
            settings.limits,
            factory=True,
            workers=count,
            timeout_worker_healthcheck=HEALTH_SECONDS,
        )
        self.sockets: list[Any] = [address]
        # uvicorn's messages about its workers; errors are raised by ``check`` instead.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    def start(self) -> Process:
        """Start one process.

        Raises:
            InputError: it cannot serve.
        """
        process = Process(self.config, self.sockets)
        process.start()
        if not process.wait_until_ready(START_SECONDS):
            stop([process])
            self.check()
            raise InputError("a worker process ended at its start")
        return process

    def check(self) -> None:
        """Raise the error with which a worker process could not start, if there is one."""
        if self._errors.poll():
            raise InputError(self._errors.recv())

    def run(self, ready: Callable[[], None], started: Sequence[Process] = ()) -> None:
        """Serve until SIGINT or SIGTERM.

        Args:
            ready: called once all workers serve.
            started: processes that serve already; by default all are started.

        Raises:
            InputError: a worker cannot start.
        """
        with _shared_metrics(self.config.workers):
            _Supervisor(self.config, self.sockets, ready, started).run()
        self.check()


class _Supervisor(Multiprocess):
    """uvicorn's supervisor, with a message at the start and a time limit at the end."""

    def __init__(
        self,
        config: Config,
        sockets: list[Any],
        ready: Callable[[], None],
        started: Sequence[Process],
    ) -> None:
        super().__init__(config, sockets)
        self._ready, self.processes = ready, list(started)

    def init_processes(self) -> None:
        if not self.processes:
            super().init_processes()
        if all(one.wait_until_ready(START_SECONDS, self.should_exit) for one in self.processes):
            self._ready()

    def terminate_all(self) -> None:
        stop(self.processes)


def stop(processes: Sequence[Process]) -> None:
    """Shut processes down gracefully, and kill those that take too long."""
    for worker in processes:
        worker.terminate()
    deadline = time.monotonic() + GRACE_SECONDS + 10
    for worker in processes:
        worker.process.join(max(0.1, deadline - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()


def create_app(what: Path | None, samples: Path, settings: Settings, errors: Connection) -> ASGIApp:
    """Create the application in a worker process, which ends with its parent process."""
    from tenfold.server.api.service import Service
    from tenfold.server.app import application
    from tenfold.server.target import resolve_target

    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        return application(Service(resolve_target(what), samples, settings))
    except InputError as error:
        errors.send(str(error))
        sys.exit(STARTUP_FAILURE)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Let several workers share their counters in a temporary folder."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="tenfold-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[METRICS_FOLDER]
