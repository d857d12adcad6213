"""The checkpoint of a training: every number it needs to go on with the same bits."""

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
    """State after a number of epochs, with the history and the seconds up to there."""

    epochs: int
    state: State
    history: list[dict[str, Any]]
    seconds: float

    def diverged(self) -> tuple[int, list[int]] | None:
        """The first epoch in which a loss was not finite, and the seeds it befell."""
        bad = [row for row in self.history if not _finite(row)]
        if not bad:
            return None
        first = bad[0]["epoch"]
        return first, [row["seed"] for row in bad if row["epoch"] == first]


def _finite(row: dict[str, Any]) -> bool:
    return all(math.isfinite(row[name]) for name in ("loss", "val_loss") if name in row)


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint over the last one, whole or not at all."""
    leaves = jax.device_get(jax.tree.leaves(checkpoint.state))
    notes = {
        "epochs": checkpoint.epochs,
        "history": checkpoint.history,
        "seconds": checkpoint.seconds,
    }
    arrays = {f"array-{i}": array for i, array in enumerate(leaves)}
    with atomic_write(folder / NAME) as file:
        np.savez(file, notes=np.frombuffer(json.dumps(notes).encode(), np.uint8), **arrays)


def load(folder: Path, like: State, networks: int) -> Checkpoint:
    """Read the checkpoint back.

    Args:
        folder: of the run.
        like: the state of one network, which tells how many arrays of which shapes there are.
        networks: how many are trained together.

    Raises:
        InputError: it is missing, damaged, or of other networks than ``like``.
    """
    path = folder / NAME
    leaves, structure = jax.tree.flatten(like)
    try:
        with np.load(path, allow_pickle=False) as file:
            notes = json.loads(file["notes"].tobytes())
            arrays = [file[f"array-{i}"] for i in range(len(leaves))]
        epochs, history, seconds = notes["epochs"], notes["history"], notes["seconds"]
    except FileNotFoundError:
        raise InputError(f"{path}: missing, so the training cannot go on; train again") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged ({error}); train again in another folder") from None
    lead = () if networks == 1 else (networks,)
    if [array.shape for array in arrays] != [(*lead, *leaf.shape) for leaf in leaves]:
        raise InputError(f"{path}: of another network than this run's recipe; train again")
    values = [
        jnp.array(_typed(array, leaf.dtype)) for array, leaf in zip(arrays, leaves, strict=True)
    ]
    return Checkpoint(epochs, jax.tree.unflatten(structure, values), history, seconds)


def _typed(array: np.ndarray, dtype: Any) -> np.ndarray:
    """NumPy saves the types it does not know, such as bfloat16, as raw bytes."""
    return array.view(dtype) if array.dtype.kind == "V" else array
