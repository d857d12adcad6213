"""Routes for those who watch the service: health, readiness, metrics."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tenfold.server.api.openapi import json, told
from tenfold.server.api.schemas import State
from tenfold.server.api.service import Service
from tenfold.server.http import telemetry


def watching(service: Service) -> APIRouter:
    """The routes, of one service."""
    routes = APIRouter(tags=["Watching"])

    @routes.get("/healthz", **told(State))
    async def healthz() -> Response:
        """Whether the process answers."""
        return json({"status": "ok"})

    @routes.get("/readyz", **told(State))
    async def readyz() -> Response:
        """Whether a network is ready to be asked."""
        return json({"status": "ready"})

    @routes.get(
        "/metrics",
        **told(None, _200={"content": {"text/plain": {}}, "description": "Prometheus' text."}),
    )
    async def numbers() -> Response:
        """Requests, seconds and images, for Prometheus."""
        return Response(service.metrics.text(), media_type=telemetry.TYPE)

    return routes
