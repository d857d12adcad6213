"""Slow work, one after the other in a thread, with a short queue before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tenfold.server.http.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Lets callers have their turn.

    Args:
        name: of the thread.
        most: how many may wait or be at work; who comes then is told so at once.
    """

    def __init__(self, name: str, most: int) -> None:
        self._most, self._waiting = most, 0
        self._thread = ThreadPoolExecutor(1, name)

    async def take(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` returns, once it is its turn.

        Raises:
            ServiceError: too many wait.
        """
        if self._waiting >= self._most:
            raise ServiceError("busy", f"{self._waiting} wait for the same already; come again")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        done = self._thread.submit(work, *args, **kwargs)
        # A thread goes on though its caller has left, so the caller's end does not count.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """Do nothing more than what is at work: whoever waits has left."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        self._waiting -= 1
