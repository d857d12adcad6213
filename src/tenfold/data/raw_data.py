"""What a format reads from a file or folder: raw splits, before any image is held out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.image_shape import size_text
from tenfold.data.array_types import Images, Labels
from tenfold.data.classes import number_classes
from tenfold.data.convert import UNKNOWN
from tenfold.data.dataset import SPLITS, Dataset
from tenfold.data.multi_label import SEPARATOR, settled

_SPLIT_WORDS = {
    "train": {"train", "training", "trainset", "trainingset", "trn"},
    "validation": {"validation", "valid", "val", "dev", "valset", "validset", "devset"},
    "test": {"test", "testing", "t10k", "testset", "testingset", "tst"},
}


@dataclass(frozen=True)
class RawSplit:
    """Images and labels of one split, as read.

    Attributes:
        images: uint8 [n, 28, 28]. A format returns them as they are stored, in any shape of
            `as_images` and any range; the registry converts those of all splits together.
        labels: int64 [n], or uint8 [n, labels] of 0 and 1 if an image may have several;
            `validate_raw` checks that there is one an image. A format may return text, str [n],
            or one-hot rows, which the registry numbers.
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
        decisions: how the data were understood, for the user to see.
        pixels: the values of black and white as stored, such as 0..255.
        format: name of the format; the registry fills it in.
        mapped: whether a mapping to characters named the classes, as that of EMNIST.
    """

    splits: dict[str, RawSplit]
    names: tuple[str, ...] | None = None
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    pixels: str = "0..255"
    format: str = ""
    mapped: bool = False

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the labels; the numbers themselves if there are no names."""
        if self.names is not None:
            return tuple(map(_printable, self.names))
        labels = [split.labels for split in self.splits.values() if len(split.labels)]
        counts = [part.shape[1] if part.ndim == 2 else int(part.max()) + 1 for part in labels]
        return tuple(map(str, range(max(counts, default=0))))

    def dataset(self, split: str, name: str) -> Dataset:
        """Return the images of a split with their labels, by the names of the classes."""
        part = self.splits[split]
        is_multi_label = part.labels.ndim == 2
        return Dataset(part.images, part.labels, self.class_names, name, is_multi_label)


def _printable(name: str) -> str:
    """Escape bytes of a folder's name that are not UTF-8, which no font or console can show."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case; a capital after a small letter begins one.

    Examples:
        >>> words_of("X_train"), words_of("trainingSet/t10k-images.idx3")
        (['x', 'train'], ['training', 'set', 't10k', 'images', 'idx3'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", name)
    return spaced.lower().split()


def split_of(name: str) -> str | None:
    """Return the split that the name of a file or folder mentions, or None.

    Examples:
        >>> split_of("t10k-images-idx3-ubyte"), split_of("mnist_train.csv"), split_of("seven")
        ('test', 'train', None)
    """
    words = set(words_of(name))
    return next((split for split in SPLITS if _SPLIT_WORDS[split] & words), None)


def number_labels(raw: RawData, multi_label: bool = False) -> RawData:
    """Number classes that are text, one-hot, or whole numbers that do not begin with 0.

    The names of the classes are then the labels as they were, in natural order. Labels that are
    whole numbers from 0 on stay as they are, gaps included. Rows of which one has several labels
    stay as they are; `multi_label` says that one might.

    Examples:
        >>> from tenfold.data.raw_data import RawSplit
        >>> images = np.zeros((3, 28, 28), np.uint8)
        >>> raw = number_labels(RawData({"train": RawSplit(images, np.array(list("bab")), "x")}))
        >>> raw.names, raw.splits["train"].labels
        (('a', 'b'), array([1, 0, 1]))
    """
    raw = _without_unknown(raw)
    if not raw.splits:
        return raw
    stored = [split.labels for split in raw.splits.values()]
    origin = next(iter(raw.splits.values())).origin
    parts, found = settled(stored, origin, multi_label or None, raw.names or ())
    names, decisions = raw.names, raw.decisions
    if parts[0].ndim == 2:
        names, count = tuple(found) or None, parts[0].shape[1]
        form = f"names, joined by {SEPARATOR}" if stored[0].ndim == 1 else "columns of 0 and 1"
        decisions += (f"several labels an image, {count} {form}",)
    elif names is None and stored[0].ndim == 1:
        numbers, classes = number_classes(np.concatenate(parts))
        names = None if classes == tuple(map(str, range(len(classes)))) else classes
        parts = np.split(numbers, np.cumsum([len(part) for part in parts])[:-1])
    elif names is None:
        names = tuple(map(str, range(stored[0].shape[1])))
    splits = {
        name: replace(split, labels=labels)
        for (name, split), labels in zip(raw.splits.items(), parts, strict=True)
    }
    return replace(raw, splits=splits, names=names, decisions=decisions)


def _without_unknown(raw: RawData) -> RawData:
    """Leave out a test split without labels, as the Hub and competitions publish it."""
    test = raw.splits.get("test")
    if test is None or test.labels.dtype.kind != "i" or not (test.labels == UNKNOWN).all():
        return raw
    splits = {name: split for name, split in raw.splits.items() if name != "test"}
    return replace(raw, splits=splits, notes=(*raw.notes, "all labels of test are -1, left out"))


def validate_raw(raw: RawData) -> None:
    """Check that a network can be trained on the splits and that they fit each other.

    Raises:
        InputError: a split has no images, another number of labels, or images of another size than
            train; train has fewer than two classes or gaps in their numbers; or another split has a
            class that train lacks.
    """
    for split in raw.splits.values():
        if len(split.images) != len(split.labels):
            raise InputError(
                f"{split.origin} has {len(split.images)} images and {len(split.labels)} labels; "
                "there must be one label an image"
            )
        if not len(split.images):
            raise InputError(f"{split.origin} holds no images; at least one a class is needed")
    if "train" not in raw.splits:
        raise InputError("train holds no images that can be read; at least one a class is needed")
    train = raw.splits["train"]
    shape = train.images.shape[1:]
    for split in raw.splits.values():
        if split.images.shape[1:] != shape:
            raise InputError(
                f"{split.origin} has images of {size_text(split.images.shape[1:])}, "
                f"{train.origin} of {size_text(shape)}; add --resize (resize=True in Python)"
            )
    trained = _present(train)
    if len(raw.class_names) > limits.MAX_CLASSES:
        raise InputError(
            f"{train.origin} has {len(raw.class_names):,} classes; at most {limits.MAX_CLASSES:,} "
            "are supported"
        )
    if len(trained) < 2:
        name = "".join(raw.class_names[label] for label in trained)
        advice = ": give the folder that holds one for each class" * Path(train.origin).is_dir()
        raise InputError(
            f"{train.origin} has only one class ({name!r}); at least two are needed{advice}"
        )
    if raw.names is None and train.labels.ndim == 1 and 2 * len(trained) < trained[-1] + 1:
        raise InputError(
            f"{train.origin} has labels up to {trained[-1]}, but only {len(trained)} different "
            "ones; number the classes from 0 without gaps"
        )
    for split_name, split in raw.splits.items():
        untrained = np.setdiff1d(_present(split), trained)
        if len(untrained):
            name = raw.class_names[untrained[0]]
            raise InputError(f"{split.origin}: class {name!r} is in {split_name} and not in train")


def _present(split: RawSplit) -> Labels:
    """The numbers of the classes that images have."""
    labels = split.labels
    return np.unique(labels) if labels.ndim == 1 else np.flatnonzero(labels.any(axis=0))
