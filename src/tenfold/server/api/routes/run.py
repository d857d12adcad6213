"""``/v1/run`` and ``/report``: the served run."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tenfold.core import limits
from tenfold.server.api.openapi import media, responses
from tenfold.server.api.run_view import Cell, RunState
from tenfold.server.api.service import Service

ClassIndex = Annotated[int, Query(ge=0, lt=limits.MAX_CLASSES)]
CELL_SECONDS, REPORT_SECONDS = 1.0, 10.0
"""Time that is expected for the images of a cell, and for a report, at most."""

REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The report is one file; its own policy allows its only script, by checksum."""


def run_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["Run"])

    @routes.get(
        "/v1/run",
        response_model=RunState,
        responses=responses("no_run", _304={"description": "Not modified."}),
    )
    async def run(request: Request) -> Response:
        """Show learning curves, scores and confusion matrix, also during the training."""
        snapshot = await asyncio.to_thread(service.require_run().snapshot)
        return snapshot.content.response(request)

    @routes.get(
        "/v1/run/cell",
        response_model=Cell,
        responses=responses("no_run", "not_ready", "invalid", "busy"),
    )
    async def cell(
        truth: ClassIndex,
        predicted: ClassIndex,
        limit: Annotated[int, Query(ge=1, le=500)] = 60,
    ) -> Any:
        """Return the images of a cell of the confusion matrix, most confident first."""
        cell = service.require_run().cell
        return await service.slow_queue.run(CELL_SECONDS, cell, truth, predicted, limit)

    @routes.get(
        "/report",
        response_class=Response,
        responses=responses("no_run", "not_ready", "busy", _200=media("The report.", "text/html")),
    )
    async def report() -> Response:
        """Return the report of a finished run."""
        page = await service.slow_queue.run(REPORT_SECONDS, service.require_run().report)
        headers = {"content-security-policy": REPORT_POLICY, "cache-control": "no-cache"}
        return Response(page, headers=headers, media_type="text/html")

    return routes
