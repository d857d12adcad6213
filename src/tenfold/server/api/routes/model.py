"""``GET /v1/model``: the model card."""

from __future__ import annotations

import asyncio
import contextlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from tenfold import __version__
from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SHAPE, MAX_PICTURE_SIDE
from tenfold.data.polarity import MID_GREY
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.server.api.headline import Headline, of_card
from tenfold.server.api.openapi import responses
from tenfold.server.api.run_view import RunView
from tenfold.server.api.schemas import Count
from tenfold.server.api.service import Service
from tenfold.server.settings import TEACHER


class RequestLimits(BaseModel):
    """The limits on one request."""

    body: Count = Field(description="Bytes of the body.")
    pixels: Count = Field(description="Width times height of a picture.")
    side: Count = Field(description="Pixels of the longer side to which a picture is reduced.")
    images: Count = Field(description="Images of the model's size.")


class Model(BaseModel):
    """The model that makes the predictions, its scores, and the limits on requests."""

    model_config = ConfigDict(extra="allow")

    name: str
    class_names: list[str]
    image_shape: list[int] = Field(description="Height, width, and 3 channels if coloured.")
    threshold: dict[str, Any] | None
    multi_label: bool = Field(description="Whether an image may have several labels or none.")
    light_border: bool = Field(description="Of the training images, such as ink on paper.")
    recipe: dict[str, Any]
    scores: dict[str, Any] = Field(description="Of the networks together.")
    headline: Headline | None = Field(description="The score to show first.")
    bytes: Count = Field(description="Size of the model file.")
    version: Count
    tenfold: str = Field(description="Version of tenfold.")
    source: str = Field(description="shipped, or the path of the run or model file.")
    revision: str = Field(description="Another one whenever the model is another one.")
    in_training: bool = Field(description="Whether its network is still trained.")
    reads_digits: bool = Field(
        description="Whether /v1/read reads pictures with it: one class an image, of 28x28, grey."
    )
    has_no_digit: bool = Field(description="Whether there is a reject class.")
    limits: RequestLimits
    run: bool = Field(description="Whether a run is served.")
    role: Literal["teacher", "pupil"] = Field(
        description="Of the client: pupils may not call the endpoints of samples and retraining."
    )


def model_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["Predictions"])

    @routes.get("/model", response_model=Model, responses=responses())
    async def model(request: Request) -> Any:
        """Describe the model, its scores and the limits on requests."""
        await service.refresh()
        current, limits = service.model.current, service.settings.limits
        predictor, card = current.predictor, current.predictor.card
        return {
            "name": card["recipe"]["name"],
            "class_names": predictor.class_names,
            "image_shape": predictor.image_shape,
            "threshold": card["threshold"],
            "threshold_note": card["threshold_note"],
            "multi_label": predictor.multi_label,
            "light_border": card["border"] > MID_GREY,
            "recipe": card["recipe"],
            "scores": card["scores"],
            "headline": await _headline(service),
            "data": card["data"],
            "bytes": predictor.path.stat().st_size,
            "version": current.version,
            "tenfold": __version__,
            "source": current.choice.source,
            "in_training": current.choice.in_training,
            "revision": current.revision,
            "reads_digits": not predictor.multi_label and predictor.image_shape == IMAGE_SHAPE,
            "has_no_digit": REJECT_CLASS in predictor.class_names,
            "limits": {
                "body": limits.body_bytes,
                "pixels": limits.picture_pixels,
                "side": MAX_PICTURE_SIDE,
                "images": limits.images,
            },
            "run": service.run is not None,
            "role": request.scope.get("role", TEACHER),
        }

    return routes


async def _headline(service: Service) -> Headline | None:
    """Return the accuracy of the run while its own model answers, else that of the model file."""
    current = service.model.current
    run = current.choice.run
    if run is not None:
        view = _view(run)
        with contextlib.suppress(InputError):  # /v1/run tells that the run is damaged
            return await asyncio.to_thread(view.headline)
    return of_card(current.predictor.card)


@lru_cache(maxsize=1)
def _view(run: Path) -> RunView:
    return RunView(run)
