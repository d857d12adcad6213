"""Descriptions of endpoints for OpenAPI, beyond what FastAPI derives from their types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tenfold.server.api.schemas import Error
from tenfold.server.http.errors import STATUS

COMMON_ERRORS = (
    "bad_request",
    "unauthorized",
    "origin_refused",
    "host_refused",
    "request_slow",
    "body_too_large",
    "timeout",
)
"""Errors of the middleware, which every endpoint can answer with."""

BINARY = {"type": "string", "format": "binary"}


def responses(*codes: str, **contents: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` argument of a route.

    Args:
        *codes: error codes of the endpoint, besides ``COMMON_ERRORS``.
        **contents: other responses by their status, such as ``_304``.
    """
    by_status: dict[int, list[str]] = {}
    for code in (*COMMON_ERRORS, *codes):
        by_status.setdefault(STATUS[code], []).append(code)
    described: dict[int | str, dict[str, Any]] = {
        int(name.removeprefix("_")): content for name, content in contents.items()
    }
    for status, names in sorted(by_status.items()):
        described[status] = {"model": Error, "description": ", ".join(names)}
    return described


def media(
    description: str, media_type: str, schema: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the description of a response that is not JSON."""
    return {
        "description": description,
        "content": {media_type: {"schema": schema} if schema else {}},
    }


def request_body(contents: dict[str, dict[str, Any] | type[BaseModel]]) -> dict[str, Any]:
    """Return the ``openapi_extra`` argument of a route that reads its body itself.

    Args:
        contents: the schema of each media type.
    """
    return {
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": schema if isinstance(schema, dict) else schema.model_json_schema()}
                for kind, schema in contents.items()
            },
        }
    }
