"""The error type of the service: stable codes and one JSON shape."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from starlette.responses import Response

from tenfold.core.errors import InputError
from tenfold.server.http.responses import json_response

P = ParamSpec("P")
T = TypeVar("T")

STATUS = {
    "bad_request": 400,
    "body_malformed": 400,
    "unauthorized": 401,
    "origin_refused": 403,
    "role_refused": 403,
    "not_found": 404,
    "no_run": 404,
    "sample_unknown": 404,
    "version_unknown": 404,
    "method_not_allowed": 405,
    "request_slow": 408,
    "conflict": 409,
    "body_too_large": 413,
    "type_unsupported": 415,
    "host_refused": 421,
    "image_size": 422,
    "image_too_large": 422,
    "image_unreadable": 422,
    "images_too_many": 422,
    "invalid": 422,
    "tokens_too_many": 429,
    "headers_too_large": 431,
    "internal": 500,
    "busy": 503,
    "not_ready": 503,
    "timeout": 504,
    "storage": 507,
}
"""Every error code with its HTTP status. A published code never changes its meaning."""


RETRY_SECONDS = {"busy": 1, "not_ready": 1}
"""``Retry-After`` of the errors that pass by themselves, where the time is not known better."""


class ServiceError(Exception):
    """An error that is sent to the client.

    Args:
        code: a key of ``STATUS``.
        message: one line: what was received, what is allowed, what to do.
        details: additional values for programs, of plain JSON types.
        headers: additional headers of the response.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, " ".join(message.split()), details
        self.status = STATUS[code]
        self.headers = dict(headers or {})
        if code in RETRY_SECONDS:
            self.headers.setdefault("retry-after", str(RETRY_SECONDS[code]))

    def response(self) -> Response:
        """Return the error as a JSON response."""
        error = {"code": self.code, "message": self.message, "status": self.status}
        content = {"error": error | ({"details": self.details} if self.details else {})}
        return json_response(content, self.status, self.headers)


async def conflict(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread; its error means that the state does not allow it.

    Raises:
        ServiceError: it raises ``InputError``.
    """
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except InputError as error:
        raise ServiceError("conflict", str(error)) from None
