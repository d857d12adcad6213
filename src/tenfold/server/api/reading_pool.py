"""A small pool of processes that read pictures."""

from __future__ import annotations

import base64
import logging
import time
from queue import LifoQueue
from typing import Any

from tenfold.scale.executor import Outcome
from tenfold.scale.local import Worker
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.job_queue import JobQueue
from tenfold.server.settings import Limits

log = logging.getLogger("tenfold.server")

MODULE = "tenfold.server.api.picture_reading"
BASE_SECONDS, SECONDS_PER_PIXEL = 1.0, 1.5e-6
"""Time that a picture is expected to take at most, which the queue is planned with."""

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
        # The budget is processor time; a process that nobody waits for any more is ended.
        self._workers = [Worker(limits.response_seconds, 1) for _ in range(limits.readers)]
        self._idle = LifoQueue[Worker]()  # the process that has read last is the warmest
        for worker in self._workers:
            self._idle.put(worker)

    async def run(
        self, function: str, picture: bytes, pixels: int | None, **arguments: Any
    ) -> dict[str, Any]:
        """Call a function of ``picture_reading`` in a process.

        Args:
            function: its name.
            picture: the file.
            pixels: its size, if known.
            **arguments: further arguments of the function.

        Raises:
            ServiceError: the queue is full, the picture cannot be read, or it takes too long.
        """
        expected = longest = self._limits.read_seconds
        if pixels is not None:
            expected = min(longest, BASE_SECONDS + SECONDS_PER_PIXEL * pixels)
        return await self._queue.run(expected, self._call, function, picture, arguments)

    def check(self) -> None:
        """Refuse a picture before it is received, if the queue is full.

        Raises:
            ServiceError: the queue is full.
        """
        self._queue.check(BASE_SECONDS)

    def start(self) -> None:
        """Start a process, so that the first picture does not wait for it."""
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
            if time.monotonic() - start < self._limits.response_seconds:
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
