"""Serving a run while it is trained."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from uvicorn.supervisors.multiprocess import Process

from tenfold.core.errors import InputError
from tenfold.data.samples import locked
from tenfold.server.http.addresses import free_port, reserve
from tenfold.server.running import tell
from tenfold.server.settings import HOST, PORT, Settings
from tenfold.server.supervisor import SharedAddress, Workers, stop


class TrainingMonitor:
    """A worker process that serves the run which this process trains, until the block ends.

    Raises:
        InputError: no port is free.
    """

    def __init__(self) -> None:
        self._workers: Workers | None = None
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self._resources = ExitStack()
        port = free_port(HOST, PORT)
        if port is None:
            raise InputError(f"--serve: no free port near {PORT}")
        self._resources.enter_context(reserve(HOST, port))
        self._address = SharedAddress(HOST, port)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            stop([self._process])
        self._resources.close()

    def start(self, folder: Path) -> None:
        """Serve a run whose training is about to begin.

        Raises:
            InputError: the service cannot start.
        """
        samples = folder / "samples"
        self._resources.enter_context(locked(samples))
        self._workers = Workers(folder, samples, Settings(), self._address)
        self._process = self._workers.start()
        tell(f"live  http://{HOST}:{self._address.port}/#run   (stays until Ctrl-C)")

    def stay(self) -> None:
        """Continue to serve until SIGINT or SIGTERM."""
        if self._workers is None or self._process is None:
            return
        process, self._process = self._process, None
        self._workers.run(lambda: tell("the page stays open; Ctrl-C ends it"), [process])
