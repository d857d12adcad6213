"""Turn exceptions into error responses."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.server.http.errors import ServiceError, internal_error

log = logging.getLogger("tenfold.server")


class ErrorResponses:
    """Middleware that answers with an error response when the application raises.

    If the response has begun already, the connection is aborted: the client must not take a
    truncated response for a complete one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        started = complete = False

        async def send_tracked(message: Message) -> None:
            nonlocal started, complete
            await send(message)
            started = True
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self.app(scope, receive, send_tracked)
        except Exception as error:
            if not isinstance(error, ServiceError):
                log.exception("%s %s", scope["method"], scope["path"])
                error = internal_error()
            if not started:
                await error.response()(scope, receive, send)
            elif not complete and "abort" in scope:  # set by connection.Connection
                scope["abort"]()
