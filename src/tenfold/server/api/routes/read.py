"""``POST /v1/read``: read the digits in a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from tenfold.core import limits
from tenfold.core.errors import InputError, NoDigitError
from tenfold.core.image_shape import size_text
from tenfold.server.api.answers import encode_png_base64, to_answers
from tenfold.server.api.openapi import BINARY, one_field, request_body, responses
from tenfold.server.api.routes.predict import DEFAULT_TOP, IMAGE_ERRORS, Top
from tenfold.server.api.schemas import Answer, Count, Version
from tenfold.server.api.served_model import LoadedModel
from tenfold.server.api.service import Service
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.images import read_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from tenfold.handwriting.reading import Digit


class Component(Answer):
    """A component of the ink that is not a digit."""

    box: list[int] = Field(description="Left, top, right, bottom in pixels.")
    image: str = Field(description="The 28x28 input of the model, as base64 of a PNG file.")


class ReadDigit(Component):
    """A digit in a picture."""

    line: Count = Field(description="Index of its line, from the top.")
    number: Count = Field(description="Index of its number in the line, from the left.")


class Reading(BaseModel):
    """The digits in a picture."""

    text: str
    lines: list[str]
    digits: list[ReadDigit] = Field(description="In reading order.")
    others: list[Component] = Field(description="Components that are not digits.")
    size: list[int] = Field(description="Width and height of the upright picture.")
    turned: Literal[0, 90, 180, 270] = Field(
        description="Degrees by which the picture was rotated counter-clockwise before it was "
        "read, in addition to its EXIF orientation; boxes refer to the rotated picture."
    )
    model: Version


BODY = request_body(
    {
        "image/png": BINARY,
        "image/jpeg": BINARY,
        "multipart/form-data": one_field("file", BINARY),
    }
)


def read_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["Predictions"])

    @routes.post(
        "/read",
        response_model=Reading,
        responses=responses(*IMAGE_ERRORS, "image_too_large", "busy"),
        openapi_extra=BODY,
    )
    async def read(request: Request, top: Top = DEFAULT_TOP) -> Any:
        """Read the digits in a photo, scan or drawing, and return where they are."""
        picture = await read_picture(request, service.settings.limits)
        model = service.model.current
        if model.predictor.image_shape != limits.IMAGE_SHAPE:
            size = size_text(model.predictor.image_shape)
            raise ServiceError(
                "invalid", f"this model takes images of {size}, digits are 28x28; use /v1/predict"
            )
        return await service.reading_queue.run(_read, picture, model, top)

    return routes


def _read(picture: Image, model: LoadedModel, k: int) -> dict[str, Any]:
    """Read a picture in the thread of the queue."""
    from tenfold.handwriting.reading import read_upright

    version = {"version": model.version}
    try:
        reading = read_upright(picture, model.predictor)
    except NoDigitError:
        nothing: dict[str, Any] = {"text": "", "lines": [], "digits": [], "others": []}
        return nothing | {"size": [*picture.size], "turned": 0, "model": version}
    except InputError as error:
        raise ServiceError("image_unreadable", str(error)) from None
    digits = [
        (digit, {"line": i, "number": j})
        for i, row in enumerate(reading.rows)
        for j, number in enumerate(row)
        for digit in number.digits
    ]
    return {
        "text": reading.text,
        "lines": reading.text.split("\n") if digits else [],
        "digits": _describe(digits, model, k),
        "others": _describe([(other, {}) for other in reading.rejected], model, k),
        "size": list(reading.size),
        "turned": 90 * reading.quarter_turns,
        "model": version,
    }


def _describe(
    digits: Iterable[tuple[Digit, dict[str, int]]], model: LoadedModel, k: int
) -> list[dict[str, Any]]:
    digits = list(digits)
    if not digits:
        return []
    probabilities = np.stack([digit.probabilities for digit, _ in digits])
    answers = to_answers(model.predictor, probabilities, k)
    return [
        {**answer, "box": list(digit.box), **place, "image": encode_png_base64(digit.image)}
        for answer, (digit, place) in zip(answers, digits, strict=True)
    ]
