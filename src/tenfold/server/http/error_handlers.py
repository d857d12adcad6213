"""Error responses for exceptions in routes, in the JSON shape of ``ServiceError``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from tenfold.core.errors import InputError
from tenfold.server.http.body import invalid
from tenfold.server.http.errors import ServiceError, internal_error


def add_error_handlers(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Register the handlers.

    Args:
        app: the application.
        routers: all its routers, for the ``Allow`` header.
    """

    def http_exception(request: Request, error: Any) -> Response:
        target = f"{request.method} {request.url.path}"[:200]
        if error.status_code == 404:
            return ServiceError("not_found", f"{target}: not found; see /docs").response()
        if error.status_code == 405:
            methods = _allowed_methods(routers, request.scope)
            return ServiceError(
                "method_not_allowed",
                f"{target}: method not allowed; see /docs",
                headers={"allow": ", ".join(methods)} if methods else None,
            ).response()
        return ServiceError("bad_request", str(error.detail)).response()

    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(Exception, _unexpected)


def _service_error(_: Request, error: Any) -> Response:
    response: Response = error.response()
    return response


def _input_error(_: Request, error: Exception) -> Response:
    return ServiceError("invalid", str(error)).response()


def _validation_error(_: Request, error: Any) -> Response:
    first = error.errors()[0]
    return invalid(first["loc"][1:], first["msg"]).response()  # without "query" or "path"


def _unexpected(_: Request, error: Exception) -> Response:
    return internal_error().response()  # Starlette re-raises it, and the middleware logs it


def _allowed_methods(routers: Sequence[APIRouter], scope: Scope) -> list[str]:
    methods = set[str]()
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)
