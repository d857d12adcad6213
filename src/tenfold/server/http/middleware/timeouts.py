"""Limit the time of a request."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.body import has_body
from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import Limits


class Timeouts:
    """Middleware with two timeouts: one until the body is complete, then one for the response."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.body_seconds, self.response_seconds = limits.body_seconds, limits.response_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            ServiceError: a timeout has passed.
        """
        reading = has_body(scope)

        async def receive_timed() -> Message:
            nonlocal reading
            message = await receive()
            if reading and not message.get("more_body", False):
                reading = False
                now = asyncio.get_running_loop().time()
                timeout.reschedule(now + self.response_seconds)
            return message

        try:
            seconds = self.body_seconds if reading else self.response_seconds
            async with asyncio.timeout(seconds) as timeout:
                await self.app(scope, receive_timed, send)
        except TimeoutError:
            if not timeout.expired():
                raise
            if reading:
                message = f"the body was not complete within {self.body_seconds:g} s"
                raise ServiceError("request_slow", message) from None
            message = f"no response within {self.response_seconds:g} s"
            raise ServiceError("timeout", message) from None
