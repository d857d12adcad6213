"""Health checks and metrics, for monitoring."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from tenfold.server.api.openapi import media, responses
from tenfold.server.api.service import Service
from tenfold.server.http.metrics import CONTENT_TYPE


class State(BaseModel):
    """The state of the service."""

    status: str


def health_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["Monitoring"])

    @routes.get("/healthz", response_model=State, responses=responses())
    async def healthz() -> Any:
        """Check that the process responds."""
        return {"status": "ok"}

    @routes.get("/readyz", response_model=State, responses=responses())
    async def readyz() -> Any:
        """Check that a model is loaded."""
        return {"status": "ready"}

    @routes.get(
        "/metrics",
        response_class=Response,
        responses=responses(_200=media("The text format of Prometheus.", "text/plain")),
    )
    async def metrics() -> Response:
        """Return the number of requests, their duration and the number of images."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    return routes
