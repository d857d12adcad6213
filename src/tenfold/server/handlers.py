"""Whatever goes wrong behind the gate, as the one shape of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tenfold.errors import InputError
from tenfold.server.errors import ServiceError

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def add_handlers(app: FastAPI) -> None:
    """Have an application answer errors in the one shape."""
    app.add_exception_handler(ServiceError, _told)
    app.add_exception_handler(InputError, _input)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _by_status)
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


def _by_status(request: Request, error: Any) -> Response:
    code = _BY_STATUS.get(error.status_code, "bad_request")
    asked = f"{request.method} {request.url.path}"[:200]
    message = {
        "not_found": f"{asked}: there is nothing there; see /docs",
        "method_not_allowed": f"{asked}: not with this method; see /docs",
    }.get(code, str(error.detail))
    return ServiceError(code, message, headers=dict(error.headers or {})).response()


def _internal(_: Request, error: Exception) -> Response:
    return ServiceError("internal", "a fault of the service, which its log tells").response()
