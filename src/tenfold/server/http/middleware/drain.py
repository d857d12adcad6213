"""Read the rest of a body that the application did not read."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.body import has_body, header

DRAIN_FACTOR = 4
"""At most this many times the body limit is read."""

DRAIN_SECONDS = 5.0

PAUSE_SECONDS = 0.05
"""Before the rest of a body is read: in a burst, all refusals are sent first."""


class DrainBody:
    """Middleware that reads the rest of the body after an early response is sent.

    Many clients send the whole body before they read the response; closing the connection earlier
    would reset it. The connection is closed after the body, or where it exceeds the bounds.

    Args:
        app: the application.
        body_bytes: the limit on the size of a body.
    """

    def __init__(self, app: ASGIApp, body_bytes: int) -> None:
        self.app, self.max_bytes = app, DRAIN_FACTOR * body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if not has_body(scope):
            await self.app(scope, receive, send)
            return
        complete = early = slow = False

        async def receive_tracked() -> Message:
            nonlocal complete
            message = await receive()
            # A disconnect ends the body, too.
            complete = not message.get("more_body", False)
            return message

        async def drain() -> None:
            size = 0
            await asyncio.sleep(PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    while not complete and size <= self.max_bytes:
                        size += len((await receive_tracked()).get("body", b""))

        async def send_early(message: Message) -> None:
            nonlocal early, slow
            if message["type"] == "http.response.start":
                early, slow = not complete, message["status"] == 408
                if early:
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            elif early and not message.get("more_body", False):
                # 100-continue: the client sends nothing before our response.
                waits = b"100-continue" in (header(scope, b"expect") or b"").lower()
                await send({**message, "more_body": True})
                if not (slow or waits):
                    await drain()
                message = {"type": "http.response.body"}
            await send(message)

        await self.app(scope, receive_tracked, send_early)
