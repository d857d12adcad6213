"""``audit``: the images of a dataset whose labels are most likely wrong."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.checksums import sha256
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.folders import dated_folder
from tenfold.data import Dataset, Splits, load
from tenfold.experiments.audits.tables import as_csv, candidates, duplicates
from tenfold.networks import recipes
from tenfold.networks.recipes import Recipe
from tenfold.training.progress import show_progress

if TYPE_CHECKING:
    from pandas import DataFrame

FOLDS = 10
LIMIT = 200
_LEAST_SEEN = 60_000  # images, repeats counted, until the default recipe has learnt enough


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What an audit found. Splits and indices are those of ``load(source, validation=0)``.

    Attributes:
        name: of the data.
        source: where they came from, in words.
        command: what to type once corrections are saved.
        dataset: all n images of all splits, one split after the other.
        sizes: how many images each split has.
        probabilities: float32 ``[n, classes]``, each by a network that did not see the image.
        candidates: images whose label is likely wrong, the likeliest first: rank (from 1), split,
            index, image (the digest), given, predicted, given_probability,
            predicted_probability, quality (cleanlab's, 0 to 1, low where the label is doubtful),
            is_issue (whether it is among those that cleanlab counts as errors).
        duplicates: images that stand in the data twice: group (from 1), split, index, image,
            given, exact (an equal one is in the group), contradicts (the group has several
            labels).
        settings: recipe, folds and seed.
        seconds: of it all.
    """

    name: str
    source: str
    command: str
    dataset: Dataset
    sizes: dict[str, int]
    probabilities: npt.NDArray[np.float32]
    candidates: DataFrame
    duplicates: DataFrame
    settings: dict[str, Any]
    seconds: float

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of both tables: what a page's decisions are remembered by."""
        return sha256((as_csv(self.candidates) + as_csv(self.duplicates)).encode())

    def image(self, split: str, index: int) -> npt.NDArray[np.uint8]:
        """Return an image by its place: uint8 ``[height, width]``."""
        names = list(self.sizes)
        start = sum(self.sizes[name] for name in names[: names.index(split)])
        found: npt.NDArray[np.uint8] = self.dataset.images[start + index]
        return found

    def save(self, out: str | Path | None = None, limit: int = LIMIT) -> Path:
        """Write ``candidates.csv``, ``duplicates.csv`` and the page ``index.html``.

        Args:
            out: a new or empty folder; ``audits/<date>-<name>`` by default.
            limit: how many candidates, and groups of duplicates, the page shows.

        Returns:
            The folder.

        Raises:
            InputError: the folder is in use or cannot be written.
        """
        from tenfold.experiments.audits.page import render

        folder = dated_folder("audits", self.name) if out is None else Path(out)
        refuse_used(folder)
        for name, content in (
            ("candidates.csv", as_csv(self.candidates)),
            ("duplicates.csv", as_csv(self.duplicates)),
            ("index.html", render(self, limit)),
        ):
            with atomic_write(folder / name, "w") as file:
                file.write(content)
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
    resize: bool = False,
    verbose: bool = True,
) -> Audit:
    """Look for labels that are likely wrong, and for duplicates, in all splits of a dataset.

    Networks are trained by cross-validation, so that each image is judged by one that has not
    seen it. The method is confident learning (Northcutt, Jiang, Chuang, "Confident Learning:
    Estimating Uncertainty in Dataset Labels", 2021), by the library cleanlab. The test images
    are looked at as well, but by no network that is kept.

    Args:
        source: what ``tenfold.load`` takes.
        folds: of the cross-validation.
        recipe: the networks, and how to train them; None for ``default_recipe``.
        seed: of folds and networks.
        resize: bring images of other sizes to 28x28.
        verbose: show progress on stderr.

    Raises:
        InputError: cleanlab is not installed, or the data or arguments cannot be used.

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
    splits = load(source, validation=0, resize=resize)
    dataset, sizes = pooled(splits)
    chosen = _recipe(recipe, len(dataset))
    found = _cross_validated(chosen, dataset, folds, seed, verbose)
    return Audit(
        splits.name,
        splits.source,
        _command(str(source), resize),
        dataset,
        sizes,
        found,
        candidates(dataset, sizes, found),
        duplicates(dataset, sizes),
        {"recipe": chosen.name, "epochs": chosen.epochs, "folds": folds, "seed": seed},
        time.perf_counter() - began,
    )


def require_cleanlab() -> None:
    """Raise InputError where cleanlab is not installed."""
    from importlib.util import find_spec

    if find_spec("cleanlab") is None:
        raise InputError("audits need cleanlab, which is not here; pip install cleanlab")


def refuse_used(folder: Path) -> None:
    """Raise InputError where something stands in the folder already."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def default_recipe(images: int) -> Recipe:
    """Return the recipe for so many images: three epochs where images are many.

    What counts is how the doubtful images are ranked, not the accuracy, so the network is another
    than that of ``quick``: see ``benchmarks/audit.py``. Fewer images are seen more often, so that
    the networks learn.

    Example:
        >>> default_recipe(70_000).epochs, default_recipe(6_000).epochs
        (3, 10)
    """
    return recipes.recipe("quick").replace(
        name="audit",
        arguments={"filters": [12, 48], "kernels": 5, "strides": 2},
        learning_rate=5e-3,
        epochs=max(3, -(-_LEAST_SEEN // images)),
    )


def pooled(splits: Splits) -> tuple[Dataset, dict[str, int]]:
    """Return all images of all splits as one dataset, and how many each split gave."""
    present = splits.present()
    dataset = Dataset(
        np.concatenate([data.images for data in present.values()]),
        np.concatenate([data.labels for data in present.values()]),
        splits.class_names,
        splits.name,
    )
    return dataset, {name: len(data) for name, data in present.items()}


def _recipe(recipe: str | Recipe | None, images: int) -> Recipe:
    if recipe is None:
        return default_recipe(images)
    chosen = recipes.recipe(recipe) if isinstance(recipe, str) else recipe
    if not isinstance(chosen, Recipe):
        raise InputError(f"recipe: got {type(recipe).__name__}; give a name or a tenfold.Recipe")
    return chosen


def _command(source: str, resize: bool) -> str:
    """What trains on the data with corrections, for a shell."""
    words = ["tenfold", "train", "--data", source, *["--resize"] * resize]
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
