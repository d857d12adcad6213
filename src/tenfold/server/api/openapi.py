"""The OpenAPI description: what FastAPI does not derive from types, and how readers see it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from tenfold.server.api.schemas import Error
from tenfold.server.http.errors import STATUS
from tenfold.server.http.middleware.access import COOKIE, PUBLIC_PATHS, cookie_name

COMMON_ERRORS = (
    "bad_request",
    "unauthorized",
    "role_refused",
    "tokens_too_many",
    "headers_too_large",
    "origin_refused",
    "host_refused",
    "request_slow",
    "body_too_large",
    "timeout",
)
"""Errors of the middleware, which every endpoint can answer with."""

BINARY: dict[str, Any] = {"type": "string", "format": "binary"}


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


def one_field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a JSON object or form with one required field."""
    return {"type": "object", "required": [name], "properties": {name: schema}}


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


def describe_access(app: FastAPI) -> None:
    """Add the ways in which clients send the token to the description, and what needs none."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            schema.setdefault("components", {})["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": f"{COOKIE}-PORT",
                    "description": "Set by the page; named after the port of the service.",
                },
            }
            # The empty alternative: services on this machine alone need no token.
            schema["security"] = [{"token": []}, {"cookie": []}, {}]
            for path in PUBLIC_PATHS:
                schema["paths"][path]["get"]["security"] = []
        return app.openapi_schema or schema

    app.openapi = openapi  # type: ignore[method-assign]


def at_host(schema: dict[str, Any], host: str) -> dict[str, Any]:
    """Return the description with the name that the cookie has at a host, such as 127.0.0.1:80."""
    schemes = schema["components"]["securitySchemes"]
    cookie = {**schemes["cookie"], "name": cookie_name(host.encode("latin-1")).decode()}
    components = {**schema["components"], "securitySchemes": {**schemes, "cookie": cookie}}
    return {**schema, "components": components}


def operations(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations by their tag, with path, method and specific error codes."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            names = [one["description"] for one in operation["responses"].values()]
            codes = {code for one in names for code in one.split(", ")} & set(STATUS)
            row = {
                "path": path,
                "method": method.upper(),
                "codes": sorted(codes - set(COMMON_ERRORS)),
                **operation,
            }
            groups.setdefault(operation["tags"][0], []).append(row)
    return groups


def type_name(schema: dict[str, Any]) -> str:
    """Describe a JSON type in a few words.

    Example:
        >>> type_name({"type": "array", "items": {"$ref": "#/components/schemas/Answer"}})
        'list of Answer'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_name(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("format") == "binary":
        return "bytes"
    return str(schema.get("type", "anything"))
