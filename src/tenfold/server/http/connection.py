"""uvicorn's configuration, and a connection with the limits that uvicorn lacks.

uvicorn has no setting for the time and size of headers with httptools, answers malformed requests
in plain text, and answers 503 over ``limit_concurrency`` while a connection stays open. Slow or
endless headers would hold connections forever, as ``tests/server/test_limits.py``
tries. ``tests/server/test_connection.py`` names the attributes of uvicorn that this module uses,
and ``pyproject.toml`` bounds its version.
"""

from __future__ import annotations

import asyncio
import functools
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tenfold.server.http.errors import ServiceError
from tenfold.server.http.middleware.request_headers import headers_too_large
from tenfold.server.settings import Limits

GRACE_SECONDS = 30
"""Time that requests in flight have to finish during a graceful shutdown."""


def uvicorn_config(app: Any, limits: Limits, **options: Any) -> uvicorn.Config:
    """Return the configuration of a server.

    Args:
        app: the application, or with ``factory=True`` a function that creates it.
        limits: on requests and connections.
        **options: further options of ``uvicorn.Config``.
    """
    protocol: Any = functools.partial(Connection, limits=limits)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )


class Connection(HttpToolsProtocol):
    """A connection that limits the time and the size of headers.

    If there are too many connections, the one that has waited for its
    client for the longest time is closed.

    Args:
        limits: the limits on requests.
        **kwargs: arguments of uvicorn's protocol class.
    """

    def __init__(self, *, limits: Limits, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.limits = limits
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._in_body = False
        self._waits_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the headers of the first request."""
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self._make_room()
        if not transport.is_closing():
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data, and refuse headers over the limit."""
        if not self._in_body:
            self._header_bytes += len(data)
            if self._header_timer is None:
                self._start_timer()
        super().data_received(data)
        if not self._in_body and self._header_bytes > self.limits.header_bytes:
            self._reject(headers_too_large(self.limits))

    def on_message_begin(self) -> None:
        """Begin to count the headers of the next request."""
        self._in_body = False
        super().on_message_begin()
        self.scope["abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Stop the timer; from here the middleware limits the request."""
        self._in_body, self._header_bytes = True, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect headers again."""
        self._in_body = False
        if not self.cycle.response_complete:
            self._waits_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the client again."""
        if not self.pipeline:
            self._waits_since = self.loop.time()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, by force if the client does not read what was sent."""
        self._close()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request with an error in JSON."""
        self._reject(ServiceError("bad_request", "not a valid HTTP/1.1 request"))

    def _make_room(self) -> None:
        """Abort the connection that has waited for its client for the longest time.

        Clients that hold connections open must not keep others, or health checks, from answers.
        """
        oldest, since = self, self.loop.time()
        for one in self.connections:
            if isinstance(one, Connection) and (one._waits_since or since) < since:
                oldest, since = one, one._waits_since or since
        self.connections.discard(oldest)
        oldest.transport.abort()

    def _start_timer(self) -> None:
        self._header_timer = self.loop.call_later(
            self.limits.header_seconds, self._reject_slow_headers
        )

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _reject_slow_headers(self) -> None:
        seconds = self.limits.header_seconds
        self._reject(ServiceError("request_slow", f"no headers within {seconds:g} s"))

    def _reject(self, error: ServiceError) -> None:
        """Send an error, unless another response is under way, and close the connection."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        between_responses = cycle is None or cycle.response_complete
        if between_responses or not (cycle.response_started or self.pipeline):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
            body = bytes(error.response().body)
            head = (
                f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
                "content-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
            self.loop.call_later(self.limits.header_seconds, self.transport.abort)
