"""``/docs``: the reference of the HTTP API, as a page without scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from tenfold.server.api.openapi import COMMON_ERRORS
from tenfold.server.http.errors import STATUS

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


def docs_routes(app: FastAPI) -> APIRouter:
    """Return the route of the page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def docs() -> Response:
        return Response(render(app, "docs.html"), media_type="text/html")

    return routes


@cache
def render(app: FastAPI, template: str) -> str:
    """Fill a template with the OpenAPI description of an application.

    Args:
        app: the application.
        template: ``docs.html``, or ``http-api.md`` for the documentation.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    schema = app.openapi()
    return environment.get_template(template).render(
        info=schema["info"],
        groups=_groups(schema),
        schemas=schema.get("components", {}).get("schemas", {}),
        codes=STATUS,
        common=COMMON_ERRORS,
        name_of=_name_of,
    )


def _groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
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


def _name_of(schema: dict[str, Any]) -> str:
    """Describe a JSON type in a few words.

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
