"""Reading pictures in a process of the pool: from the bytes of a file to JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError, NoDigitError
from tenfold.data.picture_files import PictureFile
from tenfold.export.predictor import Predictor
from tenfold.handwriting.picture import load_page
from tenfold.handwriting.reading import read_upright
from tenfold.handwriting.result import Digit, Reading
from tenfold.handwriting.time_budget import time_budget
from tenfold.server.api.answers import encode_png_base64, to_answers


def warm_up() -> None:
    """Do nothing: the imports of this module are done."""


def read_picture(
    picture: str,
    page: int,
    model: str,
    top: int | None,
    seconds: float,
    wall_seconds: float,
    **hints: Any,
) -> dict[str, Any]:
    """Read one page of a file of pictures.

    Args:
        picture: the file in base64.
        page: from 1.
        model: path of the model file.
        top: number of classes in each answer; None for the default.
        seconds: the budget of processor time.
        wall_seconds: the budget of time on the clock.
        **hints: ``deslant``, ``expect`` and ``region`` of ``tenfold.read``.

    Returns:
        ``schemas`` of ``/v1/read``, without the version of the model; or ``unreadable``: why the
        picture cannot be read.
    """
    try:
        with (
            time_budget(seconds, wall_seconds),
            PictureFile(base64.b64decode(picture), "the picture") as file,
        ):
            opened, pages = load_page(file, page), file.n_pages
            size = opened.size
            reading = read_upright(opened, _predictor(model), budget=seconds, **hints)
    except NoDigitError:
        reading = Reading((), (), size)
    except InputError as error:
        return {"unreadable": str(error)}
    return _describe(reading, _predictor(model), top) | {"page": page, "pages": pages}


def convert_picture(picture: str, page: int) -> dict[str, Any]:
    """Convert one page of a file of pictures to PNG.

    Args:
        picture: the file in base64.
        page: from 1.

    Returns:
        ``image``, the upright page as PNG in base64, ``page`` and ``pages``; or ``unreadable``.
    """
    try:
        with PictureFile(base64.b64decode(picture), "the picture") as file:
            pixels = load_page(file, page).pixels
            return {"image": encode_png_base64(pixels), "page": page, "pages": file.n_pages}
    except InputError as error:
        return {"unreadable": str(error)}


def _predictor(model: str) -> Predictor:
    return _load(model, Path(model).stat().st_mtime_ns)  # a network in training is replaced


@lru_cache(maxsize=2)
def _load(model: str, modified: int) -> Predictor:
    return Predictor(Path(model), threads=1)


def _describe(reading: Reading, predictor: Predictor, k: int | None) -> dict[str, Any]:
    digits = [
        (digit, {"line": i, "number": j})
        for i, row in enumerate(reading.rows)
        for j, number in enumerate(row)
        for digit in number.digits
    ]
    return {
        "text": reading.text,
        "confidence": reading.confidence if digits else None,
        "numbers": [number.to_json() for number in reading.numbers],
        "lines": reading.text.split("\n") if digits else [],
        "digits": _describe_digits(digits, predictor, k),
        "others": _describe_digits([(other, {}) for other in reading.rejected], predictor, k),
        "size": list(reading.size),
        "turned": 90 * reading.quarter_turns,
        "complete": reading.complete,
    }


def _describe_digits(
    digits: Iterable[tuple[Digit, dict[str, int]]], predictor: Predictor, k: int | None
) -> list[dict[str, Any]]:
    digits = list(digits)
    if not digits:
        return []
    probabilities = np.stack([digit.probabilities for digit, _ in digits])
    answers = to_answers(predictor, probabilities, k)
    return [
        {
            **answer,
            "accepted": digit.accepted and not digit.is_rejected,
            "box": list(digit.box),
            **place,
            "image": encode_png_base64(digit.image),
        }
        for answer, (digit, place) in zip(answers, digits, strict=True)
    ]
