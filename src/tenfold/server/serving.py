"""Serving in one process: the application in uvicorn, from ready to the last answer."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from tenfold.server.api.service import Service
from tenfold.server.app import application
from tenfold.server.http.connection import Connection
from tenfold.server.settings import Settings
from tenfold.server.target import Subject

GRACE = 30
"""Seconds that requests in flight have once the service is told to end."""


def serve(
    subject: Subject,
    samples: Path,
    settings: Settings,
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Serve in this process.

    Args:
        subject: what is served.
        samples: the folder of samples.
        settings: who may call, and the limits.
        listener: the socket.
        ready: called once requests are answered.
    """
    connection = type("Connection", (Connection,), {"limits": settings.limits})
    config = uvicorn.Config(
        application(Service(subject, samples, settings)),
        http=connection,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that tells when it is ready, and whose end by a signal is no error."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What is there now stays: going through it again and again takes tens of
            # milliseconds, in which nobody is answered.
            gc.collect()
            gc.freeze()
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        ends = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self._end) for one in ends}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
