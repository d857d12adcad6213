"""The user's images mixed with those of the pretrained network, against catastrophic forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.image_shape import size_text
from tenfold.data import Dataset, Origin, Splits
from tenfold.data.splitting import DEFAULT_VALIDATION
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.runs.finetune_data.rehearsal import Rehearsal
from tenfold.runs.finetune_data.user_data import UserData

MIN_EPOCH_SIZE = 6000
"""Images an epoch; few user images are repeated, with new random augmentation each time."""

USER_SHARE = 0.25
"""Share of the user's images in an epoch; the rest is rehearsal."""

MAX_REPEATS = 100
"""Times that one user image appears in an epoch; more would overfit a few images."""

USER_KIND, REHEARSAL_KIND = "own", "known"
"""Kinds of validation images, as ``run.json`` names them; the third is ``REJECT_CLASS``."""


@dataclass(frozen=True)
class Mixture:
    """Splits for fine-tuning, and the parts of the validation split.

    Attributes:
        splits: user images and rehearsal in train and validation. Test is the user's test split,
            or else that of the rehearsal data.
        parts: name, kind (``own``, ``known`` or ``no digit``) and number of images of each part
            of the validation split, in their order.
        repeated: how often each user image appears in an epoch, at least.
    """

    splits: Splits
    parts: tuple[tuple[str, str, int], ...]
    repeated: int


def mix(user_data: UserData, rehearsal: Rehearsal, batch_size: int) -> Mixture:
    """Mix the user's images with rehearsal data.

    Args:
        user_data: the user's images.
        rehearsal: data of the pretrained network.
        batch_size: images a step; an epoch is filled up to complete batches.

    Raises:
        InputError: there are no user images, they have another shape than the network takes, or
            the rehearsal data are not available.
    """
    shape, needed = user_data.train.image_shape, rehearsal.image_shape
    if shape != needed:
        raise InputError(
            f"{user_data.name}: images of {size_text(shape)}, {rehearsal.name} takes "
            f"{size_text(needed)}; add --resize for 28x28, or give other images"
        )
    if not len(user_data.train):
        raise InputError(f"{user_data.name}: no images to train on; at least one is needed")
    user_count, rehearsal_count = _epoch_counts(len(user_data.train), batch_size)
    old = rehearsal.load(rehearsal_count)
    train = [_repeat(user_data.train, user_count), _repeat(old.train, rehearsal_count)]
    validation = [
        (data, name, kind)
        for data, name, kind in (
            (user_data.held_out, user_data.name, USER_KIND),
            *_validation_parts(old.validation),
        )
        if data is not None and len(data)
    ]
    splits = Splits(
        user_data.name,
        _concatenate(train, user_data.name),
        _concatenate([part[0] for part in validation], user_data.name) if validation else None,
        old.test if user_data.test is None else user_data.test,
        f"{user_data.source}, held out of it: {user_data.held_out_by}; mixed with {old.source}",
        old.validation_seed,
        _origin(user_data),
    )
    parts = tuple((name, kind, len(data)) for data, name, kind in validation)
    return Mixture(splits, parts, user_count // len(user_data.train))


def _epoch_counts(images: int, batch_size: int) -> tuple[int, int]:
    """How many user images, repeats included, and rehearsal images make an epoch.

    Together they fill complete batches.

    Examples:
        >>> _epoch_counts(1, 125), _epoch_counts(30, 125), _epoch_counts(6000, 125)
        ((100, 5900), (1500, 4500), (6000, 18000))
    """
    wanted = max(MIN_EPOCH_SIZE, round(images / USER_SHARE))
    user_count = max(images, min(round(USER_SHARE * wanted), MAX_REPEATS * images))
    return user_count, ceil(wanted / batch_size) * batch_size - user_count


def _repeat(data: Dataset, count: int) -> Dataset:
    """``count`` images: all in order, again and again."""
    return data[np.resize(np.arange(len(data)), count)]


def _validation_parts(old: Dataset | None) -> list[tuple[Dataset, str, str]]:
    """The rehearsal's validation images with name and kind: digits apart from non-digits."""
    if old is None:
        return []
    if REJECT_CLASS not in old.class_names:
        return [(old, old.name, REHEARSAL_KIND)]
    synthetic = old.labels == old.class_names.index(REJECT_CLASS)
    return [
        (old[~synthetic], old.name, REHEARSAL_KIND),
        (old[synthetic], REJECT_CLASS, REJECT_CLASS),
    ]


def _concatenate(parts: Sequence[Dataset], name: str) -> Dataset:
    return Dataset(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].class_names,
        name,
    )


def _origin(user_data: UserData) -> Origin | None:
    """Arguments of ``tenfold.load`` for the user's images."""
    if user_data.reload is None:
        return None
    if "origin" in user_data.reload:
        return Origin(**user_data.reload["origin"])
    return Origin(validation=DEFAULT_VALIDATION, seed=0, **user_data.reload)
