"""A picture to what is read in it, as callers get it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.core.errors import InputError, NoDigitError
from tenfold.server.api.answers import answers, png_text
from tenfold.server.api.networks import Current
from tenfold.server.http.errors import ServiceError

if TYPE_CHECKING:
    from PIL.Image import Image

    from tenfold.handwriting.reading import Digit


def warm_up() -> None:
    """Load what reading needs, so that the first caller need not wait for it."""
    from tenfold.handwriting import reading  # noqa: F401


def read_picture(picture: Image, current: Current, k: int) -> dict[str, Any]:
    """What is read in a picture, as plain JSON types.

    ``digits`` stand in reading order; ``others`` are what the network took for no digit.

    Args:
        picture: opened, small enough.
        current: the network.
        k: how many classes of each digit.

    Raises:
        ServiceError: it cannot be decoded, or the network takes other images.
    """
    from tenfold.handwriting.reading import read_upright

    try:
        found = read_upright(picture, current.predictor)
    except NoDigitError:
        nothing: dict[str, Any] = {"text": "", "lines": [], "digits": [], "others": []}
        return nothing | {"size": [*picture.size], "turned": 0}
    except InputError as error:
        raise ServiceError("image_unreadable", str(error)) from None
    places = [
        (digit, {"line": i, "number": j})
        for i, line in enumerate(found.numbers)
        for j, number in enumerate(line)
        for digit in number
    ]
    return {
        "text": found.text,
        "lines": found.text.split("\n") if places else [],
        "digits": _told(places, current, k),
        "others": _told(((other, {}) for other in found.rejected), current, k),
        "size": list(found.size),
        "turned": 90 * found.quarter_turns,
    }


def _told(
    places: Iterable[tuple[Digit, dict[str, int]]], current: Current, k: int
) -> list[dict[str, Any]]:
    """Each digit: its answer, where it stands, and the image that the network saw."""
    found = list(places)
    if not found:
        return []
    probabilities = np.stack([digit.probabilities for digit, _ in found])
    return [
        {**answer, "box": list(digit.box), **place, "image": png_text(digit.image)}
        for answer, (digit, place) in zip(
            answers(current.predictor, probabilities, k), found, strict=True
        )
    ]
