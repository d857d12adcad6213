"""Serving in one process."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from tenfold.server.api.service import Service
from tenfold.server.app import application
from tenfold.server.http.uvicorn_config import uvicorn_config
from tenfold.server.settings import Settings
from tenfold.server.target import Target


def serve(
    target: Target,
    samples: Path,
    settings: Settings,
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Serve in this process until SIGINT or SIGTERM.

    Args:
        target: what is served.
        samples: the folder of samples.
        settings: of the service.
        listener: the listening socket.
        ready: called once requests are answered.

    Raises:
        InputError: the model file cannot be used.
    """
    app = application(Service(target, samples, settings))
    # uvicorn raises the signal again after its shutdown; here this must not end the process.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _Server(uvicorn_config(app, settings.limits), ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
