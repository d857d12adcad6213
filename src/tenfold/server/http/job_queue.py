"""A bounded queue of slow jobs in front of a few threads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from math import ceil
from typing import ParamSpec, TypeVar

from tenfold.server.http.errors import ServiceError

P = ParamSpec("P")
T = TypeVar("T")

_RATE = 0.2  # of the moving average over the last jobs
_CHECK_SECONDS = 1.0  # after which what waits is judged again


@dataclass(eq=False)
class Place:
    """A place in the queue.

    Attributes:
        seconds: that the job is expected to take at most.
        since: when it was ready to run; None before.
        began: when it began; None while it waits.
    """

    seconds: float
    since: float | None = None
    began: float | None = None


class JobQueue:
    """Runs jobs in a few threads, in the order in which they come.

    It is no deeper than what the timeout of a response can serve: a job that would end too late is
    refused at once, with the time after which to try again. The estimate counts how long the
    running jobs have taken already. What waits is refused, too, once it would end too late.

    Args:
        name: of the threads.
        max_jobs: waiting and running jobs; more are refused.
        max_seconds: of work that is waiting or running in each thread; more is refused.
        threads: jobs at the same time.
    """

    def __init__(self, name: str, max_jobs: int, max_seconds: float, threads: int = 1) -> None:
        self._max_jobs, self._max_seconds, self._threads = max_jobs, max_seconds, threads
        self._places = dict[Place, None]()  # in their order
        self._pace = 1.0  # time that jobs take, by the time that was expected; at least 1
        self._pool = ThreadPoolExecutor(threads, name)

    @contextmanager
    def place(self, seconds: float) -> Iterator[Place]:
        """Keep a place for a job while the block runs, and until the job ends.

        Args:
            seconds: that the job is expected to take at most.

        Raises:
            ServiceError: the queue is full.
        """
        place = Place(seconds)
        if len(self._places) >= self._max_jobs or self._is_late(place):
            raise self._busy()
        self._places[place] = None
        try:
            yield place
        finally:
            if place.began is None:
                self._places.pop(place, None)

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
        with self.place(seconds) as place:
            return await self.run_at(place, partial(job, *args, **kwargs))

    async def run_at(self, place: Place, job: Callable[[], T]) -> T:
        """Run a job in the turn of its place and return its result.

        Raises:
            ServiceError: it would end too late, because it or those before it take longer than
                expected when it got its place.
        """
        if self._is_late(place):
            raise self._busy()
        loop, refused = asyncio.get_running_loop(), False
        place.since = time.monotonic()
        future = self.submit(self._measure, place, job)

        timer: asyncio.TimerHandle | None = None

        def check() -> None:
            nonlocal refused, timer
            if place.began is None and self._is_late(place):
                refused = future.cancel()  # false once it has begun
            timer = loop.call_later(_CHECK_SECONDS, check)

        timer = loop.call_later(_CHECK_SECONDS, check)
        # A job that has begun goes on after its client disconnects, so it counts until its end.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._places.pop, place, None))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not refused:
                raise
            raise self._busy() from None
        finally:
            if timer is not None:
                timer.cancel()

    def submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a job that does not count, such as a preparation."""
        return self._pool.submit(job, *args, **kwargs)

    def close(self) -> None:
        """Drop the jobs that have not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_late(self, place: Place) -> bool:
        """Whether the job would end too late after those before it."""
        before = list(takewhile(lambda one: one is not place, self._places))
        wait, pace = self._estimate(before)
        waited = 0.0 if place.since is None else time.monotonic() - place.since
        return bool(before) and waited + wait + pace * place.seconds > self._max_seconds

    def _estimate(self, before: Iterable[Place]) -> tuple[float, float]:
        """Return the seconds until a job begins after others, and the pace."""
        now = time.monotonic()
        elapsed = {one: now - one.began for one in self._places if one.began is not None}
        pace = max(self._pace, *(taken / one.seconds for one, taken in elapsed.items()), 1.0)
        left = sum(pace * one.seconds - elapsed.get(one, 0.0) for one in before)
        return left / self._threads, pace

    def _busy(self) -> ServiceError:
        wait, _ = self._estimate(self._places)
        return ServiceError(
            "busy",
            f"{len(self._places)} requests in the queue; try again later",
            headers={"retry-after": str(max(1, ceil(wait)))},
        )

    def _measure(self, place: Place, job: Callable[[], T]) -> T:
        """Run a job, and learn from the time it takes how fast this machine is at present."""
        place.began = began = time.monotonic()
        try:
            return job()
        finally:
            taken = (time.monotonic() - began) / place.seconds
            self._pace = max(1.0, self._pace + _RATE * (taken - self._pace))
