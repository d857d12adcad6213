"""A time budget for reading one picture, which the steps look at."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class OutOfTimeError(Exception):
    """The budget is spent before a step has a result."""


@dataclass
class TimeBudget:
    """Processor time of this thread that may be spent.

    Time in which the processor does other work does not count: the same picture gets the same
    reading on a busy machine. A service, whose clients wait, sets a deadline besides.

    Attributes:
        end: on the clock of this thread, in seconds; None without a limit.
        deadline: on the monotonic clock, in seconds; None without one.
        exceeded: whether a step found the budget spent.
    """

    end: float | None
    deadline: float | None = None
    exceeded: bool = False


_budget: ContextVar[TimeBudget | None] = ContextVar("budget", default=None)


@contextmanager
def time_budget(seconds: float | None, on_clock: float | None = None) -> Iterator[TimeBudget]:
    """Limit the time of the steps within the block; outer limits stay in force.

    Args:
        seconds: of processor time from now on; None for no further limit.
        on_clock: seconds from now on, whatever the processor does; None for no further limit.
    """
    outer = _budget.get() or TimeBudget(None)
    end = None if seconds is None else time.thread_time() + seconds
    deadline = None if on_clock is None else time.monotonic() + on_clock
    budget = TimeBudget(_earlier(outer.end, end), _earlier(outer.deadline, deadline))
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


def _earlier(*times: float | None) -> float | None:
    return min((one for one in times if one is not None), default=None)


def is_time_up() -> bool:
    """Return whether the budget is spent; a step that can stop then stops with what it has.

    Example:
        >>> with time_budget(0) as budget:
        ...     is_time_up(), budget.exceeded
        (True, True)
    """
    budget = _budget.get()
    if budget is None:
        return False
    late = budget.deadline is not None and time.monotonic() >= budget.deadline
    if late or (budget.end is not None and time.thread_time() >= budget.end):
        budget.exceeded = True
        return True
    return False


def in_time(items: Iterable[T]) -> Iterator[T]:
    """Yield items until the budget is spent; the first one in any case.

    Example:
        >>> with time_budget(0):
        ...     list(in_time("abc"))
        ['a']
    """
    for index, item in enumerate(items):
        if index and is_time_up():
            return
        yield item


def check_time() -> None:
    """Stop between two steps if the budget is spent.

    Raises:
        OutOfTimeError: it is.
    """
    if is_time_up():
        raise OutOfTimeError
