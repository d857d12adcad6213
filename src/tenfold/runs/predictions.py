"""The answers of a run on a split, kept in its folder: judging it again needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation
from tenfold.evaluation.occlusion import PredictFunction, occlusion_maps

FOLDER = "predictions"
KEPT = ("validation", "test")
"""Splits whose answers are kept; those on train can be had again."""

CELL, SHOWN = 8, 40
"""Images of each cell of the confusion matrix; and of mistakes, and of hits, over all."""


@dataclass(frozen=True)
class Examples:
    """Images behind the figures of a run's first network, with where their evidence lies.

    Attributes:
        indices: in the split, int ``[m]``, without repetition.
        images: uint8 ``[m, height, width]``.
        evidence: float32 ``[m, 7, 7]``, see ``tenfold.evaluation.occlusion.occlusion_maps``.
    """

    indices: npt.NDArray[np.int64]
    images: npt.NDArray[np.uint8]
    evidence: npt.NDArray[np.float32]


def evaluate_dataset(
    networks: Sequence[PredictFunction], dataset: Dataset, split: str
) -> Evaluation:
    """What every network answers on a split."""
    outputs = np.stack([network(dataset.images) for network in networks])
    return Evaluation(
        split, dataset.class_names, dataset.labels, outputs, checksum=dataset.checksum
    )


def choose_examples(network: PredictFunction, dataset: Dataset, found: Evaluation) -> Examples:
    """Choose images that tell most about the first network's answers, and explain them."""
    places = _examples(found)
    images = dataset.images[places]
    ground = int(np.median(dataset.images[:, 0]))
    return Examples(places, images, occlusion_maps(network, images, ground))


def _examples(found: Evaluation) -> npt.NDArray[np.int64]:
    """The places of the images that a report shows: every cell's first, and the weakest hits."""
    chosen = {*found.least_confident_correct()[:SHOWN].tolist(), *found.mistakes()[:SHOWN].tolist()}
    for cell in _cells(found):
        chosen.update(cell[:CELL].tolist())
    return np.array(sorted(chosen), np.int64)


def _cells(found: Evaluation) -> Iterator[npt.NDArray[np.int64]]:
    """The places of each cell's images: of mistakes the most confident first, of hits the least."""
    predicted = found.predicted()
    order = np.concatenate([found.mistakes(), found.least_confident_correct()])
    cells = found.labels[order] * len(found.class_names) + predicted[order]
    for cell in np.unique(cells):
        yield order[cells == cell]


def path(folder: Path, split: str) -> Path:
    """Where the answers on a split are kept."""
    return folder / FOLDER / f"{split}.npz"


def save(folder: Path, found: Evaluation, examples: Examples) -> None:
    """Keep answers and examples, whole or not at all."""
    target = path(folder, found.split)
    target.parent.mkdir(exist_ok=True)
    with atomic_write(target) as file:
        np.savez(
            file,
            outputs=found.outputs,
            labels=found.labels,
            class_names=np.array(found.class_names),
            checksum=np.array(found.checksum),
            places=examples.indices,
            images=examples.images,
            evidence=examples.evidence.astype(np.float16),
        )


def load(folder: Path, split: str) -> tuple[Evaluation, Examples] | None:
    """Read back what ``save`` kept; None where there is nothing.

    Raises:
        InputError: the file is damaged.
    """
    source = path(folder, split)
    if not source.exists():
        return None
    try:
        with np.load(source, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
        names = tuple(map(str, found["class_names"]))
        result = Evaluation(
            split, names, found["labels"], found["outputs"], checksum=str(found["checksum"])
        )
        evidence = found["evidence"].astype(np.float32)
        return result, Examples(found["places"], found["images"], evidence)
    except Exception as error:  # zip, zlib and NumPy raise all sorts at damaged files
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{source}: damaged ({reason}); remove it, and tenfold evaluate makes it again"
        ) from error
