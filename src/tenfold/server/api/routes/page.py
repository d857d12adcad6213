"""The page, its files, and ``/docs``: the reference of the HTTP API as a page without scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from tenfold.server.api.openapi import operations, type_name
from tenfold.server.api.service import Service
from tenfold.server.http.errors import STATUS

TEMPLATES = Path(__file__).parents[2] / "web" / "templates"


def page_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index(request: Request) -> Response:
        return service.pages.response("index.html", request)

    @routes.get("/static/{name:path}")
    async def static(name: str, request: Request) -> Response:
        return service.pages.response(name, request)

    @routes.get("/docs")
    def docs(request: Request) -> Response:
        return Response(_reference(request.app), media_type="text/html")

    return routes


@cache
def _reference(app: FastAPI) -> str:
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
