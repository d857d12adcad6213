"""The teacher of a distillation: a run or a model file that predicts the training images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, warn
from tenfold.core.files import atomic_write
from tenfold.core.image_shape import size_text
from tenfold.data import Dataset
from tenfold.engine.distillation import with_soft_targets
from tenfold.export.predictor import Predictor
from tenfold.networks.recipes import Recipe
from tenfold.networks.recipes.options import FIELDS
from tenfold.runs.layout import read_file
from tenfold.runs.run import Run

NAME = "soft-targets.npy"
"""Kept in the run folder during the training, so that it resumes without the teacher."""

Targets = npt.NDArray[np.float32]


def soft_targets(recipe: Recipe, train: Dataset) -> Targets | None:
    """Labels and the teacher's probabilities of the training images; None without a teacher.

    A run or model file of several networks teaches the mean of their calibrated probabilities.

    Args:
        recipe: names the teacher.
        train: the images, without augmentation.

    Returns:
        float32 ``[n, 1 + classes]``.

    Raises:
        InputError: the teacher cannot be read, has other classes or another size of images, or is
            weighted and not given.
    """
    if recipe.teacher is None:
        for name in ("teacher_weight", "teacher_temperature"):
            if getattr(recipe, name) != FIELDS[name].default:
                raise InputError(f"{name}: there is no teacher; give teacher, a run or model file")
        return None
    is_file = not Path(recipe.teacher).is_dir()
    teacher = Predictor(recipe.teacher) if is_file else Run(recipe.teacher)
    teacher.require_one_class("teacher")
    _require_fit(recipe.teacher, teacher.class_names, teacher.image_shape, train)
    data = teacher.record.data.checksums if isinstance(teacher, Run) else _checksums(teacher)
    if data.get("train") != train.checksum:
        warn(
            f"the teacher {recipe.teacher} was trained on other images, perhaps on the validation "
            "images of this run: validation metrics may be too good"
        )
    if isinstance(teacher, Run):
        probabilities = teacher.predict_all(train.images, "byte").mean(axis=0)
    else:
        probabilities = teacher.predict(train.images, "byte")
    return with_soft_targets(train.labels, probabilities, recipe.teacher_temperature)


def _checksums(teacher: Predictor) -> dict[str, str]:
    checksums: dict[str, str] = teacher.card.get("data", {}).get("checksums", {})
    return checksums


def _require_fit(name: str, classes: Sequence[str], shape: tuple[int, ...], train: Dataset) -> None:
    if tuple(classes) != train.class_names:
        raise InputError(
            f"teacher: {name} has the classes {', '.join(classes)[:80]}, the data have "
            f"{', '.join(train.class_names)[:80]}; give a teacher of the same classes in this order"
        )
    if tuple(shape) != train.image_shape:
        raise InputError(
            f"teacher: {name} takes images of {size_text(shape)}, the data have "
            f"{size_text(train.image_shape)}; give a teacher for these"
        )


def save(folder: Path, targets: Targets) -> None:
    """Write the soft targets into a run folder."""
    with atomic_write(folder / NAME) as file:
        np.save(file, targets)


def load(folder: Path, recipe: Recipe) -> Targets | None:
    """Read the soft targets of a run that is resumed; None without a teacher.

    Raises:
        InputError: they are missing or damaged.
    """
    if recipe.teacher is None:
        return None
    targets: Targets = read_file(folder / NAME, lambda path: np.load(path, allow_pickle=False))
    return targets
