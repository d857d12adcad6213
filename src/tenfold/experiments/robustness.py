"""Runs and model files evaluated alike: on any images, and on corruptions of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.data import Dataset, ReadOptions
from tenfold.data.corruptions import CORRUPTIONS, corrupt
from tenfold.evaluation import Evaluation
from tenfold.export.predictor import Predictor
from tenfold.metrics import METRICS, Score, SeedSummary
from tenfold.metrics.score import mean_score
from tenfold.runs.evaluation_data import Data, other_images
from tenfold.runs.predictions import evaluate_dataset
from tenfold.runs.run import Run


@dataclass(frozen=True)
class Robustness:
    """Accuracies on the images as they are, and on each kind of corruption.

    Attributes:
        clean: the evaluation of the images as they are.
        corrupted: an evaluation a kind.
        seed: of the corruptions.
    """

    clean: Evaluation
    corrupted: Mapping[str, Evaluation]
    seed: int

    @cached_property
    def means(self) -> list[Score]:
        """The mean accuracy over the kinds, of each network.

        Its interval is that of the images: the kinds are fixed. Every image counts with the share
        of kinds in which it is correct.
        """
        correct = np.mean(
            [e.outputs.argmax(axis=-1) == e.labels for e in self.corrupted.values()], axis=0
        )
        return [mean_score(shares, 1) for shares in correct]

    @property
    def mean(self) -> Score | SeedSummary:
        """The mean over the kinds: of the only network, or over several."""
        return self.means[0] if len(self.means) == 1 else METRICS["accuracy"].over_seeds(self.means)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "seed": self.seed,
            "kinds": {
                kind: [score.as_json() for score in result.accuracy]
                for kind, result in self.corrupted.items()
            },
            "mean": [score.as_json() for score in self.means],
        }


def measure(run: Run | Predictor, dataset: Dataset, clean: Evaluation, seed: int = 0) -> Robustness:
    """Evaluate networks on all kinds of corruption of the images of a dataset.

    Args:
        run: a run, or the predictor of a model file.
        dataset: images with labels of the network's classes.
        clean: the evaluation of these images as they are.
        seed: of the corruptions.
    """
    dataset.require_one_class("corruptions")
    return Robustness(clean, dict(_evaluations(run, dataset, seed)), seed)


def _evaluations(
    run: Run | Predictor, dataset: Dataset, seed: int
) -> Iterator[tuple[str, Evaluation]]:
    images = np.asarray(dataset.images[:])
    for kind in CORRUPTIONS:
        changed = Dataset(
            corrupt(images, kind, seed), dataset.labels, dataset.class_names, dataset.name
        )
        yield kind, evaluated(run, changed, f"{dataset.name}, {kind}")


def evaluated(run: Run | Predictor, dataset: Dataset, split: str) -> Evaluation:
    """Evaluate a run or model file on a dataset, without calibration of the run."""
    if isinstance(run, Run):
        return run.evaluate_dataset(dataset, split)
    return evaluate_dataset([partial(run.predict, pixels="byte")], dataset, split)


def images_of(run: Run | Predictor, split: str, data: Data | None, **options: Any) -> Dataset:
    """The images that a run or model file is evaluated on, with labels of its classes.

    Args:
        run: a run, or the predictor of a model file.
        split: ``train``, ``validation`` or ``test``.
        data: others than the run's; a model file needs them.

    Raises:
        InputError: there are no such images, or their classes or sizes do not fit.
    """
    if isinstance(run, Run) and data is None:
        return run.data().split(split)
    if data is None:
        raise InputError(f"{run.path}: a model file holds no data; give --data, such as mnist")
    reading = ReadOptions.of(options)
    return other_images(data, split, run.class_names, run.image_shape, reading, run.multi_label)


def opened(path: str | Path) -> Run | Predictor:
    """A run by its folder, or the predictor of a model file or of ``reader``.

    Raises:
        InputError: it is none of these, or damaged.
    """
    source = READER if str(path) == "reader" and not Path(path).exists() else Path(path)
    return Predictor(source) if source.is_file() else Run(source)
