"""Adaptive search: Optuna draws settings by the scores of earlier ones, and prunes poor ones.

The trials are in ``optuna.journal`` in the study folder, or in a database. Trial and setting have
the same number.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError, one_line
from tenfold.core.files import atomic_write
from tenfold.core.places import absolute
from tenfold.data import Splits
from tenfold.experiments.studies import grid
from tenfold.experiments.studies.grid import Axes, LogUniform
from tenfold.experiments.studies.plan import Plan, Setting
from tenfold.experiments.studies.preflight import checked_setting
from tenfold.experiments.studies.results import FAILURES, PRUNED, Study
from tenfold.experiments.studies.work import load_study, outcome_of, status, train_settings
from tenfold.networks.fields import to_text
from tenfold.scale import Executor, Leases, Outcome
from tenfold.scale.executor import in_this_process
from tenfold.scale.sharing import POLL_SECONDS
from tenfold.training.job import TrainingJob

JOURNAL = "optuna.journal"
_LEASE = "search"


class _Pruned(Exception):
    """A training that is stopped, since its scores are poor."""


def import_optuna() -> Any:
    """Return Optuna, which prints warnings only.

    Raises:
        InputError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise InputError(
            "--sampler optuna needs Optuna; install it: pip install 'tenfold[optuna]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def begin(folder: Path, plan: Plan, splits: Splits) -> None:
    """Draw and check the first setting, and save the plan with it.

    Raises:
        InputError: the setting cannot be trained.
    """
    (setting,) = _new_settings(folder, plan, splits, 1)
    replace(plan, settings=[setting]).save(folder)


def search(
    study: Study,
    splits: Splits,
    executor: Executor | None,
    max_failures: int | None,
    verbose: bool,
) -> None:
    """Draw and train settings until there are as many as the plan says.

    Arguments are those of `tenfold.experiments.studies.work.train_all`. One process searches at a
    time; others wait for it.

    Raises:
        InputError: a setting failed.
    """
    with Leases(study.path) as leases:
        while not leases.claim(_LEASE):
            time.sleep(POLL_SECONDS)
        study.pull()  # what another process has done, perhaps
        study.plan = Plan.load(study.folder)
        _Search(study, splits, max_failures, verbose).run(executor)


class _Search:
    def __init__(
        self, study: Study, splits: Splits, max_failures: int | None, verbose: bool
    ) -> None:
        self._study, self._splits, self._verbose = study, splits, verbose
        self._most = sys.maxsize if max_failures is None else max_failures
        self._failed = dict[str, str]()
        self._ended = 0

    def run(self, executor: Executor | None) -> None:
        run = (
            partial(in_this_process, self._train)
            if executor is None
            else partial(executor.run, f"{__name__}:train_trial", folder=self._study.path)
        )
        with closing(run(self._tasks())) as outcomes:
            for outcome in outcomes:
                self._take(outcome)
        for name, error in self._failed.items():
            number = len(self._failed)
            raise InputError(f"{number} of {self._study.plan.draws} failed; {name}: {error}")

    def _tasks(self) -> Iterator[Mapping[str, Any]]:
        """Settings that are drawn but not trained, then new ones, drawn when they are needed."""
        folder, number = absolute(self._study.path), 0
        while number < (self._study.plan.draws or 0) and len(self._failed) <= self._most:
            if number == len(self._study.plan.settings):
                self._draw(number)
            setting = self._study.plan.settings[number]
            if status(self._study, setting) in ("waiting", "training", "failed"):
                yield {"folder": folder, "number": number}
            else:
                self._tell(number)
            number += 1

    def _draw(self, number: int) -> None:
        plan = self._study.plan
        new = list(_new_settings(self._study.path, plan, self._splits, number + 1))
        self._study.plan = replace(plan, settings=[*plan.settings, *new])
        self._study.plan.save(self._study.path)

    def _train(self, folder: str, number: int) -> None:
        _train_setting(self._study, self._splits, number, self._verbose)

    def _take(self, outcome: Outcome) -> None:
        self._study.pull()
        setting = self._study.plan.settings[outcome.task["number"]]
        if outcome.error:
            self._failed[setting.name] = outcome.error
            with atomic_write(self._study.failure(setting), "w") as file:
                file.write(outcome.error)
            line = f"{setting.name}: failed: {outcome.error}"
        else:
            self._study.failure(setting).unlink(missing_ok=True)
            self._ended += 1
            line = outcome_of(self._study, setting, self._ended)
            self._tell(outcome.task["number"])
        self._study.mirror.push(FAILURES)
        self._study.write()
        if self._verbose:
            print(line, file=sys.stderr, flush=True)  # noqa: T201

    def _tell(self, number: int) -> None:
        """Tell Optuna how a setting ended, unless it knows."""
        optuna = import_optuna()
        trials = _load(self._study.path, self._study.plan)
        if trials.trials[number].state.is_finished():
            return
        row = self._study.row(self._study.plan.settings[number])
        state = {
            "finished": optuna.trial.TrialState.COMPLETE,
            "pruned": optuna.trial.TrialState.PRUNED,
        }.get(row["status"], optuna.trial.TrialState.FAIL)
        score = row["accuracy"] if row["status"] == "finished" else None
        trials.tell(number, score, state=state)


def train_trial(folder: str, number: int) -> None:
    """Train a setting in another process, or prune it; a task of executors.

    Args:
        folder: of the study.
        number: of the setting.
    """
    study, splits = load_study(folder)
    _train_setting(study, splits, number, verbose=False)


def _train_setting(study: Study, splits: Splits, number: int, verbose: bool) -> None:
    optuna, setting = import_optuna(), study.plan.settings[number]
    trials = _load(study.path, study.plan)
    trial = optuna.trial.Trial(trials, trials.trials[number]._trial_id)

    def after_epoch(job: TrainingJob) -> None:
        epoch = job.checkpoint.epochs
        scores = [row["val_accuracy"] for row in job.checkpoint.history if row["epoch"] == epoch]
        trial.report(sum(scores) / len(scores), epoch)
        if epoch < setting.recipe.epochs and trial.should_prune():
            raise _Pruned(f"after epoch {epoch} of {setting.recipe.epochs}")

    try:
        train_settings(study, [setting], splits, verbose, after_epoch)
    except _Pruned as reason:
        with atomic_write(study.pruning(setting), "w") as file:
            file.write(str(reason))
        study.mirror.push(PRUNED)


def _load(folder: Path, plan: Plan) -> Any:
    """Return the trials: in a database, of which the name and the time of the study name one."""
    optuna, storages = import_optuna(), import_optuna().storages
    url = str(plan.sampler).partition("=")[2]
    try:
        journal = storages.journal.JournalFileBackend(str(folder / JOURNAL)) if not url else None
        found = optuna.create_study(
            storage=url or storages.JournalStorage(journal),
            study_name=f"{folder.resolve().name} {plan.started}" if url else "tenfold",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
        )
    except Exception as error:  # of SQLAlchemy or of any driver of a database
        if not url:
            raise
        reason = one_line(error, 150)
        raise InputError(
            f"sampler: the database cannot be used ({reason}); give optuna=sqlite:////shared/x.db "
            "or another URL of SQLAlchemy"
        ) from None
    if len(found.trials) < len(plan.settings):
        raise InputError(f"{folder}: its trials are missing; was the folder or database renamed?")
    return found


def _new_settings(folder: Path, plan: Plan, splits: Splits, total: int) -> Iterator[Setting]:
    """Yield the settings from the first that the plan does not have up to a total number."""
    optuna, trials = import_optuna(), _load(folder, plan)
    axes, base = grid.parse(plan.vary), plan.base
    assert base is not None  # noqa: S101 - a plan of an adaptive search has it
    for number in range(len(plan.settings), total):
        if number == len(trials.trials):
            # A sampler for each draw: the same one, whether or not the search was stopped before.
            trials.sampler = optuna.samplers.TPESampler(seed=base.seed + number)
            trials.ask(_distributions(optuna, axes))
        values = _values(trials.trials[number].params, axes)
        yield checked_setting(base, values, axes, splits, number + 1, numbered=True)


def _distributions(optuna: Any, axes: Axes) -> dict[str, Any]:
    kinds, chosen = optuna.distributions, dict[str, Any]()
    for name, axis in axes.items():
        if not isinstance(axis, LogUniform):
            chosen[name] = kinds.CategoricalDistribution([to_text(value) for value in axis])
        elif axis.whole:
            chosen[name] = kinds.IntDistribution(int(axis.low), int(axis.high), log=True)
        else:
            chosen[name] = kinds.FloatDistribution(axis.low, axis.high, log=True)
    return chosen


def _values(params: Mapping[str, Any], axes: Axes) -> dict[str, Any]:
    values = dict[str, Any]()
    for name, axis in axes.items():
        if isinstance(axis, LogUniform):
            values[name] = axis.fit(params[name])
        else:
            values[name] = next(value for value in axis if to_text(value) == params[name])
    return values
