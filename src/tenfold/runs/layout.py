"""The files of a run folder: their names, and reading them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError

RECORD = "run.json"
NETWORK = "network.json"
HISTORY = "history.csv"
LEARNING_CURVES = "learning-curves.png"


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / RECORD).exists()


def model_path(folder: Path, seed: int) -> Path:
    """Path of the Keras model of a seed."""
    return folder / "models" / f"seed-{seed}.keras"


def onnx_path(folder: Path, seed: int) -> Path:
    """Path of the ONNX copy of the network of a seed."""
    return folder / "models" / f"seed-{seed}.onnx"


def weights_path(folder: Path, seed: int) -> Path:
    """Path of the weights of a seed."""
    return folder / "weights" / f"seed-{seed}.weights.h5"


def predictions_path(folder: Path, split: str) -> Path:
    """Path of the stored predictions on a split."""
    return folder / "predictions" / f"{split}.npz"


def resume_command(folder: Path) -> str:
    """The command that resumes a training.

    Example:
        >>> resume_command(Path("runs/my run"))
        "tenfold train --resume 'runs/my run'"
    """
    return f"tenfold train --resume {shlex.quote(str(folder))}"


def read_file(path: Path, reader: Callable[[Path], Any]) -> Any:
    """Read a file of a run folder.

    Args:
        path: of the file.
        reader: returns its content.

    Raises:
        InputError: the file is missing or damaged.
    """
    if not path.is_file():
        raise InputError(f"{path}: missing; the run folder is incomplete, train again")
    try:
        return reader(path)
    except Exception as error:  # Keras, HDF5, zip and pandas raise many types
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read ({reason}); the run folder is incomplete, train again"
        ) from error
