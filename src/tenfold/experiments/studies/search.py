"""Grid and random search: train every setting, choose by validation, open the test set once."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.folders import make_dated_folder, make_folder
from tenfold.data import Splits, load
from tenfold.experiments.studies import grid
from tenfold.experiments.studies import plan as plans
from tenfold.experiments.studies.grid import LogUniform
from tenfold.experiments.studies.plan import Plan, Setting
from tenfold.experiments.studies.preflight import (
    base_recipe,
    checked_settings,
    require_confirmation,
)
from tenfold.experiments.studies.results import ENDED, Study
from tenfold.metrics import SeedSummary
from tenfold.networks.fields import to_text
from tenfold.networks.recipes import Recipe
from tenfold.runs.record import describe_data, now
from tenfold.training.run_folder import locked


def study(
    recipe: str | Recipe | None,
    vary: Mapping[str, Any],
    data: str | Path | Splits = "mnist",
    *,
    seeds: int = 5,
    draws: int | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    confirmed: bool = False,
    verbose: bool = True,
    **options: Any,
) -> Study:
    """Train a recipe in many settings, and open the test set for the best only.

    The best has the highest mean accuracy on the validation images; ties go to fewer parameters.
    Every setting is checked before anything is trained. Settings that differ only in a constant
    learning rate are trained in one program.

    Args:
        recipe: its name or a Recipe; None for ``quick``, or for ``dense`` layers if one of their
            arguments is varied or changed.
        vary: values by field, as a sequence or as text of the command line. The fields are those
            of ``tenfold.networks.recipes.FIELDS``. A range of numbers such as ``"1e-4..1e-2"`` is
            drawn from, uniform in the logarithm.
        data: a name or path that ``tenfold.load`` takes, or splits.
        seeds: networks of each setting.
        draws: number of settings of a random search, drawn by the seed of the recipe; None for a
            grid search.
        changes: other values of the recipe, by field.
        out: the folder to create; by default ``studies/<date>-<recipe>``.
        confirmed: allow more than 100 networks.
        verbose: show progress on stderr.
        **options: how to read the files of ``data``, as for ``tenfold.load``.

    Returns:
        The study, with its table and best run.

    Raises:
        InputError: a setting cannot be trained, there are more than 100 networks without
            ``confirmed``, the dataset has no validation split, or the folder is in use.

    Example:
        >>> import tempfile, tenfold
        >>> data = tenfold.load("mnist")
        >>> few = tenfold.Splits(
        ...     "few", data.train[:640], data.validation[:500], data.test[:200], "MNIST's first", 0)
        >>> vary = {"learning_rate": [0.001, 0.01], "epochs": [2]}
        >>> result = study("logistic", vary, few, seeds=2,
        ...     out=tempfile.mkdtemp() + "/study", verbose=False)
        >>> result.table["setting"][0]
        'learning_rate=0.01'
    """
    axes = grid.parse(vary)
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    grid.count(axes, draws)
    base = base_recipe(recipe, axes, changes or {})
    if out is not None:
        _refuse_folder_in_use(Path(out))
    splits = data if isinstance(data, Splits) else load(data, **options)
    if splits.validation is None:
        raise InputError(f"data: a study chooses by validation images, and {splits.name} has none")
    if not confirmed:
        require_confirmation(base, axes, draws, splits, seeds)
    plan = Plan(
        recipe=base.name,
        vary={name: _text(axis) for name, axis in axes.items()},
        draws=draws,
        seeds=seeds,
        data=describe_data(splits),
        settings=list(checked_settings(base, axes, draws, splits)),
        started=now(),
    )
    folder = make_dated_folder("studies", base.name) if out is None else Path(out)
    make_folder(folder)
    with locked(folder):
        plan.save(folder)
        return _train_all(Study(folder), splits, verbose)


def resume(path: str | Path, data: Splits | None = None, *, verbose: bool = True) -> Study:
    """Continue a stopped study with the settings that are not trained.

    Args:
        path: the study folder.
        data: the dataset if it was made in memory; otherwise it is loaded again.
        verbose: show progress on stderr.

    Returns:
        The finished study.

    Raises:
        InputError: the folder is not a study, another process is working in it, or the dataset is
            missing or another one.
    """
    stopped = Study(path)
    with locked(stopped.path):
        splits = stopped.plan.load_data(data, stopped.path)
        return _train_all(stopped, splits, verbose)


def resume_command(folder: Path) -> str:
    """The command that resumes a study."""
    return f"tenfold study --resume {shlex.quote(str(folder))}"


def _refuse_folder_in_use(folder: Path) -> None:
    if (folder / plans.NAME).exists():
        raise InputError(
            f"{folder}: holds a study already; give another --out, or go on with "
            f"{resume_command(folder)}"
        )
    try:
        names = [path.name for path in folder.iterdir()] if folder.exists() else []
    except NotADirectoryError:
        names = [folder.name]
    if any(not name.startswith(".") for name in names):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def _text(axis: list[Any] | LogUniform) -> str:
    return str(axis) if isinstance(axis, LogUniform) else ",".join(map(to_text, axis))


def _train_all(study: Study, splits: Splits, verbose: bool) -> Study:
    """Train the remaining settings group by group, then open the test set."""
    try:
        done = sum(_status(study, setting) in ENDED for setting in study.plan.settings)
        if done and verbose:
            _report(f"{done} of {len(study.plan.settings)} settings are trained already")
        for group in study.plan.groups():
            new = [setting for setting in group if _status(study, setting) not in ENDED]
            if new:
                _train(study, group, splits, verbose)
                study.write()
            for setting in new:
                done += 1
                if verbose:
                    _report(_outcome(study, setting, done))
        study.write()
        study.open_test(splits)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; go on with {resume_command(study.path)}") from None
    except InputError as error:
        raise InputError(f"{error}; go on with {resume_command(study.path)}") from error
    return study


def _train(study: Study, group: Sequence[Setting], splits: Splits, verbose: bool) -> None:
    """Train the settings of a group that are not finished.

    A diverged setting stays in the program: the same program gives the others the same bits.
    """
    from tenfold.training.trainer import train_together

    remaining = [setting for setting in group if _status(study, setting) != "finished"]
    train_together(
        [setting.recipe for setting in remaining],
        [study.path / setting.folder for setting in remaining],
        splits,
        seeds=study.plan.seeds,
        verbose=verbose,
    )


def _status(study: Study, setting: Setting) -> str:
    return str(study.row(setting)["status"])


def _outcome(study: Study, setting: Setting, number: int) -> str:
    """The result of one setting in a line."""
    row = study.row(setting)
    if row["status"] == "diverged":
        result = "diverged, its loss became NaN or infinite"
    else:
        summary = SeedSummary(row["accuracy"], row["sd"], None, None, study.plan.seeds)
        result = summary.as_percent()
    return f"setting {number}/{len(study.plan.settings)} {setting.name}: {result}"


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
