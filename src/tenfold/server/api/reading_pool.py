"""A small pool of processes that read pictures."""

from __future__ import annotations

import base64
import logging
import time
from contextlib import AbstractContextManager
from functools import partial
from queue import LifoQueue
from typing import Any

from PIL import Image

from tenfold.scale.executor import Outcome
from tenfold.scale.local import Worker
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.job_queue import JobQueue, Place
from tenfold.server.settings import Limits

log = logging.getLogger("tenfold.server")

MODULE = "tenfold.server.api.picture_reading"
BASE_SECONDS, SECONDS_PER_PIXEL, SECONDS_PER_BYTE = 1.0, 1e-6, 1e-5
"""Time that a picture is expected to take at most, which the queue is planned with: files of much
ink or noise are large."""

END_FACTOR = 1.5
"""A process is ended that holds a picture for so many times the limit: it has not looked at it."""

QUEUED_SHARE = 0.75  # of the timeout of a response, that may be spent in the queue


class ReadingPool:
    """Reads pictures in processes, which are started when they are needed.

    A picture that takes much longer than its time budget ends its process, not the service.

    Args:
        limits: of the service.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._closed = limits, False
        self._queue = JobQueue(
            "read", limits.queue_length, QUEUED_SHARE * limits.response_seconds, limits.readers
        )
        longest = END_FACTOR * limits.hold_seconds
        self._workers = [Worker(longest, 1) for _ in range(limits.readers)]
        self._idle = LifoQueue[Worker]()  # the process that has read last is the warmest
        for worker in self._workers:
            self._idle.put(worker)

    def place(self, body: int) -> AbstractContextManager[Place]:
        """Keep a place for a picture, before it is received.

        Args:
            body: bytes that were announced; 0 if unknown.

        Raises:
            ServiceError: the queue is full.
        """
        return self._queue.place(self._expected(body, 0))

    async def run(
        self, place: Place, function: str, picture: bytes, pixels: int | None, **arguments: Any
    ) -> dict[str, Any]:
        """Call a function of ``picture_reading`` in a process.

        Args:
            place: of the picture.
            function: its name.
            picture: the file.
            pixels: its size; None if unknown.
            **arguments: further arguments of the function.

        Raises:
            ServiceError: the picture cannot be read, waits too long, or takes too long.
        """
        longest = self._limits.hold_seconds
        place.seconds = longest if pixels is None else self._expected(len(picture), pixels)
        call = partial(self._call, function, picture, arguments)
        return await self._queue.run_at(place, call)

    def _expected(self, size: int, pixels: int) -> float:
        expected = BASE_SECONDS + SECONDS_PER_BYTE * size + SECONDS_PER_PIXEL * pixels
        return min(self._limits.hold_seconds, expected)

    def start(self) -> None:
        """Start the processes and load decoders, so that the first pictures do not wait."""
        Image.init()
        for _ in self._workers:
            self._queue.submit(self._do, "warm_up", {})

    def close(self) -> None:
        """Drop all pictures, and end the processes."""
        self._closed = True
        self._queue.close()
        for worker in self._workers:
            worker.stop()

    def _call(self, function: str, picture: bytes, arguments: dict[str, Any]) -> dict[str, Any]:
        start = time.monotonic()
        task = {"picture": base64.b64encode(picture).decode("ascii"), **arguments}
        outcome = self._do(function, task)
        if outcome.error:
            if not self._closed:
                log.error("%s: %s", function, outcome.error)
            if time.monotonic() - start < self._limits.hold_seconds:
                raise ServiceError("internal", "the picture ended the process that read it")
            raise ServiceError("timeout", "the picture was not read in time; crop or reduce it")
        value: dict[str, Any] = outcome.value
        if "unreadable" in value:
            raise ServiceError("image_unreadable", value["unreadable"])
        return value

    def _do(self, function: str, task: dict[str, Any]) -> Outcome:
        worker = self._idle.get()
        try:
            return worker.do(f"{MODULE}:{function}", task)
        finally:
            self._idle.put(worker)
