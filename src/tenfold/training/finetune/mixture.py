"""The user's own images mixed with those a network knows, so that it forgets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data import Dataset, Origin, Splits
from tenfold.data.splitting import STANDARD_VALIDATION
from tenfold.data.synthetic import NO_DIGIT
from tenfold.training.finetune.pretrained import Start
from tenfold.training.finetune.user_data import Own

SMALLEST = 6000
"""Images of an epoch at least: own ones are repeated, each time changed at random, to fill it."""

OWN_SHARE = 0.25
"""Of an epoch; the rest is of what the network knows."""

MOST_REPEATED = 100
"""Times that an image of one's own stands in an epoch: of few, more would be learned by heart."""


@dataclass(frozen=True)
class Mixture:
    """Splits to continue on, and what of validation is what.

    Attributes:
        splits: own images and known ones in train and validation. Test is the user's own, or
            else that of the data the network knows.
        parts: name, kind (``own``, ``known`` or ``no digit``) and number of the validation
            images, in their order.
        repeated: how often each image of one's own stands in train, at least.
    """

    splits: Splits
    parts: tuple[tuple[str, str, int], ...]
    repeated: int


def mix(own: Own, start: Start, batch_size: int) -> Mixture:
    """Mix own images with those that a network knows.

    Args:
        own: of the user.
        start: the network.
        batch_size: images a step; train is filled up to whole batches.

    Raises:
        InputError: the images have another shape than the network takes, or the data it knows
            are not to be had.
    """
    shape = own.train.shape[1:]
    if shape != start.image_shape:
        raise InputError(f"{own.name}: images of {shape}, {start.name} takes {start.image_shape}")
    if not len(own.train):
        raise InputError(f"{own.name}: no images to train on; at least one is needed")
    places, known = _sizes(len(own.train), batch_size)
    old = start.old(known)
    train = _joined([_filled(own.train, places), _filled(old.train, known)], own.name)
    sets = [own.held_out, *_apart(old.validation)]
    held = [part for part in sets if part is not None and len(part)]
    splits = Splits(
        own.name,
        train,
        _joined(held, own.name) if held else None,
        old.test if own.test is None else own.test,
        f"{own.source}, held out of it: {own.how}; mixed with {old.source}",
        old.validation_seed,
        _origin(own),
    )
    parts = tuple((*_called(part, own), len(part)) for part in held)
    return Mixture(splits, parts, places // len(own.train))


def _sizes(own: int, batch_size: int) -> tuple[int, int]:
    """How many own images and how many known ones an epoch has: whole batches together.

    Examples:
        >>> _sizes(1, 125), _sizes(30, 125), _sizes(6000, 125)
        ((100, 5900), (1500, 4500), (6000, 18000))
    """
    wanted = max(SMALLEST, round(own / OWN_SHARE))
    places = max(own, min(round(OWN_SHARE * wanted), MOST_REPEATED * own))
    total = -(-wanted // batch_size) * batch_size
    return places, total - places


def _filled(data: Dataset, images: int) -> Dataset:
    """So many images: all in turn, again and again."""
    return data[np.resize(np.arange(len(data)), images)]


def _apart(known: Dataset | None) -> list[Dataset | None]:
    """Known images, and drawings of no digit apart from them."""
    if known is None or NO_DIGIT not in known.class_names:
        return [known]
    drawn = known.labels == known.class_names.index(NO_DIGIT)
    images, labels = known.images[drawn], known.labels[drawn]
    return [known[~drawn], Dataset(images, labels, known.class_names, NO_DIGIT)]


def _called(part: Dataset, own: Own) -> tuple[str, str]:
    """The name and the kind of a part of the validation images."""
    if part is own.held_out:
        return own.name, "own"
    return part.name, NO_DIGIT if part.name == NO_DIGIT else "known"


def _joined(parts: Sequence[Dataset], name: str) -> Dataset:
    return Dataset(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].class_names,
        name,
    )


def _origin(own: Own) -> Origin | None:
    """Where the images of one's own can be read again."""
    if own.again is None:
        return None
    if "origin" in own.again:
        return Origin(**own.again["origin"])
    return Origin(own.again["source"], STANDARD_VALIDATION, seed=0, resize=own.again["resize"])
