"""The interface of executors."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tenfold.core.errors import InputError

ATTEMPTS = 3
"""How often a task is tried whose process ends: by a kill, for lack of memory, by a crash."""

LESS_MEMORY = "run fewer workers on a machine at the same time, or larger machines"
"""What to do about tasks that need more memory than there is."""


@dataclass(frozen=True)
class Outcome:
    """The result of a task.

    Attributes:
        task: its arguments.
        value: what its function returned; None if it failed.
        error: why it failed, in one line; "" if it did not.
    """

    task: Mapping[str, Any]
    value: Any = None
    error: str = ""


def in_this_process(
    function: Callable[..., None], tasks: Iterable[Mapping[str, Any]]
) -> Generator[Outcome]:
    """Call a function once for each task, without a worker, and yield the outcomes."""
    for task in tasks:
        error = ""
        try:
            function(**task)
        except InputError as problem:
            error = str(problem)
        yield Outcome(task, error=error)


class Executor(Protocol):
    """Runs independent tasks; `Local` and `Ray` do."""

    def workers(self) -> int:
        """Return the number of tasks that run at the same time."""

    def run(
        self, function: str, tasks: Iterable[Mapping[str, Any]], folder: Path
    ) -> Generator[Outcome]:
        """Run a function once for each task and yield outcomes as they come.

        Tasks are taken from the iterable a few at a time. Closing the iterator stops the workers.

        Args:
            function: ``module:function``, importable where the tasks run.
            tasks: keyword arguments of the calls, as JSON values.
            folder: exists; all workers must see it.

        Raises:
            InputError: the workers cannot be reached or do not fit, before any task begins.
        """
