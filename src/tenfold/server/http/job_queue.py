"""A bounded queue of slow jobs in front of a few threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from math import ceil
from typing import ParamSpec, TypeVar

from tenfold.server.http.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")

_RATE = 0.2  # of the moving average over the last jobs


class JobQueue:
    """Runs jobs in a few threads, in the order in which they come.

    It is no deeper than what the timeout of a response can serve: a job that would begin too late
    is refused at once, with the time after which to try again.

    Args:
        name: of the threads.
        max_jobs: waiting and running jobs; more are refused.
        max_seconds: of work that is waiting or running in each thread; more is refused.
        threads: jobs at the same time.
    """

    def __init__(self, name: str, max_jobs: int, max_seconds: float, threads: int = 1) -> None:
        self._max_jobs, self._max_seconds, self._threads = max_jobs, max_seconds, threads
        self._jobs, self._seconds = 0, 0.0
        self._pace = 1.0  # time that jobs take, by the time that was expected
        self._pool = ThreadPoolExecutor(threads, name)

    def check(self, seconds: float) -> None:
        """Refuse a job if the queue is full.

        Args:
            seconds: that the job is expected to take at most.

        Raises:
            ServiceError: the queue is full.
        """
        wait = self._pace * self._seconds / self._threads
        late = wait + self._pace * seconds > self._max_seconds
        if self._jobs >= self._max_jobs or (self._jobs and late):
            raise self._busy(wait)

    async def run(
        self, seconds: float, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a job in its turn and return its result.

        Args:
            seconds: that the job is expected to take at most.
            job: the function.
            *args: its arguments.
            **kwargs: its keyword arguments.

        Raises:
            ServiceError: the queue is full.
        """
        self.check(seconds)
        self._jobs += 1
        self._seconds += seconds
        loop = asyncio.get_running_loop()
        task = partial(job, *args, **kwargs)
        future = self.submit(self._measure, seconds, time.monotonic(), task)
        # A job that has begun goes on after its client disconnects, so it counts until its end.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._remove_job, seconds))
        return await asyncio.wrap_future(future)

    def submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a job that does not count, such as a preparation."""
        return self._pool.submit(job, *args, **kwargs)

    def close(self) -> None:
        """Drop the jobs that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _busy(self, wait: float) -> ServiceError:
        return ServiceError(
            "busy",
            f"{self._jobs} requests in the queue; try again later",
            headers={"retry-after": str(max(1, ceil(wait)))},
        )

    def _measure(self, seconds: float, since: float, job: Callable[[], T]) -> T:
        """Run a job, and learn from the time it takes how fast this machine is at present.

        Raises:
            ServiceError: those before it took longer than expected, and it would end too late.
        """
        start = time.monotonic()
        if start - since > self._max_seconds:
            raise self._busy(start - since)
        try:
            return job()
        finally:
            self._pace += _RATE * ((time.monotonic() - start) / seconds - self._pace)

    def _remove_job(self, seconds: float) -> None:
        self._jobs -= 1
        self._seconds -= seconds
