"""Why an image was answered so, as callers get it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.evaluation.occlusion import occlusion_map
from tenfold.server.api.answers import answers, png_text
from tenfold.server.api.data import Data
from tenfold.server.api.networks import Current

NEAREST = 6


def explain(image: npt.NDArray[np.uint8], current: Current, data: Data, k: int) -> dict[str, Any]:
    """The answer to an image, where its evidence lies, and the nearest training images.

    Where the training images are not to be had, ``nearest`` is empty.

    Args:
        image: uint8 ``[height, width]``.
        current: the network.
        data: what it was trained on.
        k: how many classes of the answer.
    """
    predictor = current.predictor
    (answer,) = answers(predictor, predictor(image), k)
    found = occlusion_map(predictor, image)
    return {
        "answer": answer,
        "evidence": {
            "label": predictor.class_names[found.predicted],
            "rows": found.values.astype(np.float64).round(3).tolist(),
            "strongest": round(found.scale, 3),
        },
        "nearest": _nearest(image, data),
        "model": {"version": current.version},
    }


def _nearest(image: npt.NDArray[np.uint8], data: Data) -> list[dict[str, Any]]:
    try:
        near = data.neighbours()
    except InputError:
        return []
    return [
        {
            "label": one.label,
            "distance": round(one.distance, 4),
            "index": one.index,
            "image": png_text(one.image),
        }
        for one in near.nearest(image, NEAREST)
    ]
