"""Early results of a run in training: its first network, and what it predicts on validation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path, atomic_write
from tenfold.data import Dataset
from tenfold.evaluation import Evaluation
from tenfold.export import model_file
from tenfold.runs.record import Record

if TYPE_CHECKING:
    from tenfold.core.backend import keras

NAME = "live.npz"
MODEL = "live.onnx"
"""The model file of the network in training; it is neither calibrated nor scored."""


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


def save_model(folder: Path, network: keras.Model, record: Record, train: Dataset) -> None:
    """Replace the model file of the network in training atomically.

    Args:
        folder: of the run.
        network: with its present weights.
        record: of the run.
        train: the training images.

    Raises:
        InputError: a layer cannot be exported.
    """
    from tenfold.export.network import to_onnx

    recipe = record.recipe
    card = {
        "class_names": list(train.class_names),
        "image_shape": list(train.image_shape),
        "border": record.data.border,
        "pixels": record.data.pixels,
        "seeds": record.seeds[:1],
        "threshold": None,
        "threshold_note": "the network is still trained",
        "scores": {},
        "recipe": recipe.to_json(),
        "data": {name: getattr(record.data, name) for name in ("name", "sizes", "checksums")},
    }
    model = to_onnx([network], train.image_shape, (), recipe.input_range, recipe.tta)
    with atomic_path(folder / MODEL) as temporary:
        temporary.write_bytes(model_file.seal(model, card))
