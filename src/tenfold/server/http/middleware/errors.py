"""Turn exceptions into error responses: in routes by handlers, around them by middleware."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenfold.core.errors import InputError
from tenfold.server.http.body import invalid
from tenfold.server.http.errors import ServiceError

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
                error = _internal_error()
            if not started:
                await error.response()(scope, receive, send)
            elif not complete and "abort" in scope:  # set by connection.Connection
                scope["abort"]()


def add_error_handlers(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Answer exceptions in routes in the JSON shape of ``ServiceError``.

    Args:
        app: the application.
        routers: all its routers, for the ``Allow`` header.
    """

    def respond(request: Request, error: Exception) -> Response:
        return _service_error(error, request, routers).response()

    for kind in (ServiceError, InputError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, respond)


def _service_error(
    error: Exception, request: Request, routers: Sequence[APIRouter]
) -> ServiceError:
    target = f"{request.method} {request.url.path}"[:200]
    match error:
        case ServiceError():
            return error
        case InputError():
            return ServiceError("invalid", str(error))
        case RequestValidationError():
            first = error.errors()[0]
            return invalid(first["loc"][1:], first["msg"])  # without "query" or "path"
        case HTTPException(status_code=404):
            return ServiceError("not_found", f"{target}: not found; see /docs")
        case HTTPException(status_code=405):
            methods = _allowed_methods(routers, request.scope)
            return ServiceError(
                "method_not_allowed",
                f"{target}: method not allowed; see /docs",
                headers={"allow": ", ".join(methods)} if methods else None,
            )
        case HTTPException():
            return ServiceError("bad_request", str(error.detail))
    return _internal_error()  # Starlette raises the exception again, and the middleware logs it


def _internal_error() -> ServiceError:
    return ServiceError("internal", "unexpected error; the log of the service has the details")


def _allowed_methods(routers: Sequence[APIRouter], scope: Scope) -> list[str]:
    methods = set[str]()
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
