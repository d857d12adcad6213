"""The work of a study: train what is left, here or by an executor, beside other processes."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, remove
from tenfold.core.places import absolute, explained
from tenfold.data import Origin, Splits, load
from tenfold.experiments.studies.plan import Setting
from tenfold.experiments.studies.results import ENDED, FAILURES, Study
from tenfold.metrics import SeedSummary
from tenfold.runs.layout import RECORD
from tenfold.scale import Executor, Leases
from tenfold.scale.executor import in_this_process
from tenfold.scale.sharing import POLL_SECONDS, SharedWork

if TYPE_CHECKING:
    from tenfold.training.job import TrainingJob

_TEST = "test"
_SECONDS_BETWEEN_UPLOADS = 5.0

Search = Callable[[Study, Splits, Executor | None, int | None, bool], None]


def resume_command(folder: Path) -> str:
    """The command that resumes a study."""
    return f"tenfold study --resume {shlex.quote(str(folder))}"


def train_all(
    study: Study,
    splits: Splits,
    executor: Executor | None,
    max_failures: int | None,
    verbose: bool,
    search: Search | None = None,
) -> Study:
    """Train the remaining settings, group by group, then open the test set.

    Processes that do so for one study divide the groups among them by leases, and each waits for
    the others.

    Args:
        study: with its plan.
        splits: the data of the plan.
        executor: None to train in this process.
        max_failures: groups that may fail before the others are not begun any more; None to try
            all.
        verbose: show progress on stderr.
        search: trains the settings, by the arguments before; None for `train_groups`.

    Raises:
        InputError: a setting failed.
    """
    try:
        with explained(study.path), study.mirror.named():
            (search or train_groups)(study, splits, executor, max_failures, verbose)
            study.pull()
            study.write()
            with Leases(study.path) as leases:
                while not leases.claim(_TEST):
                    time.sleep(POLL_SECONDS)
                study.open_test(splits)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; go on with {resume_command(study.path)}") from None
    except InputError as error:
        raise InputError(f"{error}; go on with {resume_command(study.path)}") from error
    return study


def train_groups(
    study: Study,
    splits: Splits,
    executor: Executor | None,
    max_failures: int | None,
    verbose: bool,
) -> None:
    """Train the groups of the plan; see `train_all`."""
    _Work(study, splits, verbose).run(executor, max_failures)


class _Work:
    """Tasks of the groups that are left, and reports of what has ended."""

    def __init__(self, study: Study, splits: Splits, verbose: bool) -> None:
        self._study, self._splits, self._verbose = study, splits, verbose
        folder = absolute(study.path)
        self._groups = {f"group-{i}": group for i, group in enumerate(study.plan.groups())}
        self._tasks = {name: {"folder": folder, "group": i} for i, name in enumerate(self._groups)}
        self._ended = set[str]()
        self._next_write = 0.0

    def run(self, executor: Executor | None, max_failures: int | None) -> None:
        """Train all groups, and wait for those that other processes train.

        Raises:
            InputError: a group failed.
        """
        settings = self._study.plan.settings
        self._ended = {s.name for s in settings if status(self._study, s) in ENDED}
        if self._ended:
            self._report(f"{len(self._ended)} of {len(settings)} settings are trained already")
        work = SharedWork(
            self._tasks,
            self._study.path,
            self._is_done,
            max_failures,
            self._report,
            self._study.pull,
        )
        run = (
            partial(in_this_process, self._train)
            if executor is None
            else partial(executor.run, f"{__name__}:train_group", folder=self._study.path)
        )
        with closing(work.run(run)) as names:
            for name in names:
                self._take(name, work.failed.get(name, ""))
        if work.failed:
            name, error = next(iter(work.failed.items()))
            raise InputError(
                f"{sum(len(self._groups[name]) for name in work.failed)} of {len(settings)} "
                f"settings failed; {self._groups[name][0].name}: {error}"
            )

    def _is_done(self, name: str) -> bool:
        return all(
            setting.name in self._ended or status(self._study, setting) in ENDED
            for setting in self._groups[name]
        )

    def _train(self, folder: str, group: int) -> None:
        train_settings(self._study, self._groups[f"group-{group}"], self._splits, self._verbose)

    def _take(self, name: str, error: str) -> None:
        """Report the settings of a group that have ended or failed."""
        self._study.pull()
        for setting in self._groups[name]:
            if setting.name in self._ended:
                continue
            failure = self._study.failure(setting)
            if status(self._study, setting) in ENDED:
                self._ended.add(setting.name)
                remove(failure)
                self._report(outcome_of(self._study, setting, len(self._ended)))
            else:
                with atomic_write(failure, "w") as file:
                    file.write(error)
                self._report(f"{setting.name}: failed: {error}")
        self._study.mirror.push(FAILURES)
        if (began := time.monotonic()) > self._next_write:
            self._study.write()
            self._next_write = began + 20 * (time.monotonic() - began)  # a large table is slow

    def _report(self, line: str) -> None:
        if self._verbose:
            print(line, file=sys.stderr, flush=True)  # noqa: T201


def train_group(folder: str, group: int) -> None:
    """Train a group of settings of a study in another process; a task of executors.

    Args:
        folder: of the study.
        group: its number in the plan.
    """
    study, splits = load_study(folder)
    train_settings(study, study.plan.groups()[group], splits, verbose=False)


def load_study(folder: str) -> tuple[Study, Splits]:
    """Return a study and its data, in another process."""
    study = Study(folder)
    origin = study.plan.data.origin
    splits = _load(json.dumps(asdict(origin))) if origin else None
    return study, study.plan.load_data(splits, study.path)


@lru_cache(maxsize=1)
def _load(origin: str) -> Splits:
    return load(**asdict(Origin(**json.loads(origin))))


def train_settings(
    study: Study,
    group: Sequence[Setting],
    splits: Splits,
    verbose: bool,
    after_epoch: Callable[[TrainingJob], None] = lambda job: None,
) -> None:
    """Train the settings of a group that are not finished.

    A diverged setting stays in the program: the same program gives the others the same bits.

    Args:
        study: of the settings.
        group: settings of one program.
        splits: the data of the plan.
        verbose: show progress on stderr.
        after_epoch: called with each run after each of its epochs; what it raises stops all.

    Raises:
        InputError: they cannot be trained.
    """
    from tenfold.training.trainer import train_together

    remaining = [setting for setting in group if status(study, setting) != "finished"]
    folders = [setting.folder for setting in remaining]
    next_push = dict.fromkeys(folders, 0.0)

    def save(job: TrainingJob) -> None:
        folder = job.folder.name
        if time.monotonic() > next_push[folder]:
            study.mirror.push(folder, last=RECORD)
            next_push[folder] = time.monotonic() + _SECONDS_BETWEEN_UPLOADS
        after_epoch(job)

    with study.mirror.named():
        for folder in folders:
            study.mirror.pull(folder)
        train_together(
            [setting.recipe for setting in remaining],
            [study.folder / folder for folder in folders],
            splits,
            seeds=study.plan.seeds,
            verbose=verbose,
            after_epoch=save,
        )
        for folder in folders:
            study.mirror.push(folder, last=RECORD)
            study.mirror.drop(folder)


def status(study: Study, setting: Setting) -> str:
    """The status of a setting, as in the table."""
    return str(study.row(setting)["status"])


def outcome_of(study: Study, setting: Setting, number: int) -> str:
    """The result of one setting in a line."""
    row = study.row(setting)
    if row["status"] == "pruned":
        result = f"pruned {study.progress(setting)}"
    elif row["status"] == "diverged":
        result = "diverged, its loss became NaN or infinite"
    else:
        summary = SeedSummary(row["accuracy"], row["sd"], None, None, study.plan.seeds)
        result = summary.as_percent()
    return f"setting {number}/{study.plan.total} {setting.name}: {result}"
