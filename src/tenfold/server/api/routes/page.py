"""The page, its files, and ``/docs``: the reference of the HTTP API as a page without scripts."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response

from tenfold.core.errors import InputError
from tenfold.export.predictor import Predictor
from tenfold.page.document import embedded
from tenfold.server.api.openapi import at_host, operations, type_name
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

    @routes.get("/page/model")
    def model() -> Response:
        current = service.model.current
        return Response(_embedded(current.predictor), media_type="application/json")

    @routes.get("/openapi.json")
    def openapi(request: Request) -> Response:
        return JSONResponse(at_host(request.app.openapi(), request.headers["host"]))

    @routes.get("/docs")
    def docs(request: Request) -> Response:
        return Response(_reference(request.app, request.headers["host"]), media_type="text/html")

    return routes


@lru_cache(maxsize=1)
def _embedded(predictor: Predictor) -> bytes:
    """The model for the page's scripts as JSON; null if they cannot compute it."""
    try:
        return json.dumps(embedded(predictor.path.stem, predictor)).encode()
    except InputError:
        return b"null"


@lru_cache(maxsize=8)
def _reference(app: FastAPI, host: str) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    schema = app.openapi()
    return environment.get_template("docs.html").render(
        host=host,
        info=schema["info"],
        groups=operations(schema),
        schemas=schema.get("components", {}).get("schemas", {}),
        codes=STATUS,
        type_name=type_name,
    )
