"""The page and its files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from tenfold.server.api.service import Service


def page_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index(request: Request) -> Response:
        return service.pages.response("index.html", request)

    @routes.get("/static/{name:path}")
    async def static(name: str, request: Request) -> Response:
        return service.pages.response(name, request)

    return routes
