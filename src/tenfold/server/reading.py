"""Reading pictures: one after the other, in a thread, with a short queue before it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from tenfold.errors import InputError
from tenfold.server.answers import answers, png_text
from tenfold.server.errors import ServiceError
from tenfold.server.networks import Current

if TYPE_CHECKING:
    from PIL.Image import Image

    from tenfold.reading import Reading


class Reader:
    """Reads pictures for many callers.

    One at a time: a picture of 50 megapixels takes hundreds of megabytes while it is read.

    Args:
        most: how many may wait or be read; who comes then is told so at once.
    """

    def __init__(self, most: int) -> None:
        self._most, self._waiting = most, 0
        self._thread = ThreadPoolExecutor(1, "reading")

    async def read(self, picture: Image, current: Current) -> dict[str, Any]:
        """What is read in a picture, as plain JSON types.

        Raises:
            ServiceError: it cannot be decoded, or too many wait.
        """
        if self._waiting >= self._most:
            raise ServiceError("busy", f"{self._waiting} pictures wait to be read; come again")
        self._waiting += 1
        done = self._thread.submit(_read, picture, current)
        loop = asyncio.get_running_loop()
        # A thread goes on though its caller has left, so the caller's end does not count.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(done)

    def _leave(self) -> None:
        self._waiting -= 1


def _read(picture: Image, current: Current) -> dict[str, Any]:
    from tenfold.reading import read

    try:
        found = read(picture, current.predictor)
    except InputError as error:
        if "no digit found" in str(error):
            return {"text": "", "lines": [], "digits": [], "size": list(picture.size)}
        raise ServiceError("image_unreadable", str(error)) from None
    lines = found.text.split("\n")
    return {
        "text": found.text,
        "lines": lines,
        "digits": _digits(found, current),
        "size": list(found.size),
    }


def _digits(found: Reading, current: Current) -> list[dict[str, Any]]:
    """Each digit: its answer, where it stands, and the image that the network saw."""
    images = np.stack([digit.image for digit in found.digits])
    answered = iter(answers(current.predictor, current.predictor(images), 3))
    return [
        {
            **next(answered),
            "box": list(digit.box),
            "line": i,
            "number": j,
            "image": png_text(digit.image),
        }
        for i, line in enumerate(found.numbers)
        for j, number in enumerate(line)
        for digit in number
    ]
