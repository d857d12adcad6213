"""A time budget for reading one picture, which the steps look at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class OutOfTimeError(Exception):
    """The budget is spent before a step has a result."""


@dataclass
class TimeBudget:
    """Processor time of this thread that may be spent.

    Time in which the processor does other work does not count: the same picture gets the same
    reading on a busy machine.

    Attributes:
        end: on the clock of this thread, in seconds; None without a limit.
        exceeded: whether a step found the budget spent.
    """

    end: float | None
    exceeded: bool = False


_budget: ContextVar[TimeBudget | None] = ContextVar("budget", default=None)


@contextmanager
def time_budget(seconds: float | None) -> Iterator[TimeBudget]:
    """Limit the time of the steps within the block; an outer limit stays in force.

    Args:
        seconds: from now on; None for no further limit.
    """
    outer = _budget.get()
    ends = [] if outer is None or outer.end is None else [outer.end]
    if seconds is not None:
        ends.append(time.thread_time() + seconds)
    budget = TimeBudget(min(ends, default=None))
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


def is_time_up() -> bool:
    """Return whether the budget is spent; a step that can stop then stops with what it has.

    Example:
        >>> with time_budget(0) as budget:
        ...     is_time_up(), budget.exceeded
        (True, True)
    """
    budget = _budget.get()
    if budget is None or budget.end is None or time.thread_time() < budget.end:
        return False
    budget.exceeded = True
    return True


def check_time() -> None:
    """Stop between two steps if the budget is spent.

    Raises:
        OutOfTimeError: it is.
    """
    if is_time_up():
        raise OutOfTimeError
