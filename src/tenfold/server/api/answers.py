"""Probabilities and images in the form in which responses carry them."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor
from tenfold.metrics import predicted_labels, rank_classes

DEFAULT_TOP = 3


def to_answers(
    predictor: Predictor, probabilities: npt.NDArray[np.float32], k: int | None
) -> list[dict[str, Any]]:
    """Convert probabilities to ``schemas.Answer`` or ``LabelsAnswer``, as plain dictionaries.

    Args:
        predictor: the model that made the predictions.
        probabilities: float32 ``[n, classes]``.
        k: number of most probable classes in each answer, at most all; None for 3, or all labels
            of a model for several an image.
    """
    names = predictor.class_names
    if predictor.multi_label:
        return _to_labels(names, probabilities, k)
    k, accepted = k or DEFAULT_TOP, predictor.accepts(probabilities).tolist()
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


def _to_labels(
    names: tuple[str, ...], probabilities: npt.NDArray[np.float32], k: int | None
) -> list[dict[str, Any]]:
    ranks = rank_classes(probabilities, names, min(k or len(names), len(names)))
    found = predicted_labels(probabilities)
    return [
        {
            "labels": [name for name, is_found in zip(names, row, strict=True) if is_found],
            "top": [{"label": name, "probability": round(value, 6)} for name, value in ranked],
        }
        for row, ranked in zip(found, ranks, strict=True)
    ]


def encode_png(image: npt.NDArray[np.uint8]) -> bytes:
    """Encode an image ``[height, width]`` as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


def encode_png_base64(image: npt.NDArray[np.uint8]) -> str:
    """Encode an image ``[height, width]`` as a PNG file in base64."""
    return base64.b64encode(encode_png(image)).decode("ascii")
