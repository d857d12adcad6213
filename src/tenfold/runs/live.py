"""Early results: the first network's validation predictions, stored after each epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation

NAME = "live.npz"


def save(folder: Path, probabilities: npt.NDArray[np.float32], validation: Dataset) -> None:
    """Replace the predictions of the last epoch atomically.

    Args:
        folder: of the run.
        probabilities: float32 ``[n, classes]``.
        validation: the n images.
    """
    with atomic_write(folder / NAME) as file:
        np.savez(
            file,
            outputs=probabilities,
            labels=validation.labels,
            class_names=np.array(validation.class_names),
        )


def load(folder: Path) -> Evaluation | None:
    """Return the evaluation after the latest epoch, or None if there is none.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with np.load(folder / NAME, allow_pickle=False) as file:
            names = tuple(map(str, file["class_names"]))
            return Evaluation("validation", names, file["labels"], file["outputs"][None])
    except FileNotFoundError:
        return None
    except Exception as error:  # zip, zlib and NumPy raise many types for damaged files
        raise InputError(f"{folder / NAME}: damaged; remove it") from error
