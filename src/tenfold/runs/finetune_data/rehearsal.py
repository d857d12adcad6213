"""Data that a pretrained network was trained on, mixed in so that it does not forget them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core import assets
from tenfold.core.errors import InputError
from tenfold.core.image_shape import ImageShape
from tenfold.data import Dataset, Splits, load
from tenfold.data.sources import DIGITS, names
from tenfold.data.splitting import stratified_mask
from tenfold.data.synthetic import REJECT_CLASS, draw_non_digits
from tenfold.export import model_file

SHIPPED_READER = "reader"
"""The name of the network that is part of tenfold."""

SYNTHETIC_SHARE = 1 / 4
"""Synthetic non-digits among the training images."""

TRAIN_SEED = 101
"""Seed of the synthetic non-digits among the training images."""

HELD_OUT_SYNTHETIC = {"validation": (500, 102), "test": (500, 103)}
"""Number and seed of the synthetic non-digits added to MNIST's validation and test images."""


@dataclass(frozen=True)
class Rehearsal:
    """Data of a pretrained network, for rehearsal during fine-tuning (Robins, 1995).

    Attributes:
        name: ``reader``, or the absolute path of the run or model file.
        class_names: the classes, in the order of the network's outputs.
        image_shape: of its images.
        load: returns splits with at most the requested number of training images, and all
            validation and test images.
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: ImageShape
    load: Callable[[int], Splits]


def locate(pretrained: str | Path) -> Path:
    """Return the run folder or model file of a pretrained network.

    Args:
        pretrained: ``reader``, the folder of a run, or the path of a model file.

    Raises:
        InputError: it is none of these.
    """
    if pretrained == SHIPPED_READER:
        return assets.READER
    path = Path(pretrained).expanduser().absolute()
    if not path.exists():
        raise InputError(
            f"{pretrained}: neither {SHIPPED_READER!r} nor a run folder nor a model file; see "
            "runs/ for runs"
        )
    return path


def rehearsal_of_model_file(name: str, path: Path, card: Mapping[str, Any]) -> Rehearsal:
    """Return the data that the network of a model file was trained on.

    Args:
        name: ``reader``, or the path.
        path: of the model file.
        card: its metadata.

    Raises:
        InputError: the metadata are incomplete.
    """
    try:
        class_names = tuple(card["class_names"])
        shape = tuple(card["image_shape"])
        dataset = str(card["data"]["name"])
    except (KeyError, TypeError, ValueError):
        raise model_file.damaged(path) from None
    refit = card.get("protocol") == "refit"
    splits_of = partial(_load_by_name, path, dataset, class_names, refit)
    return Rehearsal(name, class_names, shape, splits_of)


def subset(train: Dataset, images: int, seed: int) -> Dataset:
    """A stratified subset of at most ``images`` training images."""
    return train[stratified_mask(train.labels, images, seed)] if images < len(train) else train


def _load_by_name(
    path: Path, name: str, class_names: tuple[str, ...], refit: bool, images: int
) -> Splits:
    """The named dataset that a model file was trained on; a refit leaves no validation images."""
    if class_names == (*DIGITS, REJECT_CLASS):
        return _mnist_and_synthetic(images)
    if name in names():
        splits = load(name)
        if splits.class_names == class_names:
            train = subset(splits.train, images, seed=0)
            held_out = None if refit else splits.validation
            return Splits(name, train, held_out, splits.test, splits.source, 0)
    raise InputError(
        f"{path}: its training data ({name}) are not a named dataset, so the network would forget "
        "them; give the run folder instead"
    )


def _mnist_and_synthetic(images: int) -> Splits:
    """MNIST's splits, each with synthetic non-digits as an eleventh class."""
    synthetic = round(images * SYNTHETIC_SHARE)
    digits = load("mnist")
    train = digits.train[stratified_mask(digits.train.labels, images - synthetic, 0)]
    validation, test = (
        _with_synthetic(digits.present()[split], count, seed)
        for split, (count, seed) in HELD_OUT_SYNTHETIC.items()
    )
    source = f"{digits.source}; drawings: tenfold.data.synthetic"
    train = _with_synthetic(train, synthetic, TRAIN_SEED)
    return Splits("mnist-and-drawings", train, validation, test, source, 0)


def _with_synthetic(digits: Dataset, count: int, seed: int) -> Dataset:
    return Dataset(
        np.concatenate([digits.images, _synthetic(count, seed)]),
        np.concatenate([digits.labels, np.full(count, len(DIGITS))]),
        (*DIGITS, REJECT_CLASS),
        digits.name,
    )


@lru_cache(maxsize=8)
def _synthetic(count: int, seed: int) -> npt.NDArray[np.uint8]:
    """Synthetic non-digits, among them pairs of MNIST's training digits."""
    return draw_non_digits(count, seed, load("mnist").train.images)
