"""``/v1/samples``: images that the user has labelled."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.image_shape import size_text
from tenfold.data.samples import Samples, UnknownSampleError
from tenfold.server.api.answers import encode_png
from tenfold.server.api.openapi import BINARY, media, request_body, responses
from tenfold.server.api.schemas import Count, Probability
from tenfold.server.api.service import Service
from tenfold.server.http.body import parse_model
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.images import decode_image

SampleId = Annotated[str, Path(max_length=200)]


class NewSample(BaseModel):
    """An image with its correct label."""

    model_config = ConfigDict(extra="forbid", strict=True)

    image: str = Field(description="Base64 of 784 bytes, row by row, or of a 28x28 PNG file.")
    label: str = Field(description="One of the model's class names.")
    guess: str | None = Field(
        None, description="The predicted class.", max_length=limits.MAX_LABEL_LENGTH
    )
    confidence: Probability | None = Field(None, description="Of the prediction.")
    source: Literal["drawn", "read", "predict"] = "drawn"


class Sample(BaseModel):
    """A stored sample."""

    id: str
    label: str
    guess: str | None
    confidence: float | None
    source: str
    time: str


class SampleList(BaseModel):
    """Samples, newest first, and the number of all samples by class."""

    samples: list[Sample]
    counts: dict[str, int]
    total: Count


def sample_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1/samples", tags=["Samples"])

    @routes.get("", response_model=SampleList, responses=responses("invalid"))
    def list_samples(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[str | None, Query(description="ID; only older samples.")] = None,
    ) -> Any:
        """List samples, newest first."""
        counts = service.samples.counts()
        samples = [sample.to_json() for sample in service.samples.list(limit, before)]
        return {"samples": samples, "counts": counts, "total": sum(counts.values())}

    @routes.post(
        "",
        status_code=201,
        response_model=Sample,
        responses=responses(
            "type_unsupported",
            "body_malformed",
            "invalid",
            "image_size",
            "image_unreadable",
            "storage",
        ),
        openapi_extra=request_body({"application/json": NewSample}),
    )
    async def add_sample(request: Request) -> Any:
        """Store an image with its correct label."""
        sample = await parse_model(request, NewSample)
        shape = service.model.current.predictor.image_shape
        if shape != limits.IMAGE_SHAPE:
            raise ServiceError(
                "invalid", f"this model takes images of {size_text(shape)}, samples are 28x28"
            )
        return await asyncio.to_thread(_add, service.samples, sample)

    @routes.delete(
        "/{sample}",
        status_code=204,
        responses=responses("sample_unknown", "storage", "invalid"),
    )
    def remove_sample(sample: SampleId) -> None:
        """Delete a sample."""
        try:
            service.samples.remove(sample)
        except UnknownSampleError as error:
            raise ServiceError("sample_unknown", str(error)) from None
        except InputError as error:
            raise ServiceError("storage", str(error)) from None

    @routes.get(
        "/{sample}/image",
        response_class=Response,
        responses=responses(
            "sample_unknown", "invalid", _200=media("The image.", "image/png", BINARY)
        ),
    )
    def sample_image(sample: SampleId) -> Response:
        """Return the image of a sample as a PNG file."""
        try:
            image = service.samples.image(sample)
        except InputError as error:
            raise ServiceError("sample_unknown", str(error)) from None
        return Response(encode_png(image), media_type="image/png")

    return routes


def _add(samples: Samples, sample: NewSample) -> dict[str, Any]:
    image, names = _decode(sample.image), samples.class_names or ()
    if sample.label not in names:
        raise ServiceError(
            "invalid", f"label: {sample.label[:64]!r}; give one of {', '.join(names)}"
        )
    try:
        return samples.add(
            image, sample.label, sample.guess, sample.confidence, sample.source
        ).to_json()
    except InputError as error:
        raise ServiceError("storage", str(error)) from None


def _decode(text: str) -> npt.NDArray[np.uint8]:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("invalid", "image: not base64") from None
    if len(data) == limits.IMAGE_SIDE**2:
        return np.frombuffer(data, np.uint8).reshape(limits.IMAGE_SHAPE)
    return decode_image(data, limits.IMAGE_SHAPE)
