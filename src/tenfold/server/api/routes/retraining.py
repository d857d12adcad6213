"""``/v1/retraining`` and ``/v1/versions``: fine-tuning on the samples, and its results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from tenfold.core.errors import InputError
from tenfold.server.api.openapi import responses
from tenfold.server.api.schemas import Count, Version
from tenfold.server.api.service import Service
from tenfold.server.http.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")

VersionNumber = Annotated[int, Path(ge=0, le=2**31)]


class Progress(BaseModel):
    """The state of the retraining."""

    model_config = ConfigDict(extra="allow")

    state: Literal["idle", "running", "finished", "failed", "cancelled"]
    epoch: Count
    epochs: Count | None
    seconds: float
    error: str | None
    comparison: dict[str, Any] | None


class ModelVersion(BaseModel):
    """A version of the model."""

    model_config = ConfigDict(extra="allow")

    version: Count
    source: str
    current: bool


class Versions(BaseModel):
    """All versions; the current one makes the predictions."""

    versions: list[ModelVersion]


def retraining_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["Retraining"])

    @routes.post(
        "/retraining", status_code=202, response_model=Progress, responses=responses("conflict")
    )
    async def start() -> Any:
        """Start to fine-tune the model on the samples, in the background."""
        return await _run(service.retraining.start, service.samples.folder)

    @routes.get("/retraining", response_model=Progress, responses=responses())
    def progress() -> Any:
        """Show the progress, and the comparison with the current model once it is finished."""
        return service.retraining.progress()

    @routes.delete("/retraining", response_model=Progress, responses=responses("conflict"))
    async def discard() -> Any:
        """Cancel the retraining, or discard its result."""
        return await _run(service.retraining.discard)

    @routes.post("/retraining/accept", response_model=Version, responses=responses("conflict"))
    async def accept() -> Any:
        """Make the retrained model the current version."""
        version = await _run(service.retraining.accept)
        await service.refresh()
        return {"version": version}

    @routes.get("/versions", response_model=Versions, responses=responses())
    def versions() -> Any:
        """List all versions of the model."""
        return {"versions": service.retraining.versions()}

    @routes.post(
        "/versions/{version}/activate",
        response_model=Version,
        responses=responses("version_unknown", "conflict", "invalid"),
    )
    async def activate(version: VersionNumber) -> Any:
        """Make another version the current one."""
        rows = await asyncio.to_thread(service.retraining.versions)
        if version not in [row["version"] for row in rows]:
            raise ServiceError("version_unknown", f"version {version} does not exist")
        await _run(service.retraining.activate, version)
        await service.refresh()
        return {"version": version}

    return routes


async def _run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread; its error means that the state does not allow it."""
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except InputError as error:
        raise ServiceError("conflict", str(error)) from None
