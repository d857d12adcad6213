"""Gains of fine-tuning: accuracy before and after, on each part of the validation split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write

BEFORE = "before.npz"
"""Predictions of the pretrained networks on the validation images, in the run folder."""

Floats = npt.NDArray[np.float32]


def save_predictions_before(folder: Path, probabilities: Floats) -> None:
    """Store the pretrained networks' probabilities ``[n, classes]`` on the validation images."""
    with atomic_write(folder / BEFORE) as file:
        np.savez(file, outputs=probabilities)


def measure_gains(
    folder: Path, parts: Sequence[Mapping[str, Any]], labels: npt.NDArray[np.int64], after: Floats
) -> list[dict[str, Any]]:
    """Compare the accuracies before and after on each part of the validation split.

    Args:
        folder: of the run.
        parts: name, kind and ``n`` of each part, in the order of the images.
        labels: of the validation images, int ``[n]``.
        after: mean probabilities of the fine-tuned networks ``[n, classes]``.

    Returns:
        The parts, each with the entries of ``compare_accuracies``.

    Raises:
        InputError: the stored predictions are missing or damaged.
    """
    try:
        with np.load(folder / BEFORE, allow_pickle=False) as file:
            before = file["outputs"]
    except Exception as error:  # zip, zlib and NumPy raise many types for damaged files
        raise InputError(f"{folder / BEFORE}: missing or damaged; train again") from error
    correct = [probabilities.argmax(axis=-1) == labels for probabilities in (before, after)]
    return [
        {**part, **compare_accuracies(correct[0][indices], correct[1][indices])}
        for part, indices in part_slices(parts)
    ]


def part_slices(
    parts: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], slice]]:
    """Each part of a validation split with the slice of its images."""
    first = 0
    for part in parts:
        yield part, slice(first, first + part["n"])
        first += part["n"]


def compare_accuracies(
    before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Return accuracies before and after and their paired difference, as plain JSON.

    Args:
        before: whether each image was classified correctly, bool ``[n]``.
        after: the same after fine-tuning.

    Example:
        >>> result = compare_accuracies(np.array([True, False, False, True]), np.ones(4, bool))
        >>> result["before"]["value"], result["after"]["value"], result["difference"]["value"]
        (0.5, 1.0, 0.5)
    """
    return {
        "before": metrics.proportion(int(before.sum()), len(before)).as_json(),
        "after": metrics.proportion(int(after.sum()), len(after)).as_json(),
        "difference": metrics.accuracy_difference(after[None], before[None]).as_json(),
    }
