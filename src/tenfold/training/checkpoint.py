"""Checkpoints: all numbers of a training, so that it resumes to the same bits."""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.engine import State

NAME = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """A training after some of its epochs.

    Attributes:
        epochs: number of finished epochs.
        state: after these epochs; several networks have a leading axis.
        history: one row an epoch and seed.
        seconds: of training so far.
    """

    epochs: int
    state: State
    history: list[dict[str, Any]]
    seconds: float

    def divergence(self) -> tuple[int, list[int]] | None:
        """The first epoch with a NaN or infinite loss and the seeds that have it, or None."""
        diverged = [row for row in self.history if not _finite(row)]
        if not diverged:
            return None
        first = diverged[0]["epoch"]
        return first, [row["seed"] for row in diverged if row["epoch"] == first]


def _finite(row: dict[str, Any]) -> bool:
    return all(math.isfinite(row[name]) for name in ("loss", "val_loss") if name in row)


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of a run folder atomically."""
    leaves = jax.device_get(jax.tree.leaves(checkpoint.state))
    notes = {
        "epochs": checkpoint.epochs,
        "history": checkpoint.history,
        "seconds": checkpoint.seconds,
    }
    arrays = {f"array-{i}": array for i, array in enumerate(leaves)}
    with atomic_write(folder / NAME) as file:
        np.savez(file, notes=np.frombuffer(json.dumps(notes).encode(), np.uint8), **arrays)


def load(folder: Path, network: State, networks: int) -> Checkpoint:
    """Read the checkpoint of a run folder.

    Args:
        folder: of the run.
        network: state of one network, for structure, shapes and types of the arrays.
        networks: number of networks that are trained at once.

    Raises:
        InputError: the checkpoint is missing, damaged, or of another network.
    """
    path = folder / NAME
    leaves, structure = jax.tree.flatten(network)
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(file["notes"].tobytes())
            arrays = [file[f"array-{i}"] for i in range(len(leaves))]
        epochs, history, seconds = notes["epochs"], notes["history"], notes["seconds"]
    except FileNotFoundError:
        raise InputError(
            f"{path}: missing, so the training cannot be resumed; train again"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged ({error}); train again in another folder") from None
    leading = () if networks == 1 else (networks,)
    if [array.shape for array in arrays] != [(*leading, *leaf.shape) for leaf in leaves]:
        raise InputError(f"{path}: of another network than this run's recipe; train again")
    values = [
        jnp.array(_with_dtype(array, leaf.dtype))
        for array, leaf in zip(arrays, leaves, strict=True)
    ]
    return Checkpoint(epochs, jax.tree.unflatten(structure, values), history, seconds)


def _with_dtype(array: np.ndarray, dtype: Any) -> np.ndarray:
    """NumPy saves types that it does not have, such as bfloat16, as raw bytes."""
    return array.view(dtype) if array.dtype.kind == "V" else array
