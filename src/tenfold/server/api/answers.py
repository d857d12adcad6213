"""Probabilities as the answers that callers get."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor


def as_json(value: Any) -> bytes:
    """A value as compact JSON in UTF-8.

    Example:
        >>> as_json({"label": "7"})
        b'{"label":"7"}'
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def answers(
    predictor: Predictor, probabilities: npt.NDArray[np.float32], k: int
) -> list[dict[str, Any]]:
    """The answer to each image, with the k most probable classes.

    ``label`` is the most probable class, or None where that is "no digit"; ``accepted`` tells
    whether it is sure enough.

    Args:
        predictor: what answered.
        probabilities: float32 ``[n, classes]``.
        k: from 1 to the number of classes.
    """
    names, sure = predictor.class_names, predictor.accepts(probabilities).tolist()
    found = []
    for chances, accepted in zip(probabilities.tolist(), sure, strict=True):
        places = sorted(range(len(names)), key=chances.__getitem__, reverse=True)[:k]
        label = names[places[0]]
        digit = label != REJECT_CLASS
        found.append(
            {
                "label": label if digit else None,
                "confidence": round(chances[places[0]], 6),
                "accepted": digit and accepted,
                "top": [
                    {"label": names[place], "probability": round(chances[place], 6)}
                    for place in places
                ],
            }
        )
    return found


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """An image ``[height, width]`` as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def png_text(image: npt.NDArray[np.uint8]) -> str:
    """An image ``[height, width]`` as a PNG file in base64."""
    return base64.b64encode(png(image)).decode("ascii")
