"""What a training continues from: the shipped reader, a run, or an artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.core import assets
from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.data import Dataset, Splits, load
from tenfold.data.sources import DIGITS, names
from tenfold.data.splitting import held_out
from tenfold.data.synthetic import NO_DIGIT, draw
from tenfold.export import model_file
from tenfold.export.session import Session
from tenfold.networks.recipes import Recipe
from tenfold.runs.run import Run
from tenfold.runs.weights import weights_path

if TYPE_CHECKING:
    import keras

READER = "reader"
"""The name of the network that comes with tenfold."""

DRAWN = {"validation": (500, 102), "test": (500, 103)}
"""How many drawings of no digit, and their seed, stand beside MNIST's images."""

DRAWN_SHARE, DRAWN_SEED = 1 / 4, 101
"""Of the known training images, and the seed of the drawings among them."""

SETTLING = 1000
"""Training images that the statistics of batch normalisations are estimated from."""

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Start:
    """Trained networks, and the data they must not forget.

    Attributes:
        name: ``reader``, or the absolute path of the run or artifact.
        checksum: SHA-256 of the artifact, or over the weights of the run.
        recipe: what was trained.
        continued: whether that training went on from trained networks itself.
        seeds: one a network.
        class_names: the classes, in the order of the outputs.
        image_shape: height and width.
        answer: what it answers, as an export of it would: the mean of its networks.
        old: validation and test images it knows, and a subset of so many training images.
        build: the networks with their trained weights.
    """

    name: str
    checksum: str
    recipe: Recipe
    continued: bool
    seeds: list[int]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]
    answer: Callable[[Images], Floats]
    old: Callable[[int], Splits]
    build: Callable[[], list[keras.Model]]


def find(start: str | Path | Run) -> Start:
    """Find what to continue from.

    Args:
        start: ``reader``, a run or its folder, or the path of an artifact.

    Raises:
        InputError: it is none of these, or it cannot be read.
    """
    if isinstance(start, Run):
        return _of_run(start)
    if start == READER:
        return _of_artifact(READER, assets.READER)
    path = Path(start).expanduser().absolute()
    if path.is_dir():
        return _of_run(Run(path))
    if path.is_file():
        return _of_artifact(str(path), path)
    raise InputError(
        f"{start}: neither {READER!r} nor the folder of a run nor an artifact; see runs/ for runs"
    )


def _of_run(run: Run) -> Start:
    run.require_finished()
    digest = hashlib.sha256()
    for seed in run.seeds:
        digest.update(weights_path(run.path, seed).read_bytes())
    return Start(
        name=str(run.path.absolute()),
        checksum=digest.hexdigest(),
        recipe=run.recipe,
        continued=bool(run.record.continued),
        seeds=run.seeds,
        class_names=run.class_names,
        image_shape=run.image_shape,
        answer=lambda images: run.predict_all(images).mean(axis=0),
        old=partial(_old_of_run, run),
        build=lambda: run.models,
    )


def _old_of_run(run: Run, images: int) -> Splits:
    if run.record.protocol != "held-out":
        raise InputError(
            f"{run.path}: it was validated on the test set, which is opened for nothing else; "
            "continue a run of the held-out protocol"
        )
    try:
        splits = run.data()
    except InputError as error:
        raise InputError(f"what it knows must be had, or it would forget that: {error}") from error
    train = splits.train
    if images < len(train):
        train = train[held_out(train.labels, images, run.seeds[0])]
    return Splits(
        splits.name, train, splits.validation, splits.test, splits.source, splits.validation_seed
    )


def _of_artifact(name: str, path: Path) -> Start:
    data, card = model_file.read(path)
    try:
        recipe = Recipe.from_json(card["recipe"])
        class_names, shape = tuple(card["class_names"]), tuple(card["image_shape"])
        seeds, temperatures = list(card["seeds"]), list(card["temperatures"])
        known_by = str(card["data"]["name"])
    except (KeyError, TypeError):
        raise model_file.damaged(path) from None
    if card.get("numbers") != "float32" or ".py" in recipe.network:
        what = "in int8" if card.get("numbers") != "float32" else "of a Python file"
        raise InputError(f"{path}: a network {what}; give the folder of the run instead")
    session = Session(data, path, shape, len(class_names))
    old = partial(_old_by_name, path, known_by, class_names)
    return Start(
        name=name,
        checksum=sha256(data),
        recipe=recipe,
        continued=bool(card.get("continued")),
        seeds=seeds,
        class_names=class_names,
        image_shape=shape,
        answer=session,
        old=old,
        build=partial(_read_back, path, data, recipe, seeds, shape, class_names, temperatures, old),
    )


def _old_by_name(path: Path, name: str, class_names: tuple[str, ...], images: int) -> Splits:
    """The data that an artifact was trained on, where they are known by name."""
    if class_names == (*DIGITS, NO_DIGIT):
        return _with_drawings(images)
    if name in names():
        splits = load(name)
        if splits.class_names == class_names:
            train = splits.train
            chosen = train[held_out(train.labels, images, 0)] if images < len(train) else train
            return Splits(name, chosen, splits.validation, splits.test, splits.source, 0)
    raise InputError(
        f"{path}: what it was trained on ({name}) is not known by name, and would be forgotten; "
        "give the folder of the run instead"
    )


def _with_drawings(images: int) -> Splits:
    """MNIST's splits, each with drawings of no digit as an eleventh class."""
    drawn = round(images * DRAWN_SHARE)
    digits = load("mnist")
    train = digits.train[held_out(digits.train.labels, images - drawn, 0)]
    validation, test = (_joined(digits.present()[split], *DRAWN[split]) for split in DRAWN)
    source = f"{digits.source}; drawings: tenfold.data.synthetic"
    joined = _joined(train, drawn, DRAWN_SEED)
    return Splits("mnist-and-drawings", joined, validation, test, source, 0)


def _joined(digits: Dataset, drawn: int, seed: int) -> Dataset:
    images = _drawings(drawn, seed)
    return Dataset(
        np.concatenate([digits.images, images]),
        np.concatenate([digits.labels, np.full(drawn, len(DIGITS))]),
        (*DIGITS, NO_DIGIT),
        digits.name,
    )


@lru_cache(maxsize=8)
def _drawings(drawn: int, seed: int) -> Images:
    """Drawings of no digit, pairs of MNIST's training digits among them."""
    return draw(drawn, seed, load("mnist").train.images)


def _read_back(
    path: Path,
    data: bytes,
    recipe: Recipe,
    seeds: list[int],
    image_shape: tuple[int, int],
    class_names: tuple[str, ...],
    temperatures: list[float],
    old: Callable[[int], Splits],
) -> list[keras.Model]:
    """The networks of an artifact."""
    import jax

    from tenfold import networks
    from tenfold.engine.inputs import model_input_shape, scale_images
    from tenfold.export.weights import read_weights, settle
    from tenfold.networks.augmentation import augment

    models = [
        networks.build(recipe.network, recipe.arguments, image_shape, len(class_names), seed)
        for seed in seeds
    ]
    read_weights(path, data, models, image_shape, temperatures)
    images = old(SETTLING).train.images
    for model in models:
        scaled = scale_images(model, jax.numpy.asarray(images))
        changed = augment(jax.random.key(0), scaled, recipe.augmentation)
        shape = model_input_shape(model, image_shape)
        settle(model, np.asarray(changed).reshape(len(images), *shape))
    return models
