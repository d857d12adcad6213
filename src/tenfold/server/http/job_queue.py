"""A bounded queue of slow jobs in front of one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tenfold.server.http.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")


class JobQueue:
    """Runs jobs one after the other in a thread.

    Args:
        name: of the thread.
        max_jobs: waiting and running jobs; more are refused at once.
    """

    def __init__(self, name: str, max_jobs: int) -> None:
        self._max_jobs, self._jobs = max_jobs, 0
        self._thread = ThreadPoolExecutor(1, name)

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a job in its turn and return its result.

        Raises:
            ServiceError: the queue is full.
        """
        if self._jobs >= self._max_jobs:
            raise ServiceError("busy", f"{self._jobs} requests in the queue; try again later")
        self._jobs += 1
        loop = asyncio.get_running_loop()
        future = self._thread.submit(job, *args, **kwargs)
        # A job that has begun goes on after its client disconnects, so it counts until its end.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._remove_job))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Drop the jobs that have not begun."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _remove_job(self) -> None:
        self._jobs -= 1
