"""Stored predictions of a run on a split, so that evaluating it again needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation
from tenfold.evaluation.occlusion import SIDE, PredictFunction, occlusion_maps
from tenfold.runs.layout import predictions_path

STORED_SPLITS = ("validation", "test")
"""Splits whose predictions are stored; those on train are computed when needed."""

PER_CELL = 8
"""Example images of each cell of the confusion matrix."""

PER_GALLERY = 40
"""Example images of errors, and of correct predictions with low confidence."""


@dataclass(frozen=True)
class Examples:
    """Example images of a run's first network, with the evidence for its predictions.

    Attributes:
        indices: in the split, int ``[m]``, ascending.
        images: uint8 ``[m, *shape]``.
        evidence: float32 ``[m, 7, 7]``, see ``tenfold.evaluation.occlusion.occlusion_maps``.
    """

    indices: npt.NDArray[np.int64]
    images: npt.NDArray[np.uint8]
    evidence: npt.NDArray[np.float32]


def evaluate_dataset(
    networks: Sequence[PredictFunction], dataset: Dataset, split: str
) -> Evaluation:
    """Return the evaluation of networks on a dataset.

    Args:
        networks: functions from images to probabilities.
        dataset: images with labels.
        split: its name.
    """
    outputs = np.stack([network(dataset.images) for network in networks])
    return Evaluation(
        split, dataset.class_names, dataset.labels, outputs, checksum=dataset.checksum
    )


def choose_examples(network: PredictFunction, dataset: Dataset, evaluation: Evaluation) -> Examples:
    """Choose the example images of a report, and compute the evidence for the predictions.

    They are the most confident errors, the least confident correct predictions, and the first
    images of each cell of the confusion matrix in these orders.

    Args:
        network: the first one.
        dataset: that was evaluated.
        evaluation: of the network on the dataset.
    """
    if evaluation.multi_label:  # no cells and no predicted class
        indices = np.sort(evaluation.most_wrong()[:PER_GALLERY])
        evidence = np.zeros((len(indices), SIDE, SIDE), np.float32)
        return Examples(indices, dataset.images[indices], evidence)
    errors, correct = evaluation.mistakes(), evaluation.least_confident_correct()
    chosen = {*errors[:PER_GALLERY].tolist(), *correct[:PER_GALLERY].tolist()}
    order = np.concatenate([errors, correct])
    labels, predicted = evaluation.labels[order], evaluation.predicted()[order]
    cells = labels * len(evaluation.class_names) + predicted
    for cell in np.unique(cells):
        chosen.update(order[cells == cell][:PER_CELL].tolist())
    indices = np.array(sorted(chosen), np.int64)
    images = dataset.images[indices]
    background = np.median(dataset.images[:, 0], axis=(0, 1)).astype(np.uint8)
    return Examples(indices, images, occlusion_maps(network, images, background))


def save(folder: Path, evaluation: Evaluation, examples: Examples) -> None:
    """Store predictions and examples atomically."""
    path = predictions_path(folder, evaluation.split)
    path.parent.mkdir(exist_ok=True)
    with atomic_write(path) as file:
        np.savez(
            file,
            outputs=evaluation.outputs,
            labels=evaluation.labels,
            class_names=np.array(evaluation.class_names),
            checksum=np.array(evaluation.checksum),
            places=examples.indices,
            images=examples.images,
            evidence=examples.evidence.astype(np.float16),
        )


def load(folder: Path, split: str) -> tuple[Evaluation, Examples] | None:
    """Return stored predictions and examples, or None if there are none.

    Raises:
        InputError: the file is damaged.
    """
    path = predictions_path(folder, split)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        names = tuple(map(str, arrays["class_names"]))
        evaluation = Evaluation(
            split, names, arrays["labels"], arrays["outputs"], checksum=str(arrays["checksum"])
        )
        evidence = arrays["evidence"].astype(np.float32)
        return evaluation, Examples(arrays["places"], arrays["images"], evidence)
    except Exception as error:  # zip, zlib and NumPy raise many types for damaged files
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path}: damaged ({reason}); remove it, and tenfold evaluate writes it again"
        ) from error
