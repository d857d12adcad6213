"""The driver of a job: the same job again, one driver at a time, units by an executor."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.locks import lock_folder
from tenfold.core.patience import patiently
from tenfold.core.places import absolute, is_remote
from tenfold.scale import Executor
from tenfold.scoring.job import Job, Progress

_SECONDS_BETWEEN_REPORTS = 5.0


def locked(job: Job) -> AbstractContextManager[object]:
    """Lock the folder of a job during the block.

    Raises:
        InputError: another process has the lock.
    """
    if is_remote(job.folder):  # without locks: two processes write equal parts
        return nullcontext()
    return lock_folder(
        job.folder,
        f"{job.folder}: another process is working in this folder; wait for it, or stop it first",
    )


def require_same_job(job: Job, settings: Mapping[str, Any]) -> None:
    """Refuse a folder of another job, or of anything else.

    Raises:
        InputError: it is such a folder.
    """
    if job.exists():
        before = job.settings()
        for name, value in settings.items():
            value = list(value) if isinstance(value, tuple) else value
            if before.get(name) != value and not (name == "pixels" and value is None):
                raise InputError(
                    f"{job.folder}: holds another job ({name}: {str(before.get(name))[:60]}, "
                    f"now {str(value)[:60]}); give another --out"
                )
    elif job.folder.exists():
        if not job.folder.is_dir():
            raise InputError(f"{job.folder}: is a file; give a new folder as --out")
        others = [p.name for p in job.folder.iterdir() if p.name not in ("plan.jsonl", "errors")]
        if any(not name.startswith(".") for name in others):
            raise InputError(f"{job.folder}: holds other files; give a new folder as --out")


def work(
    job: Job,
    function: str,
    executor: Executor,
    fail_fast: bool,
    max_failures: int | None,
    verbose: bool,
) -> Progress:
    """Do the units that are left, and return what is done.

    Args:
        job: has its plan, and is locked.
        function: ``module:function``, which does a unit as `tenfold.scoring.unit.score_unit` does.
        executor: where to work.
        fail_fast: stop at the first thing that fails.
        max_failures: units that may fail before no more are begun; None to try all.
        verbose: show progress on stderr.

    Raises:
        InputError: with ``fail_fast``.
    """
    patiently(job.remove_leftovers)
    done = patiently(job.done)
    began = reported = time.monotonic()
    progress, problems = patiently(job.progress), list[str]()
    if verbose and done:
        _report(f"{len(done):,} of {progress.parts:,} parts are done already")
    tasks = _tasks(job, set(done), fail_fast)
    outcomes = executor.run(function, tasks, job.folder)
    images, parts = 0, len(done)
    try:
        for outcome in outcomes:
            if outcome.error:
                if fail_fast:
                    raise InputError(f"{outcome.error}; stopped, since --fail-fast")
                problems.append(f"part {outcome.task['number']}: {outcome.error}")
                if max_failures is not None and len(problems) > max_failures:
                    break
                continue
            job.add_done(outcome.value)
            images, parts = images + outcome.value["images"], parts + 1
            if verbose and time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                rate = images / (reported - began)
                _report(f"{parts:,} of {progress.parts:,} parts, {rate:,.1f} {progress.noun}/s")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; the same command goes on") from None
    finally:
        outcomes.close()
        job.flush()
    return job.progress(tuple(problems))


def _tasks(job: Job, done: set[int], fail_fast: bool) -> Iterator[dict[str, Any]]:
    folder = absolute(job.folder)
    for number, place, _ in job.plan():
        if number not in done:
            yield {"folder": folder, "number": number, "place": place, "fail_fast": fail_fast}


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
