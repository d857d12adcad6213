"""Serve one declared route without FastAPI's layers around it."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tenfold.server.http.body import invalid


def fast_path(route: Route) -> ASGIApp:
    """Return an application that serves a route from its declaration.

    The endpoint takes the request and query parameters, and returns a ``Response``. Parameters
    are validated by their declared types, with the same error messages as FastAPI's.

    Measured for ``POST /v1/predict`` with one PNG: 0.40 ms of CPU time this way, 0.70 ms through
    FastAPI (routing, dependencies, exit stacks); medians 0.58 and 0.83 ms. Lowest and median of 9
    alternating rounds of 592 requests, 16 at once, in process behind the same middleware, on a
    busy machine of 2 cores; FastAPI 0.165, Starlette 1.10, Python 3.11.
    """
    types = get_type_hints(route.endpoint, include_extras=True)
    parameters = inspect.signature(route.endpoint).parameters
    query: dict[str, TypeAdapter[Any]] = {
        name: TypeAdapter(types[name]) for name in parameters if name != "request"
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        values = {}
        if scope["query_string"]:
            text = scope["query_string"].decode("latin-1")
            for name, value in parse_qsl(text, keep_blank_values=True):
                if name in query:
                    try:
                        values[name] = query[name].validate_python(value)
                    except ValidationError as error:
                        raise invalid((name,), error.errors()[0]["msg"]) from None
        response = await route.endpoint(request=Request(scope, receive), **values)
        await response(scope, receive, send)

    return app
