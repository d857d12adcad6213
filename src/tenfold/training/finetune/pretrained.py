"""Pretrained networks that a training starts from: the shipped reader, a run or a model file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.core.image_shape import ImageShape
from tenfold.data.multi_label import needs_one_class
from tenfold.export import model_file
from tenfold.export.session import Session
from tenfold.networks import is_own_network
from tenfold.networks.recipes import Recipe
from tenfold.runs.finetune_data.rehearsal import (
    SHIPPED_READER,
    Rehearsal,
    locate,
    rehearsal_of_model_file,
)
from tenfold.runs.layout import weights_path
from tenfold.runs.run import Run
from tenfold.runs.training_data import rehearsal_of_run

if TYPE_CHECKING:
    import keras

STATISTICS_IMAGES = 1000
"""Training images that the statistics of batch normalisation are estimated from."""


@dataclass(frozen=True)
class Pretrained:
    """Trained networks to fine-tune.

    Attributes:
        name: ``reader``, or the absolute path of the run or model file.
        checksum: SHA-256 of the model file, or of the weights of the run.
        recipe: that the networks were trained by.
        finetuned: whether they were fine-tuned themselves.
        seeds: one a network.
        class_names: the classes, in the order of the outputs.
        image_shape: of the images.
        predict: uint8 images ``[n, *image_shape]`` to the mean of the networks' probabilities,
            float32 ``[n, classes]``.
        rehearsal: the data they were trained on.
        build: returns the networks with their trained weights.
    """

    name: str
    checksum: str
    recipe: Recipe
    finetuned: bool
    seeds: list[int]
    class_names: tuple[str, ...]
    image_shape: ImageShape
    predict: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
    rehearsal: Rehearsal
    build: Callable[[], list[keras.Model]]


def find_pretrained(start: str | Path | Run) -> Pretrained:
    """Open pretrained networks.

    Args:
        start: ``reader``, a run or its folder, or the path of a model file.

    Raises:
        InputError: it is none of these, or it cannot be read.
    """
    if isinstance(start, Run):
        return _from_run(start)
    path = locate(start)
    if path.is_dir():
        return _from_run(Run(path))
    return _from_model_file(SHIPPED_READER if start == SHIPPED_READER else str(path), path)


def _from_run(run: Run) -> Pretrained:
    run.require_finished()
    run.require_one_class("fine-tuning")
    if run.is_onnx:
        raise InputError(
            f"{run.path}: was imported from an ONNX file, which cannot be trained further; start "
            "from a Keras network"
        )
    digest = hashlib.sha256()
    for seed in run.seeds:
        digest.update(weights_path(run.path, seed).read_bytes())
    rehearsal = rehearsal_of_run(run.path, run.record)
    return Pretrained(
        name=rehearsal.name,
        checksum=digest.hexdigest(),
        recipe=run.recipe,
        finetuned=bool(run.record.continued),
        seeds=run.seeds,
        class_names=run.class_names,
        image_shape=run.image_shape,
        predict=lambda images: run.predict_all(images, "byte").mean(axis=0),
        rehearsal=rehearsal,
        build=lambda: run.models,
    )


def _from_model_file(name: str, path: Path) -> Pretrained:
    data, card = model_file.read(path)
    if card.get("multi_label"):
        raise needs_one_class("fine-tuning")
    rehearsal = rehearsal_of_model_file(name, path, card)
    try:
        recipe = Recipe.from_json(card["recipe"])
        seeds = list(card["seeds"])
        temperatures = list(card["temperatures"])
    except (KeyError, TypeError):
        raise model_file.damaged(path) from None
    if card.get("numbers") != "float32" or is_own_network(recipe.network):
        what = "in int8" if card.get("numbers") != "float32" else "of a Python file"
        raise InputError(f"{path}: a network {what}; give the folder of the run instead")
    return Pretrained(
        name=name,
        checksum=sha256(data),
        recipe=recipe,
        finetuned=bool(card.get("continued")),
        seeds=seeds,
        class_names=rehearsal.class_names,
        image_shape=rehearsal.image_shape,
        predict=Session(data, path, rehearsal.image_shape, len(rehearsal.class_names)),
        rehearsal=rehearsal,
        build=partial(_build_networks, path, data, recipe, seeds, temperatures, rehearsal),
    )


def _build_networks(
    path: Path,
    data: bytes,
    recipe: Recipe,
    seeds: list[int],
    temperatures: list[float],
    rehearsal: Rehearsal,
) -> list[keras.Model]:
    """Build the networks of a model file with its weights.

    A model file has no statistics of batch normalisation, which are folded into its weights, so
    they are estimated from training images.
    """
    from tenfold import networks
    from tenfold.export.weights import read_weights

    shape, classes = rehearsal.image_shape, len(rehearsal.class_names)
    models = [
        networks.build(recipe.network, recipe.arguments, shape, classes, seed) for seed in seeds
    ]
    read_weights(path, data, models, shape, temperatures)
    images = rehearsal.load(STATISTICS_IMAGES).train.images
    for model in models:
        _estimate_statistics(model, images, recipe)
    return models


def _estimate_statistics(model: Any, images: npt.NDArray[np.uint8], recipe: Recipe) -> None:
    import jax

    from tenfold.engine.inputs import input_shape, scale_images
    from tenfold.export.weights import estimate_statistics
    from tenfold.networks.augmentation import augment

    scaled = scale_images(jax.numpy.asarray(images), "unit")
    augmented = augment(jax.random.key(0), scaled, recipe.augmentation)
    shape = input_shape(model, images.shape[1:])
    estimate_statistics(model, np.asarray(augmented).reshape(len(images), *shape))
