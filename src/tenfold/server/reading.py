"""Reading pictures: one at a time, in a thread, with a short queue before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tenfold.server.answers import answers, png_text
from tenfold.server.errors import ServiceError
from tenfold.server.networks import Current

if TYPE_CHECKING:
    from PIL.Image import Image


class Reader:
    """Reads pictures for many callers.

    One at a time: a picture of 50 megapixels takes hundreds of megabytes while it is read.

    Args:
        queue: how many may wait; who comes then is told so at once.
    """

    def __init__(self, queue: int) -> None:
        self._queue, self._waiting = queue, 0
        self._turn = asyncio.Lock()

    async def read(self, picture: Image, current: Current) -> dict[str, Any]:
        """What is read in a picture, as plain JSON types.

        Raises:
            ServiceError: it cannot be decoded, or too many wait.
        """
        if self._waiting >= self._queue:
            raise ServiceError(
                "busy", f"{self._waiting} pictures wait already; come again", {"queue": self._queue}
            )
        self._waiting += 1
        try:
            async with self._turn:
                # A thread cannot be stopped: the next one waits for it, even if its caller left.
                return await asyncio.shield(asyncio.to_thread(_read, picture, current))
        finally:
            self._waiting -= 1


def _read(picture: Image, current: Current) -> dict[str, Any]:
    from tenfold.errors import InputError
    from tenfold.reading import read

    try:
        found = read(picture, current.predictor)
    except InputError as error:
        if "no digit found" in str(error):
            return {"text": "", "lines": [], "digits": [], "size": list(picture.size)}
        raise ServiceError("image_unreadable", str(error)) from None
    digits = []
    for i, line in enumerate(found.numbers):
        for j, number in enumerate(line):
            for digit in number:
                digits.append(
                    {
                        "box": list(digit.box),
                        "line": i,
                        "number": j,
                        "image": png_text(digit.image),
                    }
                )
    import numpy as np

    images = np.stack([digit.image for digit in found.digits])
    answered = answers(current.predictor, current.predictor(images), 3)
    return {
        "text": found.text,
        "lines": found.text.split("\n"),
        "digits": [a | d for a, d in zip(answered, digits, strict=True)],
        "size": list(found.size),
    }
