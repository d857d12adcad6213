"""The card of an artifact: what it says of itself, as metadata of the ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenfold.export import model_file


def read(path: str | Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an artifact and its card, once both are known to be whole.

    Raises:
        InputError: as ``tenfold.export.model_file.read``; or something that prediction needs is
            missing.
    """
    data, card = model_file.read(path)
    if not _is_whole(card):
        raise model_file.damaged(path)
    return data, card


def _is_whole(card: dict[str, Any]) -> bool:
    """Whether what prediction needs is there, and of the right kind."""
    names, shape, threshold = (card.get(k) for k in ("class_names", "image_shape", "threshold"))
    return (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and isinstance(shape, list)
        and len(shape) == 2
        and all(isinstance(side, int) and side > 0 for side in shape)
        and isinstance(card.get("border"), (int, float))
        and (threshold is None or isinstance(_value(threshold), float))
    )


def _value(threshold: Any) -> Any:
    return threshold.get("value") if isinstance(threshold, dict) else None
