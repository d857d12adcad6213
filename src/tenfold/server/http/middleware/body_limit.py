"""Limit the size of a body, and the memory of all bodies."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.body import header
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Limits


class BodyLimit:
    """Middleware that refuses a body over the limit, with or without a ``Content-Length``.

    It also counts the bytes of all bodies that are in memory, and refuses more than
    ``limits.buffered_bytes`` at once.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits, self.buffered = app, limits, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: the body is too large, or too many bodies are in memory.
        """
        self._check_length(header(scope, b"content-length") or b"0")
        size = 0

        async def receive_limited() -> Message:
            nonlocal size
            message = await receive()
            length = len(message.get("body", b""))
            size += length
            self.buffered += length
            if size > self.limits.body_bytes or self.buffered > self.limits.buffered_bytes:
                too_large = size > self.limits.body_bytes
                self.buffered -= size
                size = 0
                if too_large:
                    raise self._too_large()
                raise ServiceError("busy", "too many large requests at once; try again later")
            return message

        try:
            await self.app(scope, receive_limited, send)
        finally:
            self.buffered -= size

    def _check_length(self, length: bytes) -> None:
        if not length.isdigit():
            raise ServiceError("bad_request", "Content-Length: not a number")
        if int(length) > self.limits.body_bytes:
            raise self._too_large()

    def _too_large(self) -> ServiceError:
        limit = self.limits.body_bytes
        return ServiceError(
            "body_too_large",
            f"the body is over {limit:,} bytes; send fewer or smaller images at once",
            {"limit": limit},
        )
