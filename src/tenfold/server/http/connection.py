"""The connection: what uvicorn leaves unlimited, limited."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tenfold.server.http.errors import STATUS, ServiceError
from tenfold.server.settings import Limits

_PHRASES = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


class Connection(HttpToolsProtocol):
    """A connection whose headers must come in time and within bounds.

    Where there are too many connections already, it is closed at once.
    """

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._headers_came = 0
        self._within_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the headers of the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.close()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless headers go on and on."""
        if not self._within_body:
            self._headers_came += len(data)
            if self._timer is None:
                self._wait()
        super().data_received(data)
        if not self._within_body and self._headers_came > self.limits.headers:
            self._refuse(
                ServiceError("headers_too_large", f"headers of over {self.limits.headers:,} bytes")
            )

    def on_message_begin(self) -> None:
        """Count the headers of the next request from here."""
        self._within_body = False
        super().on_message_begin()
        self.scope["abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Let the request go on its way; from here the gate watches over it."""
        self._within_body, self._headers_came = True, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect headers again."""
        self._within_body = False
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close what is idle, by force where the caller does not take what was sent."""
        self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
            self.loop.call_later(self.limits.header_seconds, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the one shape of errors."""
        self._refuse(ServiceError("bad_request", "not HTTP/1.1 as it should be"))

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.limits.header_seconds, self._late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        seconds = self.limits.header_seconds
        self._refuse(ServiceError("request_slow", f"no headers within {seconds:g} s"))

    def _refuse(self, error: ServiceError) -> None:
        """Answer on the bare connection, unless an answer is under way, and close it."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if (
            cycle is None
            or cycle.response_complete
            or not (cycle.response_started or self.pipeline)
        ):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
            status, body = STATUS[error.code], error.body()
            head = (
                f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self._close()
