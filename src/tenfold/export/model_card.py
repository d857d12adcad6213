"""The model card: what a model file states about itself, as metadata of the ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.export import model_file


def read(path: str | Path) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of a model file and its card, both verified.

    Raises:
        InputError: as ``tenfold.export.model_file.read``; or there is no card, or an entry that
            prediction needs is missing or of another type.
    """
    data, card = model_file.read(path)
    if "class_names" not in card:
        raise InputError(
            f"{path}: a network without a model card, as a run keeps one for each seed; export the "
            "run and give that file"
        )
    if not _is_valid(card):
        raise model_file.damaged(path)
    return data, card


def _is_valid(card: dict[str, Any]) -> bool:
    names, shape, threshold = (card.get(k) for k in ("class_names", "image_shape", "threshold"))
    return (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and isinstance(shape, list)
        and len(shape) in (2, 3)
        and all(isinstance(side, int) and side > 0 for side in shape)
        and isinstance(card.get("border"), (int, float))
        and (
            threshold is None
            or (isinstance(threshold, dict) and isinstance(threshold.get("value"), float))
        )
    )
