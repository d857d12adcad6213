"""Probabilities and images in the form in which responses carry them."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor


def to_answers(
    predictor: Predictor, probabilities: npt.NDArray[np.float32], k: int
) -> list[dict[str, Any]]:
    """Convert probabilities to ``schemas.Answer``, as plain dictionaries.

    Args:
        predictor: the model that made the predictions.
        probabilities: float32 ``[n, classes]``.
        k: number of most probable classes in each answer; at most all.
    """
    names, accepted = predictor.class_names, predictor.accepts(probabilities).tolist()
    answers = []
    for row, is_accepted in zip(probabilities.tolist(), accepted, strict=True):
        # For ten classes, Python's sort is faster than NumPy's.
        order = sorted(range(len(names)), key=row.__getitem__, reverse=True)[:k]
        label = names[order[0]]
        is_digit = label != REJECT_CLASS
        answers.append(
            {
                "label": label if is_digit else None,
                "confidence": round(row[order[0]], 6),
                "accepted": is_digit and is_accepted,
                "top": [{"label": names[i], "probability": round(row[i], 6)} for i in order],
            }
        )
    return answers


def encode_png(image: npt.NDArray[np.uint8]) -> bytes:
    """Encode an image ``[height, width]`` as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def encode_png_base64(image: npt.NDArray[np.uint8]) -> str:
    """Encode an image ``[height, width]`` as a PNG file in base64."""
    return base64.b64encode(encode_png(image)).decode("ascii")
