"""Reading the headers and the body of a request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from tenfold.server.http.errors import ServiceError
from tenfold.server.http.responses import JSON

OCTETS, FORM = "application/octet-stream", "multipart/form-data"

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


async def read_body(request: Request) -> bytes:
    """Return the body of a request, whose size the middleware limits.

    Raises:
        ServiceError: the client disconnected before the body was complete.
    """
    try:
        return await request.body()
    except ClientDisconnect:
        raise disconnected() from None


def disconnected() -> ServiceError:
    """Return the error for a client that disconnects while it sends the body, or waits."""
    return ServiceError("bad_request", "the client disconnected")


async def while_connected(request: Request, job: Coroutine[Any, Any, T]) -> T:
    """Return the result of a job, and cancel it if the client disconnects before.

    Args:
        request: whose body is complete.
        job: what the client waits for.

    Raises:
        ServiceError: the client has disconnected.
    """
    task, gone = asyncio.create_task(job), asyncio.create_task(_disconnect(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise disconnected()
        return await task
    finally:
        task.cancel()
        gone.cancel()


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a header, or None: cheaper than Starlette's ``Headers``.

    Args:
        scope: of an HTTP request.
        name: in lower case.
    """
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


def headers(scope: Scope, name: bytes) -> list[bytes]:
    """Return all values of a header that may be repeated.

    Args:
        scope: of an HTTP request.
        name: in lower case.
    """
    return [bytes(value) for key, value in scope["headers"] if key == name]


def announced_bytes(scope: Scope) -> int:
    """Return the length of the body that the headers announce; 0 without a length."""
    length = header(scope, b"content-length") or b""
    return int(length) if length.isdigit() else 0


def has_body(scope: Scope) -> bool:
    """Whether the headers of a request announce a body."""
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in scope["headers"]
    )


def content_type(request: Request) -> str:
    """Return the ``Content-Type`` header, or an empty string."""
    return (header(request.scope, b"content-type") or b"").decode("latin-1")


def media_type(kind: str) -> str:
    """Return the media type of a ``Content-Type`` header, without its parameters.

    Example:
        >>> media_type("Text/HTML; charset=utf-8")
        'text/html'
    """
    return kind.partition(";")[0].strip().lower()


def unsupported(kind: str, allowed: str) -> ServiceError:
    """Return the error for a media type that an endpoint does not accept."""
    return ServiceError("type_unsupported", f"Content-Type: {kind[:100]!r}; send {allowed}")


def parse_json(kind: str, body: bytes) -> dict[str, Any]:
    """Parse a body as a JSON object.

    Args:
        kind: the ``Content-Type`` header.
        body: the body.

    Raises:
        ServiceError: the media type is not JSON, or the body is not a JSON object.
    """
    if media_type(kind) != JSON:
        raise unsupported(kind, JSON)
    try:
        values = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ServiceError("body_malformed", "the body is not JSON in UTF-8") from None
    if not isinstance(values, dict):
        raise ServiceError("body_malformed", "the body is JSON, but not an object {...}")
    return values


async def parse_model(request: Request, model: type[M]) -> M:
    """Parse and validate a JSON body.

    Raises:
        ServiceError: the body is not JSON, or does not match the model.
    """
    values = parse_json(content_type(request), await read_body(request))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error.errors()[0]["loc"], error.errors()[0]["msg"]) from None


def invalid(location: tuple[Any, ...], message: str) -> ServiceError:
    """Return the error for a value that fails validation.

    Args:
        location: names and indices that lead to the value.
        message: what is wrong with it.
    """
    return ServiceError("invalid", f"{'.'.join(map(str, location)) or 'body'}: {message}")


def _refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python's parser accepts and JSON does not have."""
    raise ValueError(name)
