"""Grid and random search: train every setting, choose by validation, open the test set once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.folders import make_dated_folder, make_folder
from tenfold.core.patience import patiently
from tenfold.core.places import exists, explained, is_remote, place
from tenfold.data import Splits, load
from tenfold.experiments.studies import adaptive, grid
from tenfold.experiments.studies import plan as plans
from tenfold.experiments.studies.grid import LogUniform
from tenfold.experiments.studies.plan import Plan
from tenfold.experiments.studies.preflight import (
    base_recipe,
    checked_settings,
    require_confirmation,
)
from tenfold.experiments.studies.results import Study
from tenfold.experiments.studies.work import resume_command, train_all
from tenfold.networks.fields import to_text
from tenfold.networks.recipes import Recipe, customize
from tenfold.runs.record import describe_data, now
from tenfold.scale import Executor


def study(
    recipe: str | Recipe | None,
    vary: Mapping[str, Any],
    data: str | Path | Splits = "mnist",
    *,
    seeds: int = 5,
    draws: int | None = None,
    sampler: str | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    confirmed: bool = False,
    executor: Executor | None = None,
    max_failures: int | None = None,
    verbose: bool = True,
    **options: Any,
) -> Study:
    """Train a recipe in many settings, and open the test set for the best only.

    The best has the highest mean accuracy on the validation images; ties go to fewer parameters.
    Every setting is checked before anything is trained. Settings that differ only in a constant
    learning rate are trained in one program. A setting that fails does not stop the others.

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
        sampler: ``optuna`` to draw each setting by the validation scores of earlier ones, and to
            prune poor ones during the training (extra ``tenfold[optuna]``), with the trials in a
            file of the study, or with ``optuna=URL`` in a database; None for a random search with
            ``draws``.
        changes: other values of the recipe, by field.
        out: the folder or URL to create, or of the same study to go on with; by default
            ``studies/<date>-<recipe>``.
        confirmed: allow more than 100 networks.
        executor: where to train, such as ``tenfold.scale.Ray()``; None for this process. ``data``
            is then a name or path that all processes see, as they must see ``out``.
        max_failures: programs that may fail before no more are begun; None to try all.
        verbose: show progress on stderr.
        **options: how to read the files of ``data``, as for ``tenfold.load``.

    Returns:
        The study, with its table and best run.

    Raises:
        InputError: a setting cannot be trained or failed, there are more than 100 networks without
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
    if sampler is not None:
        _require_sampler(sampler, draws)
    base = base_recipe(recipe, axes, changes or {})
    folder = None if out is None else place(out)
    begun = folder is not None and _is_begun(folder)
    if sampler == "optuna" and folder is not None and is_remote(folder):
        raise InputError(
            f"sampler: its journal cannot be at {folder}, where nothing appends to files; give "
            "optuna=URL of a database"
        )
    splits = data if isinstance(data, Splits) else load(data, **options)
    splits.train.require_one_class("study")
    if splits.validation is None:
        raise InputError(f"data: a study chooses by validation images, and {splits.name} has none")
    _require_usable(executor, splits)
    if folder is not None and begun:
        found = Study(folder)
        adaptive_search = sampler is not None
        values = [] if adaptive_search else grid.combinations(axes, draws, base.seed)
        _require_same(
            found,
            [found.plan.sampler, found.plan.base, found.plan.draws, found.plan.seeds],
            [sampler, base if adaptive_search else None, draws, seeds],
            [customize(base, each) for each in values],
            splits,
        )
        return _train(found, splits, executor, max_failures, verbose)
    if not confirmed:
        require_confirmation(base, axes, draws, splits, seeds)
    plan = Plan(
        recipe=base.name,
        vary={name: _text(axis) for name, axis in axes.items()},
        draws=draws,
        seeds=seeds,
        data=describe_data(splits),
        settings=[] if sampler else list(checked_settings(base, axes, draws, splits)),
        started=now(),
        sampler=sampler,
        base=base if sampler else None,
    )
    folder = folder or make_dated_folder("studies", base.name)
    if not is_remote(folder):
        make_folder(folder)
    if sampler:
        adaptive.begin(folder, plan, splits)
    else:
        plan.save(folder)
    return _train(Study(folder), splits, executor, max_failures, verbose)


def resume(
    path: str | Path,
    data: Splits | None = None,
    *,
    executor: Executor | None = None,
    max_failures: int | None = None,
    verbose: bool = True,
) -> Study:
    """Continue a stopped study with the settings that are not trained.

    Several processes may do so at the same time, on machines that share the folder or URL.

    Args:
        path: the study folder, or its URL.
        data: the dataset if it was made in memory; otherwise it is loaded again.
        executor: as for ``study``.
        max_failures: likewise.
        verbose: show progress on stderr.

    Returns:
        The finished study.

    Raises:
        InputError: the folder is not a study, a setting failed, or the dataset is missing or
            another one.
    """
    stopped = Study(path)
    splits = stopped.plan.load_data(data, stopped.path)
    _require_usable(executor, splits)
    return _train(stopped, splits, executor, max_failures, verbose)


def _train(
    study: Study,
    splits: Splits,
    executor: Executor | None,
    max_failures: int | None,
    verbose: bool,
) -> Study:
    search = adaptive.search if study.plan.sampler else None
    return train_all(study, splits, executor, max_failures, verbose, search)


def _require_sampler(sampler: str, draws: int | None) -> None:
    if sampler != "optuna" and not sampler.startswith("optuna="):
        raise InputError(
            f"sampler: {sampler!r}; give optuna, optuna=URL of a database, or none for grid and "
            "random search"
        )
    if draws is None:
        raise InputError("sampler: give draws too, the number of settings")
    adaptive.import_optuna()


def _require_usable(executor: Executor | None, splits: Splits) -> None:
    """Refuse, before any work, workers that cannot be reached, or cannot see the data."""
    if executor is None:
        return
    if splits.origin is None:
        raise InputError(
            "data: made in memory, which other processes do not see; save them, with --data FILE"
        )
    executor.workers()


def _require_same(
    begun: Study, before: list[Any], now: list[Any], recipes: list[Recipe], splits: Splits
) -> None:
    """Refuse the folder of another study."""
    plan = begun.plan
    if (
        before == now
        and (plan.sampler or recipes == [setting.recipe for setting in plan.settings])
        and describe_data(splits).checksums == plan.data.checksums
    ):
        return
    raise InputError(
        f"{begun.path}: holds a study already, of {plan.title}; give another --out, or go on with "
        f"{resume_command(begun.path)}"
    )


def _is_begun(folder: Path) -> bool:
    """Whether a folder or URL holds a study.

    Raises:
        InputError: it holds something else, or the storage fails.
    """
    try:
        with explained(folder):
            names = patiently(lambda: _names_in(folder), begun=False)
    except NotADirectoryError:
        names = [folder.name]
    if plans.NAME not in names and any(not name.startswith(".") for name in names):
        raise InputError(f"{folder}: exists already; give a new folder as --out")
    return plans.NAME in names


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if exists(folder) else []


def _text(axis: list[Any] | LogUniform) -> str:
    return str(axis) if isinstance(axis, LogUniform) else ",".join(map(to_text, axis))
