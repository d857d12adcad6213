"""``/v1/retraining`` and ``/v1/versions``: fine-tuning on the samples, and its results."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from fastapi import Path as Parameter
from pydantic import BaseModel, ConfigDict, Field

from tenfold.data.samples import Samples
from tenfold.export.predictor import Predictor
from tenfold.server.api.answers import encode_png_base64, to_answers
from tenfold.server.api.openapi import responses
from tenfold.server.api.schemas import Answer, Count, Version
from tenfold.server.api.service import Service
from tenfold.server.http.errors import ServiceError, conflict

VersionNumber = Annotated[int, Parameter(ge=0, le=2**31)]
COMPARE_SECONDS = 2.0  # expected at most


class Progress(BaseModel):
    """The state of the retraining."""

    model_config = ConfigDict(extra="allow")

    state: Literal["idle", "running", "finished", "failed", "cancelled"]
    epoch: Count
    epochs: Count | None
    seconds: float
    error: str | None
    comparison: dict[str, Any] | None


class ComparedSample(BaseModel):
    """The predictions for a sample before and after the retraining."""

    label: str
    image: str = Field(description="As base64 of a PNG file.")
    before: Answer
    after: Answer


class Accepted(BaseModel):
    """Number of samples that a model accepts."""

    before: Count
    after: Count


class SampleComparison(BaseModel):
    """The predictions for the samples that were retrained on, by both models."""

    n: Count = Field(description="Number of samples.")
    accepted: Accepted
    samples: list[ComparedSample] = Field(description="Those with other predictions first.")


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
        await conflict(service.refuse_second_training)
        return await conflict(service.retraining.start, service.samples.folder)

    @routes.get("/retraining", response_model=Progress, responses=responses())
    def progress() -> Any:
        """Show the progress, and the comparison with the current model once it is finished."""
        return service.retraining.progress()

    @routes.get(
        "/retraining/samples",
        response_model=SampleComparison,
        responses=responses("conflict", "busy", "invalid"),
    )
    async def compare_samples(limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> Any:
        """Show the predictions for each sample before and after the retraining.

        Samples whose prediction has changed come first.
        """
        files = await conflict(service.retraining.candidate)
        return await service.slow_queue.run(COMPARE_SECONDS, _compare_samples, *files, limit)

    @routes.delete("/retraining", response_model=Progress, responses=responses("conflict"))
    async def discard() -> Any:
        """Cancel the retraining, or discard its result."""
        return await conflict(service.retraining.discard)

    @routes.post("/retraining/accept", response_model=Version, responses=responses("conflict"))
    async def accept() -> Any:
        """Make the retrained model the current version."""
        version = await conflict(service.retraining.accept)
        await conflict(service.training.answer, False)
        await service.refresh()
        return {"version": version}

    @routes.get("/versions", response_model=Versions, responses=responses())
    def versions() -> Any:
        """List all versions of the model."""
        answers = service.model.current.choice.path == service.retraining.current_model()
        rows = service.retraining.versions()
        return {"versions": [{**row, "current": row["current"] and answers} for row in rows]}

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
        await conflict(service.retraining.activate, version)
        await conflict(service.training.answer, False)
        await service.refresh()
        return {"version": version}

    return routes


def _compare_samples(current: Path, candidate: Path, folder: Path, limit: int) -> dict[str, Any]:
    models = [Predictor(path, threads=1) for path in (current, candidate)]
    samples = Samples(folder, models[0].class_names)
    listed = samples.list()
    images = [samples.image(sample.id) for sample in listed]
    batch = np.stack(images)
    before, after = (to_answers(model, model(batch, "byte"), 1) for model in models)
    rows: list[dict[str, Any]] = [
        {"label": sample.label, "image": encode_png_base64(image), "before": old, "after": new}
        for sample, image, old, new in zip(listed, images, before, after, strict=True)
    ]
    changed = sorted(rows, key=lambda row: row["before"]["label"] == row["after"]["label"])
    accepted = {
        name: sum(answer["accepted"] for answer in answers)
        for name, answers in (("before", before), ("after", after))
    }
    return {"n": len(rows), "accepted": accepted, "samples": changed[:limit]}
