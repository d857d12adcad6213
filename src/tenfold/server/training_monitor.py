"""The service beside a training: the run is looked at while it is trained."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tenfold.core.errors import InputError
from tenfold.data.samples import locked
from tenfold.server.http.addresses import free_port, listen
from tenfold.server.settings import HOST, PORT, Settings
from tenfold.server.workers import Crew


class Beside:
    """A process that serves a run, until the block ends.

    Raises:
        InputError: no port is free.
    """

    def __init__(self) -> None:
        self._crew: Crew | None = None

    def __enter__(self) -> Self:
        self._held = ExitStack()
        port = free_port(HOST, PORT)
        if port is None:
            raise InputError(f"--serve: no port from {PORT} on is free")
        (self._socket,) = listen(HOST, port)
        self._held.enter_context(self._socket)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def start(self, folder: Path) -> None:
        """Serve a run that is about to be trained.

        Raises:
            InputError: the service cannot start.
        """
        samples = folder / "samples"
        self._held.enter_context(locked(samples))
        crew = Crew(folder, samples, Settings(), [self._socket])
        self._crew = self._held.enter_context(crew)
        address = f"http://{HOST}:{self._socket.getsockname()[1]}"
        _say(f"live  {address}/#run   (stays until Ctrl-C)")

    def stay(self) -> None:
        """Go on serving until Ctrl-C or SIGTERM."""
        if self._crew is not None:
            _say("the page stays; Ctrl-C ends it")
            self._crew.watch()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
