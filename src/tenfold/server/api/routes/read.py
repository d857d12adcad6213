"""``POST /v1/read``: read the digits in a picture."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tenfold.core import limits
from tenfold.core.image_shape import size_text
from tenfold.server.api.openapi import BINARY, one_field, request_body, responses
from tenfold.server.api.routes.predict import IMAGE_ERRORS, Top
from tenfold.server.api.schemas import Answer, Count, Probability, Version
from tenfold.server.api.service import Service
from tenfold.server.http.body import announced_bytes, while_connected
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.images import OTHER_TYPES, read_picture

PICTURE = "/v1/picture"
Page = Annotated[int, Query(ge=1, description="Page of a TIFF or PDF file.")]
Expect = Annotated[
    int | None,
    Query(ge=1, description="Digits of each number; numbers of another length are not accepted."),
]
Region = Annotated[
    str | None,
    Query(
        pattern=r"^\d{1,6}(,\d{1,6}){3}$",
        description="Part to read: left,top,width,height in pixels of the upright picture.",
    ),
]
Deslant = Annotated[bool, Query(description="Shear each digit upright.")]


class Component(Answer):
    """A component of the ink that is not a digit."""

    box: list[int] = Field(description="Left, top, right, bottom in pixels.")
    image: str = Field(description="The 28x28 input of the model, as base64 of a PNG file.")


class ReadDigit(Component):
    """A digit in a picture."""

    line: Count = Field(description="Index of its line, from the top.")
    number: Count = Field(description="Index of its number in the line, from the left.")


class ReadNumber(BaseModel):
    """Digits of a line that stand together."""

    text: str = Field(description="`?` for a digit below the threshold.")
    value: int | None = Field(description="null if a digit is below the threshold.")
    confidence: Probability = Field(description="Probability that all its digits are right.")
    box: list[int] = Field(description="Left, top, right, bottom in pixels.")


class Reading(BaseModel):
    """The digits in a picture."""

    text: str
    confidence: Probability | None = Field(
        description="Probability that all digits are right; null without digits."
    )
    numbers: list[ReadNumber] = Field(description="In reading order.")
    lines: list[str]
    digits: list[ReadDigit] = Field(description="In reading order.")
    others: list[Component] = Field(description="Components that are not digits.")
    size: list[int] = Field(description="Width and height of the upright picture.")
    turned: Literal[0, 90, 180, 270] = Field(
        description="Degrees by which the picture was rotated counter-clockwise before it was "
        "read, in addition to its EXIF orientation; boxes refer to the rotated picture."
    )
    complete: bool = Field(
        description="Whether the picture was read within the time budget; if not, digits may be "
        "missing."
    )
    page: Count = Field(description="The page that was read, from 1.")
    pages: Count = Field(description="Pages of the file.")
    model: Version


class PicturePage(BaseModel):
    """A page of a picture file."""

    image: str = Field(
        description="The upright page, reduced to the size that is read, as base64 of a PNG file."
    )
    page: Count = Field(description="From 1.")
    pages: Count = Field(description="Pages of the file.")


BODY = request_body(
    {
        **dict.fromkeys(("image/png", "image/jpeg", *OTHER_TYPES), BINARY),
        "multipart/form-data": one_field("file", BINARY),
    }
)


def read_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["Predictions"])

    @routes.post(
        "/v1/read",
        response_model=Reading,
        responses=responses(*IMAGE_ERRORS, "image_too_large", "busy"),
        openapi_extra=BODY,
    )
    async def read(
        request: Request,
        top: Top = None,
        page: Page = 1,
        expect: Expect = None,
        region: Region = None,
        deslant: Deslant = False,
    ) -> Any:
        """Read the digits in a photo, scan or drawing, and return where they are."""
        limits_ = service.settings.limits
        with service.reading_pool.place(announced_bytes(request.scope)) as place:
            picture, pixels = await read_picture(request, limits_)
            model = service.model.current
            if model.predictor.image_shape != limits.IMAGE_SHAPE:
                size = size_text(model.predictor.image_shape)
                raise ServiceError(
                    "invalid",
                    f"this model takes images of {size}, digits are 28x28; use /v1/predict",
                )
            job = service.reading_pool.run(
                place,
                "read_picture",
                picture,
                pixels,
                page=page,
                model=str(model.predictor.path),
                top=top,
                seconds=limits_.read_seconds,
                wall_seconds=limits_.hold_seconds,
                expect=expect,
                region=region and [int(side) for side in region.split(",")],
                deslant=deslant,
            )
            reading = await while_connected(request, job)
        return {**reading, "model": {"version": model.version}}

    @routes.post(
        PICTURE,
        response_model=PicturePage,
        responses=responses(*IMAGE_ERRORS, "image_too_large", "busy"),
        openapi_extra=BODY,
    )
    async def picture(request: Request, page: Page = 1) -> Any:
        """Convert a page of a picture file to PNG, for browsers that cannot show it."""
        with service.reading_pool.place(announced_bytes(request.scope)) as place:
            file, pixels = await read_picture(request, service.settings.limits)
            job = service.reading_pool.run(place, "convert_picture", file, pixels, page=page)
            return await while_connected(request, job)

    return routes
