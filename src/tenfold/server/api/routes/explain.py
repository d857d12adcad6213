"""``POST /v1/explain``: show the evidence for a prediction."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tenfold.core.errors import InputError
from tenfold.evaluation.occlusion import occlusion_map
from tenfold.server.api.answers import encode_png_base64, to_answers
from tenfold.server.api.openapi import BINARY, request_body, responses
from tenfold.server.api.routes.predict import IMAGE_ERRORS, Top
from tenfold.server.api.schemas import Answer, Count, Version
from tenfold.server.api.served_model import LoadedModel
from tenfold.server.api.service import Service
from tenfold.server.api.training_data import TrainingData
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.images import read_image

Label = Annotated[
    str | None,
    Query(
        description="The class to explain, such as that of a digit in a picture, which a network "
        "saw in its surroundings; by default the predicted one."
    ),
]
NEIGHBOURS = 6
EXPLAIN_SECONDS = 1.0  # expected at most


class Evidence(BaseModel):
    """The evidence of each pixel: positive for the label, negative against it."""

    label: str
    rows: list[list[float]]
    strongest: float = Field(description="Log odds, in nats, to which 1 corresponds.")


class Neighbour(BaseModel):
    """A similar training image."""

    label: str
    distance: float
    index: Count = Field(description="Of the image in the training split.")
    image: str = Field(description="As base64 of a PNG file.")


class Explanation(BaseModel):
    """The evidence for a prediction, and the nearest training images."""

    answer: Answer
    evidence: Evidence
    nearest: list[Neighbour] = Field(description="Empty if the training data is not available.")
    model: Version


BODY = request_body({"image/png": BINARY, "application/octet-stream": BINARY})


def explain_routes(service: Service) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["Predictions"])

    @routes.post(
        "/explain",
        response_model=Explanation,
        responses=responses(*IMAGE_ERRORS, "busy"),
        openapi_extra=BODY,
    )
    async def explain(request: Request, top: Top = None, label: Label = None) -> Any:
        """Show which pixels are evidence for a prediction, and the nearest training images."""
        model = service.model.current
        image = await read_image(request, model.predictor, service.settings.limits)
        names = model.predictor.class_names
        if label is not None and label not in names:
            raise ServiceError("invalid", f"label: {label[:64]!r}; give one of {', '.join(names)}")
        arguments = (image, model, service.training_data, top, label)
        return await service.slow_queue.run(EXPLAIN_SECONDS, _explain, *arguments)

    return routes


def _explain(
    image: npt.NDArray[np.uint8],
    model: LoadedModel,
    data: TrainingData,
    k: int | None,
    label: str | None,
) -> dict[str, Any]:
    """Explain the prediction for an image, uint8 ``[height, width]``."""
    predictor = model.predictor
    predict = partial(predictor, pixels="byte")
    (answer,) = to_answers(predictor, predict(image), k)
    explained = None if label is None else predictor.class_names.index(label)
    result = occlusion_map(predict, image, explained=explained)
    return {
        "answer": answer,
        "evidence": {
            "label": predictor.class_names[result.predicted],
            "rows": result.values.astype(np.float64).round(3).tolist(),
            "strongest": round(result.scale, 3),
        },
        "nearest": _nearest(image, data),
        "model": {"version": model.version},
    }


def _nearest(image: npt.NDArray[np.uint8], data: TrainingData) -> list[dict[str, Any]]:
    try:
        neighbours = data.neighbours()
    except InputError:
        return []
    return [
        {
            "label": neighbour.label,
            "distance": round(neighbour.distance, 4),
            "index": neighbour.index,
            "image": encode_png_base64(neighbour.image),
        }
        for neighbour in neighbours.nearest(image, NEIGHBOURS)
    ]
