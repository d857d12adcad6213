"""Routes that answer about images."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tenfold.server.api import schemas
from tenfold.server.api.openapi import BINARY, body, json, told
from tenfold.server.api.predict import PATH, TOP
from tenfold.server.api.service import Service
from tenfold.server.http import bodies

Top = Annotated[int, Query(ge=1, description="Classes of each image; over all of them is all.")]
UNUSABLE = ("type_unsupported", "body_malformed", "image_unreadable", "image_size", "invalid")
FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "array", "items": BINARY, "minItems": 1, "maxItems": 1024}},
}
ONE = {"type": "object", "required": ["file"], "properties": {"file": BINARY}}
ROWS = {
    "type": "object",
    "required": ["images"],
    "properties": {
        "images": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1024,
            "items": {
                "type": "array",
                "minItems": 28,
                "maxItems": 28,
                "items": {
                    "type": "array",
                    "minItems": 28,
                    "maxItems": 28,
                    "items": {"type": "integer", "minimum": 0, "maximum": 255},
                },
            },
        }
    },
}


def answering(service: Service) -> APIRouter:
    """The routes, of one service."""
    routes = APIRouter(prefix="/v1", tags=["Answers"])
    limits = service.settings.limits

    @routes.get("/model", **told(schemas.Model))
    async def model() -> Response:
        """What the network is, how good it is, and what may be asked of it."""
        await service.refresh()
        return json(service.network.card(limits) | {"run": service.run is not None})

    @routes.post(
        PATH.removeprefix("/v1"),
        **told(schemas.Predicted, *UNUSABLE, "images_too_many"),
        openapi_extra=body(
            image__png=BINARY,
            image__jpeg=BINARY,
            application__octet_stream=BINARY,
            application__json=ROWS,
            multipart__form_data=FORM,
        ),
    )
    async def predict(request: Request, top: Top = TOP) -> Response:
        """Which class images of 28x28 are: one or up to 1,024, light ink on dark."""
        return await service.predict.answer(request.scope, request.receive)

    @routes.post(
        "/read",
        **told(schemas.Read, *UNUSABLE, "image_too_large", "images_too_many", "busy"),
        openapi_extra=body(image__png=BINARY, image__jpeg=BINARY, multipart__form_data=ONE),
    )
    async def read(request: Request, top: Top = TOP) -> Response:
        """The digits in a photo, scan or drawing, with their places."""
        kind, content = bodies.content_type(request.scope), await bodies.whole(request.receive)
        found = await service.read(bodies.picture_of(kind, content, limits), top)
        return json(found)

    @routes.post(
        "/explain",
        **told(schemas.Explained, *UNUSABLE, "images_too_many", "busy"),
        openapi_extra=body(image__png=BINARY, application__octet_stream=BINARY),
    )
    async def explain(request: Request, top: Top = TOP) -> Response:
        """Where the evidence for an answer lies, and the nearest training images."""
        kind, content = bodies.content_type(request.scope), await bodies.whole(request.receive)
        shape = service.network.current.predictor.image_shape
        image = await bodies.image_of(kind, content, shape, limits)
        return json(await service.explain(image, top))

    return routes
