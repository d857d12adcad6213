"""``POST /v1/predict``: classify images of the model's size."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tenfold.core import limits
from tenfold.core.image_shape import ImageShape
from tenfold.data.value_range import NAMES
from tenfold.server.api.answers import to_answers
from tenfold.server.api.openapi import BINARY, one_field, request_body, responses
from tenfold.server.api.schemas import Answer, LabelsAnswer, Version
from tenfold.server.api.service import Service
from tenfold.server.http.images import read_images
from tenfold.server.http.responses import json_response

PATH = "/v1/predict"
Top = Annotated[
    int | None,
    Query(
        ge=1,
        description="Number of classes in each answer, at most all; by default 3, or all of a "
        "model for several labels an image.",
    ),
]
IMAGE_ERRORS = (
    "type_unsupported",
    "body_malformed",
    "image_unreadable",
    "image_size",
    "images_too_many",
    "invalid",
)


class Predictions(BaseModel):
    """The predictions for images, in their order."""

    answers: list[Answer] | list[LabelsAnswer] = Field(
        description="LabelsAnswer of models for several labels an image."
    )
    model: Version
    warnings: list[str]


def _array(items: dict[str, Any], smallest: int, largest: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": smallest, "maxItems": largest}


def request_schema(shape: ImageShape) -> dict[str, Any]:
    """The body of a request for a model of images of this shape."""
    most = limits.MAX_REQUEST_IMAGES
    image: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 255}
    for size in reversed(shape):
        image = _array(image, size, size)
    as_json = one_field("images", _array(image, 1, most))
    as_json["properties"]["pixels"] = {
        "type": "string",
        "description": "Values of black and white: binary, unit, signed, byte, word or LOW..HIGH.",
        "enum": list(NAMES),
    }
    return request_body(
        {
            "image/png": BINARY,
            "image/jpeg": BINARY,
            "application/octet-stream": BINARY,
            "application/json": as_json,
            "multipart/form-data": one_field("file", _array(BINARY, 1, most)),
        }
    )


def predict_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["Predictions"])

    @routes.post(
        PATH,
        response_model=Predictions,
        responses=responses(*IMAGE_ERRORS),
        openapi_extra=request_schema(service.model.current.predictor.image_shape),
    )
    async def predict(request: Request, top: Top = None) -> Response:
        """Classify images of the model's size, like those that it was trained on."""
        model = service.model
        predictor = model.current.predictor
        images, warnings = await read_images(request, predictor, service.settings.limits)
        probabilities, current = await model.predict(images)
        service.metrics.images.inc(len(images))
        answers = to_answers(current.predictor, probabilities, top)
        model_version = {"version": current.version}
        return json_response({"answers": answers, "model": model_version, "warnings": warnings})

    return routes
