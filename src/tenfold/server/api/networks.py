"""The network that answers: which it is now, and how several callers ask it at once."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import __version__
from tenfold.core.limits import MAX_PICTURE_SIDE
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.export.predictor import Predictor
from tenfold.server.settings import Limits

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]

FEW = 64
"""Images up to which an answer is sooner had at once than through a thread."""

PART = 128
"""Images a thread asks at once: what they need stays in the processor's caches."""

CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@dataclass(frozen=True)
class Current:
    """The network that answers, and which version of it that is."""

    predictor: Predictor
    version: int


class Network:
    """A network that answers many callers.

    What comes within one turn of the event loop is asked together.

    Args:
        path: the artifact.
        source: what to call it: ``shipped``, or the path of a run or of a file.

    Raises:
        InputError: it is no artifact, or damaged.
    """

    def __init__(self, path: Path, source: str) -> None:
        self.source = source
        self.current = Current(Predictor(path, threads=1), 0)
        self._waiting: list[tuple[Images, asyncio.Future[tuple[Probabilities, Current]]]] = []
        self._threads = ThreadPoolExecutor(CORES, "asking")

    def choose(self, path: Path, version: int, source: str) -> None:
        """Let another artifact answer from now on; who has asked gets the old one's answer.

        Raises:
            InputError: as for the first.
        """
        self.current, self.source = Current(Predictor(path, threads=1), version), source

    async def ask(self, images: Images) -> tuple[Probabilities, Current]:
        """Probabilities ``[n, classes]`` of uint8 images ``[n, height, width]``, and from whom."""
        if len(images) > FEW:
            return await self._ask_in_parts(images)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Probabilities, Current]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._answer_all)
        self._waiting.append((images, answer))
        return await answer

    async def _ask_in_parts(self, images: Images) -> tuple[Probabilities, Current]:
        """Answer many images in threads, which ONNX Runtime keeps busy without Python's lock."""
        current, loop = self.current, asyncio.get_running_loop()
        parts = [images[start : start + PART] for start in range(0, len(images), PART)]
        asked = [loop.run_in_executor(self._threads, current.predictor, part) for part in parts]
        return np.concatenate(await asyncio.gather(*asked)), current

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        current = self.current
        try:
            together = np.concatenate([images for images, _ in waiting])
            found = current.predictor(together)
        except Exception as error:
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        start = 0
        for images, answer in waiting:
            if not answer.done():  # its caller may have left
                answer.set_result((found[start : start + len(images)], current))
            start += len(images)

    def card(self, limits: Limits) -> dict[str, Any]:
        """What the network says of itself, and what may be asked of it."""
        current = self.current
        card = current.predictor.card
        return {
            "name": card["recipe"]["name"],
            "class_names": list(current.predictor.class_names),
            "image_shape": list(current.predictor.image_shape),
            "threshold": card["threshold"],
            "threshold_note": card["threshold_note"],
            "recipe": card["recipe"],
            "scores": card["scores"],
            "data": card["data"],
            "bytes": current.predictor.path.stat().st_size,
            "version": current.version,
            "tenfold": __version__,
            "source": self.source,
            "has_no_digit": REJECT_CLASS in current.predictor.class_names,
            "limits": {
                "body": limits.body,
                "pixels": limits.pixels,
                "side": MAX_PICTURE_SIDE,
                "images": limits.images,
            },
        }
