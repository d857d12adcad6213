"""Reproductions: networks of tutorials, trained as published and compared with their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.core.folders import make_dated_folder, make_folder
from tenfold.data.loading import resolve
from tenfold.metrics import SeedSummary
from tenfold.networks.recipes import RECIPES, Published, Recipe, recipe
from tenfold.runs import Run
from tenfold.runs.record import machine, versions
from tenfold.scale import Executor
from tenfold.training.completing import complete, complete_all, task_of


@dataclass(frozen=True)
class Reproduction:
    """One recipe: its published accuracies, and ours over seeds after the last epoch.

    Attributes:
        recipe: with the published accuracies.
        train: as the tutorial measured it, the running mean over the last epoch or an evaluation
            after it.
        test: on the test set.
        seconds: of the training.
        run: its folder.
    """

    recipe: Recipe
    train: SeedSummary
    test: SeedSummary
    seconds: float
    run: Path

    @property
    def differences(self) -> dict[str, float]:
        """Our mean minus each published accuracy, as a share of 1."""
        published = self.recipe.published or Published()
        pairs = [("train", published.train, self.train), ("test", published.test, self.test)]
        return {name: ours.mean - value for name, value, ours in pairs if value is not None}

    @property
    def verdict(self) -> str:
        """``reproduced``, ``differs``, or ``unpublished`` if no accuracy was published."""
        if not self.differences:
            return "unpublished"
        close = (self.recipe.published or Published()).close
        return "differs" if any(abs(d) > close for d in self.differences.values()) else "reproduced"

    def to_json(self) -> dict[str, Any]:
        """The row as plain JSON types."""
        published = self.recipe.published or Published()
        return {
            "recipe": self.recipe.to_json(),
            "published": {"train": published.train, "test": published.test},
            "train": self.train.as_json(),
            "test": self.test.as_json(),
            "differences": self.differences,
            "close": published.close,
            "verdict": self.verdict,
            "seconds": self.seconds,
            "run": str(self.run),
        }


def reproduce(
    names: Sequence[str] | None = None,
    *,
    seeds: int = 8,
    out: str | Path | None = None,
    data: str = "mnist",
    executor: Executor | None = None,
    max_failures: int | None = None,
    verbose: bool = True,
) -> Iterator[Reproduction]:
    """Train the networks of tutorials as published: on all training images, validated on test.

    Nothing is chosen by that validation: the results are those of the last epoch.

    Args:
        names: recipes that reproduce a tutorial; None for all of them.
        seeds: networks per recipe.
        out: the folder of the runs, of which those that are finished are not trained again; by
            default a new one in ``runs/``.
        data: as for ``tenfold.load``.
        executor: where to train, such as ``tenfold.scale.Ray()``; None for this process.
        max_failures: recipes that may fail before no more are begun; None to try all.
        verbose: show progress on stderr.

    Raises:
        InputError: a recipe is unknown or reproduces no tutorial, or seeds is below 1.
    """
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds: {seeds}; give a whole number from 1")
    chosen = [recipe(name) for name in names or tutorials()]
    for entry in chosen:
        if entry.published is None:
            raise InputError(
                f"recipe {entry.name!r} reproduces no tutorial; these do: {', '.join(tutorials())}"
            )
    return _each(chosen, seeds, out, data, executor, max_failures, verbose)


def _each(
    chosen: Sequence[Recipe],
    seeds: int,
    out: str | Path | None,
    data: str,
    executor: Executor | None,
    max_failures: int | None,
    verbose: bool,
) -> Iterator[Reproduction]:
    named, path = resolve(data)
    if executor is not None:
        executor.workers()  # fails before any work if they cannot be reached
    place = make_dated_folder("runs", "reproduction") if out is None else Path(out)
    make_folder(place)
    if executor is None:
        for entry in chosen:
            folder, protocol = place / entry.name, "published"
            run = complete(entry, data, folder, seeds=seeds, protocol=protocol, verbose=verbose)
            yield measure(run)
        return
    data = data if named else str(path.absolute())
    tasks = {
        entry.name: task_of(entry, data, place / entry.name, seeds=seeds, protocol="published")
        for entry in chosen
    }
    with closing(complete_all(tasks, place, executor, max_failures)) as names:
        for name in names:
            yield measure(Run(place / name))


def tutorials() -> list[str]:
    """The names of the recipes that reproduce a tutorial."""
    return [name for name, entry in RECIPES.items() if entry.published is not None]


def to_json(rows: Sequence[Reproduction]) -> dict[str, Any]:
    """Rows as plain JSON types, with versions and machine."""
    return {
        "versions": versions(),
        "machine": machine(),
        "rows": [row.to_json() for row in rows],
    }


def measure(run: Run) -> Reproduction:
    """Compare a run of the published protocol with the published accuracies."""
    published = run.recipe.published or Published()
    last = run.history[run.history["epoch"] == run.recipe.epochs]
    if published.evaluated:
        train_accuracy = run.evaluate("train").over_seeds()["accuracy"]
    else:
        train_accuracy = metrics.over_seeds(last["accuracy"].tolist(), bounds=(0, 1))
    test = metrics.over_seeds(last["val_accuracy"].tolist(), bounds=(0, 1))
    return Reproduction(run.recipe, train_accuracy, test, run.record.seconds, run.path)
