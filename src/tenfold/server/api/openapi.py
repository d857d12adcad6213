"""What a route tells of itself for OpenAPI."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tenfold.server.api.answers import as_json
from tenfold.server.api.schemas import Error
from tenfold.server.http.errors import STATUS

JSON = "application/json"
EVERYWHERE = (
    "bad_request",
    "unauthorized",
    "origin_refused",
    "host_refused",
    "request_slow",
    "body_too_large",
    "timeout",
)
"""Errors that the gate may answer with, whatever is asked."""


def told(model: type | None, *codes: str, status: int = 200, **kinds: Any) -> dict[str, Any]:
    """Arguments of a route: what it answers with, and by which errors.

    Args:
        model: of the answer as JSON; None where it is something else.
        codes: of its own errors.
        status: of the answer.
        kinds: other answers by their status, such as ``_304``.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*EVERYWHERE, *codes):
        by_status.setdefault(STATUS[code], []).append(code)
    errors = {
        number: {"model": Error, "description": ", ".join(found)}
        for number, found in sorted(by_status.items())
    }
    own = {} if model is None else {status: {"model": model, "description": "The answer."}}
    others = {int(name.removeprefix("_")): value for name, value in kinds.items()}
    return {"status_code": status, "responses": {**own, **others, **errors}}


def body(**kinds: dict[str, Any]) -> dict[str, Any]:
    """The bodies that a route takes, by media type; ``__`` stands for the slash, ``_`` for -."""
    content = {
        name.replace("__", "/").replace("_", "-"): {"schema": schema}
        for name, schema in kinds.items()
    }
    return {"requestBody": {"required": True, "content": content}}


BINARY = {"type": "string", "format": "binary"}


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response of JSON."""
    return Response(as_json(value), status, headers, JSON)
