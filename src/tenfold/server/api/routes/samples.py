"""Routes that keep: samples, retraining on them, versions of the network."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tenfold.server.api import schemas
from tenfold.server.api.answers import png
from tenfold.server.api.openapi import BINARY, json, told
from tenfold.server.api.samples import sample_of
from tenfold.server.api.service import Service
from tenfold.server.http import bodies
from tenfold.server.http.errors import ServiceError

Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[str, Path(max_length=200)]
Number = Annotated[int, Path(ge=0, le=2**31)]
PNG = {"content": {"image/png": {"schema": BINARY}}, "description": "The image."}


def samples(service: Service) -> APIRouter:
    """The routes about samples, of one service."""
    routes = APIRouter(prefix="/v1/samples", tags=["Samples"])

    @routes.get("", **told(schemas.SampleList, "invalid"))
    async def kept(limit: Limit = 100, before: Annotated[str | None, Query()] = None) -> Response:
        """The samples, newest first; ``before`` an id goes on where a list ended."""
        return json(await asyncio.to_thread(service.samples.listed, limit, before))

    @routes.post(
        "",
        **told(
            schemas.Sample,
            *("type_unsupported", "body_malformed", "invalid", "image_size", "image_unreadable"),
            "storage",
            status=201,
        ),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": schemas.NewSample.model_json_schema()}},
            }
        },
    )
    async def keep(request: Request) -> Response:
        """Keep an image with its right label."""
        kind = bodies.content_type(request.scope)
        sample = sample_of(kind, await bodies.whole(request.receive))
        return json(await asyncio.to_thread(service.samples.add, sample), 201)

    @routes.delete("/{sample}", **told(None, "sample_unknown", "storage", "invalid", status=204))
    async def remove(sample: Id) -> Response:
        """Remove a sample for good."""
        await asyncio.to_thread(service.samples.remove, sample)
        return Response(status_code=204)

    @routes.get("/{sample}/image", **told(None, "sample_unknown", "invalid", _200=PNG))
    async def image(sample: Id) -> Response:
        """The image of a sample, as a PNG."""
        found = await asyncio.to_thread(service.samples.image, sample)
        return Response(png(found), media_type="image/png")

    return routes


def retraining(service: Service) -> APIRouter:
    """The routes about retraining and versions, of one service."""
    routes = APIRouter(prefix="/v1", tags=["Retraining"])

    @routes.post("/retraining", **told(schemas.Progress, "conflict", status=202))
    async def start() -> Response:
        """Continue the network's training on the samples, in the background."""
        return json(await service.conflicting(service.start_retraining), 202)

    @routes.get("/retraining", **told(schemas.Progress))
    async def progress() -> Response:
        """Where it is, and once it is finished what would change."""
        return json(await asyncio.to_thread(service.retraining.progress))

    @routes.delete("/retraining", **told(schemas.Progress, "conflict"))
    async def discard() -> Response:
        """Cancel it, or drop its result."""
        return json(await service.conflicting(service.retraining.discard))

    @routes.post("/retraining/accept", **told(schemas.Version, "conflict"))
    async def accept() -> Response:
        """Let its result answer from now on."""
        version = await service.conflicting(service.retraining.accept)
        await service.refresh()
        return json({"version": version})

    @routes.get("/versions", **told(schemas.Versions))
    async def versions() -> Response:
        """Every version of the network; one answers."""
        return json({"versions": await asyncio.to_thread(service.retraining.versions)})

    @routes.post(
        "/versions/{version}/activate",
        **told(schemas.Version, "version_unknown", "conflict", "invalid"),
    )
    async def activate(version: Number) -> Response:
        """Let another version answer, such as an earlier one."""
        known = await asyncio.to_thread(service.retraining.versions)
        if version not in [row["version"] for row in known]:
            raise ServiceError("version_unknown", f"version {version}: there is none")
        await service.conflicting(service.retraining.activate, version)
        await service.refresh()
        return json({"version": version})

    return routes
