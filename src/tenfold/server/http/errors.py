"""The one shape of every error that the service answers with, and its stable codes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tenfold.server.api.answers import as_json

STATUS = {
    "bad_request": 400,
    "body_malformed": 400,
    "unauthorized": 401,
    "origin_refused": 403,
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
    "headers_too_large": 431,
    "internal": 500,
    "busy": 503,
    "not_ready": 503,
    "timeout": 504,
    "storage": 507,
}
"""Every code, and the HTTP status it comes with. A code, once given out, keeps its meaning."""


class ServiceError(Exception):
    """A request that cannot be answered.

    Args:
        code: one of ``STATUS``.
        message: one clear line: what came, what is allowed, what to do.
        details: more for programs, of plain JSON types.
        headers: to send along.
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
        self.headers = headers

    def body(self) -> bytes:
        """The error as JSON."""
        error = {"code": self.code, "message": self.message, "status": STATUS[self.code]}
        return as_json({"error": error | ({"details": self.details} if self.details else {})})

    def response(self) -> Response:
        """The error as a response."""
        return Response(self.body(), STATUS[self.code], self.headers, "application/json")
