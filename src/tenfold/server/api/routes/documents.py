"""How to call the service, as a page that needs nothing else and as OpenAPI's JSON."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from tenfold.server.api.openapi import EVERYWHERE
from tenfold.server.http.errors import STATUS

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


def documents(app: FastAPI) -> APIRouter:
    """The route of the page, for an application."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    async def docs() -> Response:
        return Response(page(app), media_type="text/html")

    return routes


@cache
def page(app: FastAPI) -> str:
    """What OpenAPI tells of an application, as HTML."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    schema = app.openapi()
    return environment.get_template("docs.html").render(
        info=schema["info"],
        groups=_groups(schema),
        schemas=schema.get("components", {}).get("schemas", {}),
        codes=STATUS,
        name_of=_name_of,
    )


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations by their tag, each with its path, its method and errors of its own."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            told = [one["description"] for one in operation["responses"].values()]
            codes = {code for one in told for code in one.split(", ")} & set(STATUS)
            own = sorted(codes - set(EVERYWHERE))
            row = {"path": path, "method": method.upper(), "codes": own, **operation}
            found.setdefault(operation.get("tags", ["Others"])[0], []).append(row)
    return found


def _name_of(schema: dict[str, Any]) -> str:
    """A type in a few words.

    Example:
        >>> _name_of({"type": "array", "items": {"$ref": "#/components/schemas/Answer"}})
        'list of Answer'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_name_of(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_name_of(schema.get('items', {}))}"
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("format") == "binary":
        return "bytes"
    return str(schema.get("type", "anything"))
