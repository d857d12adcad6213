"""Work on tasks that leave their results in a folder, beside other processes that do the same."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tenfold.scale.executor import Outcome
from tenfold.scale.leases import Leases

POLL_SECONDS = 2.0
"""Between two looks at what other processes do."""

Task = Mapping[str, Any]


class SharedWork:
    """Tasks by name, which processes divide among them by leases in a folder.

    Args:
        tasks: arguments of each task.
        folder: exists; all processes see it.
        is_done: whether the results of a task are there.
        max_failures: tasks that may fail before no more are begun; None to try all.
        report: takes a line about what is waited for.
        look: called before ``is_done`` is asked anew.

    Attributes:
        failed: why tasks failed here, by name.

    Example:
        >>> import tempfile
        >>> from tenfold.scale import Local
        >>> work = SharedWork({"a": {"path": "/nowhere"}}, Path(tempfile.mkdtemp()), bool)
        >>> list(work.run(lambda tasks: Local(1).run("math:sqrt", tasks, Path())))
        ['a']
    """

    def __init__(
        self,
        tasks: Mapping[str, Task],
        folder: Path,
        is_done: Callable[[str], bool],
        max_failures: int | None = None,
        report: Callable[[str], None] = lambda line: None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._tasks, self._folder, self._is_done, self._report = tasks, folder, is_done, report
        self._look = look
        self._most = sys.maxsize if max_failures is None else max_failures
        self._left = dict.fromkeys(tasks)
        self.failed = dict[str, str]()

    def run(self, run: Callable[[Iterable[Task]], Generator[Outcome]]) -> Generator[str]:
        """Do all tasks that are left, and yield their names as they end, here or elsewhere.

        Args:
            run: does the tasks it is given, as ``Executor.run`` does.
        """
        names, waiting = {id(task): name for name, task in self._tasks.items()}, ""
        yield from self._ended()
        with Leases(self._folder) as leases:
            while self._left and not self._is_stopped():
                idle = True
                with closing(run(self._claimed(leases))) as outcomes:
                    for outcome in outcomes:
                        name, idle = names[id(outcome.task)], False
                        if outcome.error:
                            self.failed[name] = outcome.error
                        self._left.pop(name, None)
                        leases.release(name)
                        yield name
                yield from self._ended()
                if self._left and idle:
                    holder = leases.holder(next(iter(self._left)))
                    if holder not in ("", waiting):
                        self._report(f"waiting for {holder}")
                        waiting = holder
                    time.sleep(POLL_SECONDS)

    def _is_stopped(self) -> bool:
        return len(self.failed) > self._most

    def _ended(self) -> Iterator[str]:
        self._look()
        for name in [name for name in self._left if self._is_done(name)]:
            del self._left[name]
            yield name

    def _claimed(self, leases: Leases) -> Iterator[Task]:
        for name in list(self._left):
            if self._is_stopped():
                return
            if not leases.claim(name):
                continue
            self._look()
            if self._is_done(name):  # by another process, just before
                leases.release(name)
            else:
                yield self._tasks[name]
