"""`complete`: the finished run of a folder, whatever is there of it already."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.data import Splits, load
from tenfold.data.loading import resolve
from tenfold.networks.recipes import Recipe
from tenfold.runs.layout import is_run
from tenfold.runs.run import Run
from tenfold.scale import Executor
from tenfold.scale.sharing import SharedWork
from tenfold.training.trainer import resume, train


def complete(
    recipe: Recipe,
    splits: Splits | str,
    folder: Path,
    *,
    seeds: int = 1,
    protocol: str = "held-out",
    verbose: bool = True,
) -> Run:
    """Return the finished run of a folder: read, resumed or trained.

    Args:
        recipe: of the networks.
        splits: the data, or their name or path.
        folder: of the run; made if it is missing.
        seeds: number of networks.
        protocol: as for ``train``.
        verbose: show progress on stderr.

    Raises:
        InputError: the folder holds a run of another recipe, of other data, seeds or protocol, or
            as for ``train``.
    """
    if not is_run(folder):
        return train(recipe, splits, seeds=seeds, out=folder, protocol=protocol, verbose=verbose)
    run = Run(folder)
    if not is_same(run, recipe, splits, seeds, protocol):
        raise _other_run(folder)
    if run.record.status == "finished":
        return run
    return resume(folder, splits if isinstance(splits, Splits) else None, verbose=verbose)


def _other_run(folder: Path | str) -> InputError:
    return InputError(f"{folder}: holds a run of other settings or data; give another folder")


def is_same(run: Run, recipe: Recipe, data: Splits | str, seeds: int, protocol: str) -> bool:
    """Whether a run is of this recipe, whose pixel range is chosen by the training, and data."""
    own = run.recipe.replace(input_range=recipe.input_range)
    before, now = run.record.data.origin, _source(data)
    same_data = before is None or now is None or before.source == now
    same = own == recipe and len(run.seeds) == seeds and run.record.protocol == protocol
    return same and same_data


def _source(data: Splits | str) -> str | None:
    """What an `Origin` has as source; None for data in memory."""
    if isinstance(data, Splits):
        return None if data.origin is None else data.origin.source
    named, path = resolve(data)
    return named.name if named else str(path.resolve())


def task_of(
    recipe: Recipe, data: str, folder: Path, *, seeds: int = 1, protocol: str = "held-out"
) -> dict[str, Any]:
    """Return the arguments of `complete_task`, as JSON values."""
    return {
        "recipe": recipe.to_json(),
        "data": data,
        "folder": str(folder.absolute()),
        "seeds": seeds,
        "protocol": protocol,
    }


def complete_task(
    recipe: Mapping[str, Any], data: str, folder: str, seeds: int, protocol: str
) -> None:
    """Complete a run in another process; a task of executors. See `complete`."""
    held_out = protocol == "held-out"
    complete(
        Recipe.from_json(recipe),
        _load(data) if held_out else data,
        Path(folder),
        seeds=seeds,
        protocol=protocol,
        verbose=False,
    )


def complete_all(
    tasks: Mapping[str, Mapping[str, Any]],
    folder: Path,
    executor: Executor,
    max_failures: int | None = None,
) -> Generator[str]:
    """Complete runs by an executor, beside other processes, and yield the names of those that end.

    Args:
        tasks: of `task_of`, by name.
        folder: exists; all processes see it.
        executor: where to train.
        max_failures: runs that may fail before no more are begun; None to try all.

    Raises:
        InputError: a folder holds another run, before any work; or a run failed, after all others,
            and a repeat goes on.
    """

    for task in tasks.values():
        if is_run(Path(task["folder"])) and not _is_same(task):
            raise _other_run(task["folder"])

    def is_done(name: str) -> bool:
        path = Path(tasks[name]["folder"])
        return is_run(path) and Run(path).record.status == "finished"

    work = SharedWork(tasks, folder, is_done, max_failures)
    function = f"{__name__}:complete_task"
    with closing(work.run(lambda each: executor.run(function, each, folder))) as names:
        for name in names:
            if name not in work.failed:
                yield name
    for name, error in work.failed.items():
        raise InputError(
            f"{len(work.failed)} of {len(tasks)} failed; {name}: {error}; the same command goes "
            f"on, with the folder {folder}"
        )


def _is_same(task: Mapping[str, Any]) -> bool:
    run = Run(task["folder"])
    recipe = Recipe.from_json(task["recipe"])
    return is_same(run, recipe, task["data"], task["seeds"], task["protocol"])


@lru_cache(maxsize=1)
def _load(data: str) -> Splits:
    return load(data)
