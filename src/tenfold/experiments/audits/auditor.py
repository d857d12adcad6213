"""``audit``: find likely label errors and duplicates of a dataset."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, remove, require_no_url
from tenfold.core.folders import make_dated_folder
from tenfold.data import Dataset, ReadOptions, load
from tenfold.experiments.audits.folds import FoldsJob, is_work
from tenfold.experiments.audits.page import render
from tenfold.experiments.audits.pooling import pooled
from tenfold.experiments.audits.result import AuditResult
from tenfold.experiments.audits.tables import as_csv, candidates, duplicates
from tenfold.networks import recipes
from tenfold.networks.recipes import Recipe
from tenfold.scale import Executor
from tenfold.training.progress import show_progress

FOLDS = 10
LIMIT = 10_000
_MIN_IMAGES_SEEN = 60_000  # by each network of the default recipe, over all epochs


class Audit(AuditResult):
    """The result of an audit, which can be saved with a page to review it."""

    def save(self, out: str | Path | None = None, limit: int = LIMIT) -> Path:
        """Write ``candidates.csv``, ``duplicates.csv`` and the page ``index.html``.

        Args:
            out: a new or empty folder; by default that of the finished folds, or
                ``audits/<date>-<name>``.
            limit: number of candidates, and of groups of duplicates, on the page.

        Returns:
            The folder.

        Raises:
            InputError: the folder is not empty or cannot be written.
        """
        folder = Path(out) if out else self.work or make_dated_folder("audits", self.name)
        require_empty(folder)
        for name, content in (
            ("candidates.csv", as_csv(self.candidates)),
            ("duplicates.csv", as_csv(self.duplicates)),
            ("index.html", render(self, limit)),
        ):
            with atomic_write(folder / name, "w") as file:
                file.write(content)
        for path in filter(is_work, folder.iterdir()):
            remove(path)
        return folder

    def __repr__(self) -> str:
        groups = self.duplicates["group"].nunique()
        return (
            f"<Audit {self.name}: {len(self.candidates):,} candidates, {groups:,} groups of "
            f"duplicates in {len(self.dataset):,} images>"
        )


def audit(
    source: str | Path = "mnist",
    *,
    folds: int = FOLDS,
    recipe: str | Recipe | None = None,
    seed: int = 0,
    executor: Executor | None = None,
    work: str | Path | None = None,
    max_failures: int | None = None,
    verbose: bool = True,
    **options: Any,
) -> Audit:
    """Find likely label errors and duplicates in all splits of a dataset.

    Label errors are estimated by confident learning from out-of-fold probabilities, with the
    library cleanlab. Test images are included, but none of the networks is saved.

    Args:
        source: as for ``tenfold.load``.
        folds: number of folds of the cross-validation.
        recipe: of the networks; None for ``default_recipe``.
        seed: of folds and networks.
        executor: where to train, such as ``tenfold.scale.Ray()``; None for this process.
        work: for an executor, the folder of finished folds, which all processes see; a repeat
            with the same folder goes on. By default ``audits/<date>-<name>``.
        max_failures: tasks that may fail before no more are begun; None to try all.
        verbose: show progress on stderr.
        **options: how to read the files, as for ``tenfold.load``.

    Returns:
        Candidates, duplicates and probabilities; ``save`` writes them with a page for review.

    Raises:
        InputError: cleanlab is not installed, or the data or arguments cannot be used.

    Source: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", 2021.

    Example:
        >>> import pathlib, tempfile
        >>> data = load("mnist").train[:480]
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "few.npz"
        >>> np.savez(path, x_train=data.images, y_train=data.labels)
        >>> audit(path, folds=3, recipe="logistic", verbose=False).candidates.columns[:4].tolist()
        ['rank', 'split', 'index', 'image']
    """
    began = time.perf_counter()
    require_cleanlab()
    splits = load(source, validation=0, **options)
    splits.train.require_one_class("audit")
    dataset, sizes = pooled(splits)
    chosen = _recipe(recipe, len(dataset))
    place = None if work is None else Path(work)
    if executor is None:
        probabilities = _cross_validated(chosen, dataset, folds, seed, verbose)
    else:
        executor.workers()  # fails before any work if they cannot be reached
        place = place or make_dated_folder("audits", splits.name)
        job = FoldsJob(splits, chosen, dataset, folds, seed, place)
        probabilities = job.run(executor, max_failures, verbose)
    return Audit(
        splits.name,
        splits.source,
        _command(str(source), ReadOptions.of(options)),
        dataset,
        sizes,
        probabilities,
        candidates(dataset, sizes, probabilities),
        duplicates(dataset, sizes),
        {"recipe": chosen.name, "epochs": chosen.epochs, "folds": folds, "seed": seed},
        time.perf_counter() - began,
        place,
    )


def require_cleanlab() -> None:
    """Raise InputError if cleanlab is not installed."""
    from importlib.util import find_spec

    if find_spec("cleanlab") is None:
        raise InputError("audits need cleanlab, which is not installed; pip install cleanlab")


def require_empty(folder: Path) -> None:
    """Raise InputError if the folder exists and is not empty, or is a URL."""
    require_no_url(folder)
    if folder.exists() and not (folder.is_dir() and all(map(is_work, folder.iterdir()))):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def default_recipe(images: int) -> Recipe:
    """The recipe for a number of images: three epochs, or more for small datasets.

    The network ranks label errors better than that of ``quick``, though its accuracy is lower;
    see ``benchmarks/audit.py``.

    Example:
        >>> default_recipe(70_000).epochs, default_recipe(6_000).epochs
        (3, 10)
    """
    return recipes.recipe("quick").replace(
        name="audit",
        arguments={"filters": [12, 48], "kernels": 5, "strides": 2},
        learning_rate=5e-3,
        epochs=max(3, -(-_MIN_IMAGES_SEEN // images)),
    )


def _recipe(recipe: str | Recipe | None, images: int) -> Recipe:
    if recipe is None:
        return default_recipe(images)
    chosen = recipes.recipe(recipe) if isinstance(recipe, str) else recipe
    if not isinstance(chosen, Recipe):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    return chosen


def _command(source: str, options: ReadOptions) -> str:
    """The shell command that trains on the data with corrections."""
    words = ["tenfold", "train", "--data", source, *options.to_arguments()]
    return shlex.join([*words, "--corrections", "corrections.csv"])


def _cross_validated(
    recipe: Recipe, dataset: Dataset, folds: int, seed: int, verbose: bool
) -> npt.NDArray[np.float32]:
    from tenfold.engine.cross_validation import cross_validate

    began = time.perf_counter()
    with show_progress(recipe.epochs, verbose) as display:

        def report(epoch: int, share: float, logs: dict[str, Any]) -> None:
            nonlocal began
            display.update(epoch, share, logs)
            if share == 1:
                display.epoch(epoch, logs, time.perf_counter() - began)
                began = time.perf_counter()

        return cross_validate(recipe, dataset, folds, seed, report)
