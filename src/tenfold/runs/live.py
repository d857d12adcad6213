"""A run that is watched while it is trained: what its first network answers after each epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation

NAME = "live.npz"


def save(folder: Path, outputs: npt.NDArray[np.float32], validation: Dataset) -> None:
    """Keep the answers of an epoch over those of the last one, whole or not at all.

    Args:
        folder: of the run.
        outputs: probabilities float32 ``[n, classes]``.
        validation: the n images they answer.
    """
    with atomic_write(folder / NAME) as file:
        np.savez(
            file,
            outputs=outputs,
            labels=validation.labels,
            class_names=np.array(validation.class_names),
        )


def load(folder: Path) -> Evaluation | None:
    """Read back what ``save`` kept; None where there is nothing.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with np.load(folder / NAME, allow_pickle=False) as file:
            names = tuple(map(str, file["class_names"]))
            return Evaluation("validation", names, file["labels"], file["outputs"][None])
    except FileNotFoundError:
        return None
    except Exception as error:  # zip, zlib and NumPy raise all sorts at damaged files
        raise InputError(f"{folder / NAME}: damaged; remove it") from error
