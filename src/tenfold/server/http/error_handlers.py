"""Whatever goes wrong behind the gate, as the one shape of errors."""

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
from tenfold.server.http.errors import ServiceError

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def add_handlers(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Have an application answer errors in the one shape.

    Args:
        app: the application.
        routers: all that it answers with.
    """

    def by_status(request: Request, error: Any) -> Response:
        methods = _methods(routers, request.scope) if error.status_code == 405 else []
        return _by_status(request, error, {"allow": ", ".join(methods)} if methods else {})

    app.add_exception_handler(ServiceError, _told)
    app.add_exception_handler(InputError, _input)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(Exception, _internal)


def _told(_: Request, error: Any) -> Response:
    answer: Response = error.response()
    return answer


def _input(_: Request, error: Exception) -> Response:
    return ServiceError("invalid", str(error)).response()


def _invalid(_: Request, error: Any) -> Response:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return ServiceError("invalid", f"{place}: {first['msg']}").response()


def _methods(routers: Sequence[APIRouter], scope: Scope) -> list[str]:
    """What a path can be asked with."""
    found = set[str]()
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)


def _by_status(request: Request, error: Any, headers: dict[str, str]) -> Response:
    code = _BY_STATUS.get(error.status_code, "bad_request")
    asked = f"{request.method} {request.url.path}"[:200]
    message = {
        "not_found": f"{asked}: there is nothing there; see /docs",
        "method_not_allowed": f"{asked}: not with this method; see /docs",
    }.get(code, str(error.detail))
    return ServiceError(code, message, headers=headers).response()


def _internal(_: Request, error: Exception) -> Response:
    return ServiceError("internal", "a fault of the service, which its log tells").response()
