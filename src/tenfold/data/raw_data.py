"""What a format reads from a file or folder: raw splits, before any image is held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data.dataset import SPLITS, Images, Labels

_SPLIT_WORDS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev"},
    "test": {"test", "testing", "t10k"},
}


@dataclass(frozen=True)
class RawSplit:
    """Images and labels of one split, as read.

    Attributes:
        images: uint8 [n, 28, 28]. A format returns them as they are stored, in any shape of
            `as_images` and any range; the registry converts those of all splits together.
        labels: int64 [n]; `validate_raw` checks that there is one an image.
        origin: the file and array they come from, for error messages.
        file_names: name of each image's file without its suffix; empty if one file holds all.
    """

    images: Images
    labels: Labels
    origin: str
    file_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """An image file that cannot be read, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True)
class RawData:
    """All splits of a file or folder.

    Attributes:
        splits: by split name; contains `train`, unless no image of a folder can be read.
        names: class names in the order of the labels; None if the data only number them.
        unreadable: image files that are in no split.
        notes: assumptions and omissions, for the record.
        pixels: the values of black and white as stored, such as 0..255.
        format: name of the format; the registry fills it in.
    """

    splits: dict[str, RawSplit]
    names: tuple[str, ...] | None = None
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()
    pixels: str = "0..255"
    format: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the labels; the numbers themselves if there are no names."""
        if self.names is not None:
            return tuple(map(_printable, self.names))
        largest = (int(split.labels.max()) for split in self.splits.values() if len(split.labels))
        return tuple(str(label) for label in range(max(largest, default=-1) + 1))


def _printable(name: str) -> str:
    """Escape bytes of a folder's name that are not UTF-8, which no font or console can show."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def split_of(name: str) -> str | None:
    """Return the split that the name of a file or folder mentions, or None.

    Examples:
        >>> split_of("t10k-images-idx3-ubyte"), split_of("mnist_train.csv"), split_of("seven")
        ('test', 'train', None)
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return next((split for split in SPLITS if _SPLIT_WORDS[split] & set(words)), None)


def validate_raw(raw: RawData) -> None:
    """Check that a network can be trained on the splits and that they fit each other.

    Raises:
        InputError: a split has no images or another number of labels, train has fewer than two
            classes or gaps in their numbers, or another split has a class that train lacks.
    """
    for split in raw.splits.values():
        if len(split.images) != len(split.labels):
            raise InputError(
                f"{split.origin} has {len(split.images)} images and {len(split.labels)} labels; "
                "there must be one label an image"
            )
        if not len(split.images):
            raise InputError(f"{split.origin} holds no images; at least one a class is needed")
    train = raw.splits["train"]
    trained = np.unique(train.labels)
    if len(trained) < 2:
        name = raw.class_names[trained[0]]
        raise InputError(f"{train.origin} has only one class ({name!r}); at least two are needed")
    if raw.names is None and 2 * len(trained) < trained[-1] + 1:
        raise InputError(
            f"{train.origin} has labels up to {trained[-1]}, but only {len(trained)} different "
            "ones; number the classes from 0 without gaps"
        )
    for split_name, split in raw.splits.items():
        untrained = np.setdiff1d(split.labels, trained)
        if len(untrained):
            name = raw.class_names[untrained[0]]
            raise InputError(f"{split.origin}: class {name!r} is in {split_name} and not in train")
