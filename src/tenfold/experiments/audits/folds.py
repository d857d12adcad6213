"""The folds of an audit as tasks, which leave the probabilities of their images in files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write, sha256
from tenfold.core.folders import make_folder
from tenfold.data import Dataset, Origin, Splits, load
from tenfold.networks.recipes import Recipe
from tenfold.scale import Executor
from tenfold.scale.sharing import SharedWork

_PREFIX = ".fold-"


def is_work(path: Path) -> bool:
    """Whether a file is work of an unfinished audit."""
    return path.name.startswith(_PREFIX)


class FoldsJob:
    """The cross-validation of an audit, by an executor.

    Args:
        splits: the data, loaded without validation images.
        recipe: of the networks.
        dataset: all images of the splits.
        folds: number of folds.
        seed: of folds and networks.
        folder: of the files.

    Raises:
        InputError: the data exist only in memory.
    """

    def __init__(
        self,
        splits: Splits,
        recipe: Recipe,
        dataset: Dataset,
        folds: int,
        seed: int,
        folder: Path,
    ) -> None:
        from tenfold.engine.cross_validation import stratified_folds

        if splits.origin is None:
            raise InputError("data: made in memory, which other processes do not see; save them")
        self._parts = stratified_folds(dataset.labels, folds, seed)
        self._folder, self._dataset = folder, dataset
        self._settings: dict[str, Any] = {
            "origin": asdict(splits.origin),
            "checksum": dataset.checksum,
            "recipe": recipe.to_json(),
            "folds": folds,
            "seed": seed,
        }

    def run(
        self, executor: Executor, max_failures: int | None, verbose: bool
    ) -> npt.NDArray[np.float32]:
        """Train what is left and return the out-of-fold probabilities, float32 ``[n, classes]``.

        Raises:
            InputError: a task failed; a repeat goes on.
        """
        folds = self._settings["folds"]
        size = max(1, folds // executor.workers())
        make_folder(self._folder)
        shares = [range(i, min(i + size, folds)) for i in range(0, folds, size)]
        by_name = {f"fold-{share[0]}": share for share in shares}
        tasks = {name: self._task(share) for name, share in by_name.items()}
        work = SharedWork(
            tasks,
            self._folder,
            lambda name: all(Path(file).exists() for file in tasks[name]["files"]),
            max_failures,
        )
        function = f"{__name__}:predict_share"
        done = 0
        with closing(work.run(lambda each: executor.run(function, each, self._folder))) as names:
            for name in names:
                failed = work.failed.get(name)
                done += 0 if failed else len(by_name[name])
                if verbose:
                    line = f"failed: {failed}" if failed else "done"
                    print(f"{name} {line}, {done} of {folds}", file=sys.stderr)  # noqa: T201
        if work.failed:
            name, error = next(iter(work.failed.items()))
            raise InputError(
                f"{name}: {error}; the same command goes on, with --out {self._folder}"
            )
        probabilities = np.empty((len(self._dataset), len(self._dataset.class_names)), np.float32)
        for fold in range(folds):
            probabilities[self._parts == fold] = np.load(self._file(fold), allow_pickle=False)
        return probabilities

    def _task(self, share: Sequence[int]) -> dict[str, Any]:
        left = [fold for fold in share if not self._file(fold).exists()]
        files = [str(self._file(fold).absolute()) for fold in left]
        return {**self._settings, "share": left, "files": files}

    def _file(self, fold: int) -> Path:
        """Path of a fold's probabilities; other settings have other files."""
        digest = sha256(json.dumps(self._settings, sort_keys=True).encode())[:16]
        return self._folder / f"{_PREFIX}{digest}-{fold}.npy"


def predict_share(
    origin: dict[str, Any],
    checksum: str,
    recipe: dict[str, Any],
    folds: int,
    seed: int,
    share: list[int],
    files: list[str],
) -> None:
    """Train the networks of some folds and write the probabilities; a task of executors.

    Args:
        origin: of the data.
        checksum: of all their images.
        recipe: as JSON.
        folds: number of folds.
        seed: of folds and networks.
        share: numbers of the folds.
        files: to write, one a fold.

    Raises:
        InputError: the data are other ones here.
    """
    from tenfold.engine.cross_validation import predict_folds
    from tenfold.experiments.audits.pooling import pooled

    dataset, _ = pooled(load(**asdict(Origin(**origin))))
    if dataset.checksum != checksum:
        raise InputError(f"{origin['source']}: holds other data on this machine")
    predicted = predict_folds(Recipe.from_json(recipe), dataset, folds, seed, share)
    for file, (_, probabilities) in zip(files, predicted, strict=True):
        with atomic_write(file) as opened:
            np.save(opened, probabilities)
