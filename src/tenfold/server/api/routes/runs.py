"""Routes that show: the run, its report, the page, and how to call the service."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tenfold.server.api import schemas
from tenfold.server.api.openapi import json, told
from tenfold.server.api.service import Service

Class = Annotated[int, Query(ge=0, le=100_000)]
HTML = {"content": {"text/html": {}}, "description": "A page."}
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The report is one file; its own policy allows its one script alone, by checksum."""


def showing(service: Service) -> APIRouter:
    """The routes, of one service."""
    routes = APIRouter(tags=["Run"])

    @routes.get(
        "/v1/run",
        **told(schemas.RunShown, "no_run", _304={"description": "As it was."}),
    )
    async def run(request: Request) -> Response:
        """The run behind the network: curves, scores, confusion matrix; live while it trains."""
        shown = await asyncio.to_thread(service.require_run().shown)
        headers = {"etag": shown.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == shown.tag:
            return Response(status_code=304, headers=headers)
        return Response(shown.content, headers=headers, media_type="application/json")

    @routes.get("/v1/run/cell", **told(schemas.Cell, "no_run", "not_ready", "invalid", "busy"))
    async def cell(
        truth: Class, predicted: Class, limit: Annotated[int, Query(ge=1, le=500)] = 60
    ) -> Response:
        """The images behind a cell of the confusion matrix, the most confident first."""
        view = service.require_run()
        return json(await service.slowly(view.cell, truth, predicted, limit))

    @routes.get("/report", **told(None, "no_run", "not_ready", "busy", _200=HTML))
    async def report() -> Response:
        """The report of a finished run."""
        page = await service.slowly(service.require_run().report)
        headers = {"content-security-policy": REPORT_POLICY, "cache-control": "no-cache"}
        return Response(page, headers=headers, media_type="text/html")

    return routes


def pages(service: Service) -> APIRouter:
    """The page, its files, and how to call the service."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index(request: Request) -> Response:
        return service.pages.answer("index.html", request)

    @routes.get("/static/{name:path}")
    async def static(name: str, request: Request) -> Response:
        return service.pages.answer(name, request)

    return routes
