"""``/docs``: the reference of the HTTP API, as a page without scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from tenfold.server.api.operations import operations, type_name
from tenfold.server.http.errors import STATUS

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


def docs_routes(app: FastAPI) -> APIRouter:
    """Return the route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def docs() -> Response:
        return Response(_render(app), media_type="text/html")

    return routes


@cache
def _render(app: FastAPI) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    schema = app.openapi()
    return environment.get_template("docs.html").render(
        info=schema["info"],
        groups=operations(schema),
        schemas=schema.get("components", {}).get("schemas", {}),
        codes=STATUS,
        type_name=type_name,
    )
