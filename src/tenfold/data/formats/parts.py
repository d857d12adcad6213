"""What a reader found in a file or folder, before it becomes splits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data.dataset import SPLITS, Images, Labels


@dataclass(frozen=True)
class Part:
    """One split as it was read.

    Attributes:
        images: uint8 [n, 28, 28].
        labels: int64 [n].
        where: the file and array it came from, for errors.
        files: of each image the name of its file, less the suffix; none where all are in one.
    """

    images: Images
    labels: Labels
    where: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A file that should be an image and cannot be read, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True)
class Parts:
    """All splits of a file or folder.

    Attributes:
        kind: the format, in words.
        parts: by split; `train` is always there, but for a folder without a readable image.
        class_names: where the data name them; None where they only number them.
        unreadable: files that no split could take.
        notes: what was left out or assumed, for the record.
    """

    kind: str
    parts: dict[str, Part]
    class_names: tuple[str, ...] | None = None
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names of the classes, which without names of their own are their numbers."""
        if self.class_names is not None:
            return self.class_names
        return tuple(str(label) for label in range(max(self._tops(), default=-1) + 1))

    def _tops(self) -> list[int]:
        return [int(part.labels.max()) for part in self.parts.values() if len(part.labels)]


def split_of(name: str) -> str | None:
    """Return the split that a file or folder name speaks of, if any.

    Examples:
        >>> split_of("t10k-images-idx3-ubyte"), split_of("mnist_train.csv"), split_of("seven")
        ('test', 'train', None)
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    spoken = {
        "train": ("train", "training"),
        "validation": ("validation", "valid", "val", "dev"),
        "test": ("test", "testing", "t10k"),
    }
    return next((split for split in SPLITS if set(words) & set(spoken[split])), None)


def verify(parts: Parts) -> None:
    """Raise InputError where the splits cannot be trained on or do not fit each other."""
    for part in parts.parts.values():
        if len(part.images) != len(part.labels):
            raise InputError(
                f"{part.where} has {len(part.images)} images and {len(part.labels)} labels; "
                "there must be one label an image"
            )
        if not len(part.images):
            raise InputError(f"{part.where} holds no images; at least one a class is needed")
    train = parts.parts["train"]
    known = np.unique(train.labels)
    if len(known) < 2:
        name = parts.names()[known[0]]
        raise InputError(
            f"{train.where} has one class only ({name!r}); at least two are needed to tell apart"
        )
    if parts.class_names is None and 2 * len(known) < known[-1] + 1:
        raise InputError(
            f"{train.where} has labels up to {known[-1]}, but only {len(known)} different ones; "
            "number the classes from 0 on, without gaps"
        )
    for split, part in parts.parts.items():
        strange = np.setdiff1d(part.labels, known)
        if len(strange):
            raise InputError(
                f"{part.where}: class {parts.names()[strange[0]]!r} is in {split} and not in train"
            )
