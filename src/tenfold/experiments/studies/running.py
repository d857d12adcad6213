"""``study`` and ``resume``: from what is varied to a folder of runs, and the best of them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.folders import dated_folder, make_folder
from tenfold.data import Splits, load
from tenfold.experiments.studies import plan as plans
from tenfold.experiments.studies import settings
from tenfold.experiments.studies.checking import base_recipe, checked_settings, refuse_explosion
from tenfold.experiments.studies.plan import Plan, Setting
from tenfold.experiments.studies.results import ENDED, Study
from tenfold.experiments.studies.settings import Range
from tenfold.metrics import SeedSummary
from tenfold.networks.recipes import Recipe
from tenfold.runs.locks import locked
from tenfold.runs.record import describe_data, now


def study(
    recipe: str | Recipe | None,
    vary: Mapping[str, Any],
    data: str | Path | Splits = "mnist",
    *,
    seeds: int = 5,
    draws: int | None = None,
    resize: bool = False,
    out: str | Path | None = None,
    confirmed: bool = False,
    verbose: bool = True,
) -> Study:
    """Train a recipe in many settings, and open the test set for the best of them alone.

    The best is chosen by its mean accuracy on validation images; of equals, the one with fewer
    parameters. Every setting is checked before anything is trained. Settings that differ in the
    learning rate alone are trained together in one program.

    Args:
        recipe: its name or a Recipe; None for ``quick``, or for ``dense`` layers where these are
            varied.
        vary: what is varied, by name: a sequence of values, or text as on the command line.
            Fields of Recipe and Augmentation, and arguments of the network. Numbers may be a range,
            ``"1e-4..1e-2"``, to draw from with uniform logarithms.
        data: what ``tenfold.load`` takes, or splits.
        seeds: networks of each setting.
        draws: settings to draw at random, by the seed of the recipe, in place of the whole grid.
        resize: bring the user's images to 28x28.
        out: the folder to make; by default ``studies/<date>-<recipe>``.
        confirmed: train more than 100 networks.
        verbose: show progress on stderr.

    Raises:
        InputError: a setting cannot be trained, there are more than 100 networks and ``confirmed``
            is not said, the data have no validation images, or the folder is in use.

    Example:
        >>> import tempfile, tenfold
        >>> data = tenfold.load("mnist")
        >>> few = tenfold.Splits(
        ...     "few", data.train[:640], data.validation[:500], data.test[:200], "MNIST's first", 0)
        >>> found = study("logistic", {"learning_rate": [0.001, 0.01], "epochs": [2]}, few, seeds=2,
        ...     out=tempfile.mkdtemp() + "/study", verbose=False)
        >>> found.table["setting"][0]
        'learning_rate=0.01'
    """
    axes = settings.parse(vary)
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    settings.count(axes, draws)
    base = base_recipe(recipe, axes)
    folder = dated_folder("studies", base.name) if out is None else Path(out)
    _refuse_folder_in_use(folder)
    splits = data if isinstance(data, Splits) else load(data, resize=resize)
    if splits.validation is None:
        raise InputError(f"data: a study chooses by validation images, and {splits.name} has none")
    if not confirmed:
        refuse_explosion(base, axes, draws, splits, seeds)
    plan = Plan(
        recipe=base.name,
        vary={name: _text(axis) for name, axis in axes.items()},
        draws=draws,
        seeds=seeds,
        data=describe_data(splits),
        settings=list(checked_settings(base, axes, draws, splits)),
        started=now(),
    )
    make_folder(folder)
    with locked(folder):
        plan.save(folder)
        return _go_on(Study(folder), splits, verbose)


def resume(path: str | Path, data: Splits | None = None, *, verbose: bool = True) -> Study:
    """Go on with a study that was stopped: what is trained is kept, the rest is trained.

    Args:
        path: its folder.
        data: the study's data where they were made in memory; loaded again otherwise.
        verbose: show progress on stderr.

    Raises:
        InputError: not the folder of a study, or another process is at it; or its data are not
            to be had.
    """
    found = Study(path)
    with locked(found.path):
        splits = found.plan.load_data(data, found.path)
        return _go_on(found, splits, verbose)


def resume_command(folder: Path) -> str:
    """What to type to go on with a study."""
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


def _text(axis: list[Any] | Range) -> str:
    return str(axis) if isinstance(axis, Range) else ",".join(map(settings.to_text, axis))


def _go_on(study: Study, splits: Splits, verbose: bool) -> Study:
    """Train what is not trained yet, group by group, and open the test set at the end."""
    try:
        done = sum(_status(study, one) in ENDED for one in study.plan.settings)
        if done and verbose:
            _say(f"{done} of {len(study.plan.settings)} settings are trained already")
        for group in study.plan.groups():
            new = [one for one in group if _status(study, one) not in ENDED]
            if new:
                _train(study, group, splits, verbose)
                study.write()
            for setting in new:
                done += 1
                if verbose:
                    _say(_outcome(study, setting, done))
        study.write()
        study.open_test(splits)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; go on with {resume_command(study.path)}") from None
    except InputError as error:
        raise InputError(f"{error}; go on with {resume_command(study.path)}") from error
    return study


def _train(study: Study, group: Sequence[Setting], splits: Splits, verbose: bool) -> None:
    """Train the settings of a group that are not finished.

    A diverged one stays in the program, so that the others keep their bits.
    """
    from tenfold.training.trainer import train_together

    left = [one for one in group if _status(study, one) != "finished"]
    train_together(
        [one.recipe for one in left],
        [study.path / one.folder for one in left],
        splits,
        seeds=study.plan.seeds,
        verbose=verbose,
    )


def _status(study: Study, setting: Setting) -> str:
    return str(study.row(setting)["status"])


def _outcome(study: Study, setting: Setting, number: int) -> str:
    """One setting in a line."""
    row = study.row(setting)
    if row["status"] == "diverged":
        said = "diverged, its loss became NaN or infinite"
    else:
        summary = SeedSummary(row["accuracy"], row["sd"], None, None, study.plan.seeds)
        said = summary.as_percent()
    return f"setting {number}/{len(study.plan.settings)} {setting.name}: {said}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
