"""Labels of which an image may have several or none: rows of 0 and 1, [n, labels]."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.classes import natural_key

SEPARATOR = "|"
"""Of several labels in a text, as in tables of labels."""


def is_one_hot(rows: NDArray[Any]) -> bool:
    """Whether each row has exactly one 1.

    Example:
        >>> is_one_hot(np.eye(3)), is_one_hot(np.ones((3, 3)))
        (True, False)
    """
    return bool(((rows > 0).sum(axis=1) == 1).all())


def needs_one_class(what: str) -> InputError:
    """Return the error of something that has no meaning for several labels an image."""
    return InputError(
        f"{what}: needs one class an image, and these images may have several labels or none; "
        "tenfold train, evaluate, predict, export and serve work with them"
    )


class OneClassOrSeveral(ABC):
    """What has one class an image, or several labels."""

    @property
    @abstractmethod
    def multi_label(self) -> bool | None:
        """Whether an image may have several labels, or none."""

    def require_one_class(self, what: str) -> None:
        """Refuse several labels an image.

        Raises:
            InputError: `multi_label` is true.
        """
        if self.multi_label:
            raise needs_one_class(what)


def class_counts(labels: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Return the number of images of each class, of class numbers or rows of 0 and 1.

    Example:
        >>> class_counts(np.array([0, 2]), 3), class_counts(np.ones((2, 3), np.uint8), 3)
        (array([1, 0, 1]), array([2, 2, 2]))
    """
    rows = labels.ndim == 2
    return labels.sum(axis=0, dtype=np.int64) if rows else np.bincount(labels, minlength=classes)


def label_texts(labels: NDArray[Any], class_names: Sequence[str]) -> list[str]:
    """Return the name of the class of each image; of rows, the names of all labels.

    Example:
        >>> label_texts(np.array([[1, 1], [0, 0]]), ("cat", "dog"))
        ['cat, dog', 'no label']
    """
    if labels.ndim == 1:
        return [class_names[label] for label in labels.tolist()]
    indices = [np.flatnonzero(row).tolist() for row in labels]
    return [", ".join(class_names[i] for i in found) or "no label" for found in indices]


def fit_names(labels: NDArray[Any], count: int) -> bool:
    """Whether labels of `as_labels` are numbers or rows of so many classes.

    Example:
        >>> fit_names(np.array([0, 2]), 3), fit_names(np.eye(2), 3)
        (True, False)
    """
    if labels.ndim == 2:
        return bool(labels.shape[1] == count)
    is_numbered = labels.dtype.kind in "iu" and len(labels) > 0
    return bool(is_numbered and labels.min() >= 0 and labels.max() < count)


def rows_of_texts(
    parts: Sequence[NDArray[Any]], multi_label: bool | None, class_names: Sequence[str] = ()
) -> tuple[Sequence[NDArray[Any]], Sequence[str]]:
    """Return texts such as ``cat|dog`` as rows, and the names of their columns.

    Args:
        parts: the labels of each split, of `as_labels`.
        multi_label: whether an image may have several; None if it may where labels that are
            joined by ``|`` are in other texts, too.
        class_names: of the columns, if they are known.

    Returns:
        The arguments, unchanged if an image has one label.

    Example:
        >>> rows, names = rows_of_texts([np.array(["cat|dog", "cat", ""])], None)
        >>> names, rows[0].tolist()
        (('cat', 'dog'), [[1, 1], [1, 0], [0, 0]])
    """
    if multi_label is False or not parts or any(part.dtype.kind != "U" for part in parts):
        return parts, class_names
    texts = np.unique(np.concatenate(parts)).tolist()
    found = {text: {part.strip() for part in text.split(SEPARATOR)} - {""} for text in texts}
    counts = Counter(label for labels in found.values() for label in labels)
    recurs = any(
        counts[label] > 1 for labels in found.values() if len(labels) > 1 for label in labels
    )
    if not (multi_label or recurs):
        return parts, class_names
    names = tuple(class_names) or tuple(sorted(counts, key=natural_key))
    if unknown := sorted(set(counts) - set(names)):
        raise InputError(f"labels: {unknown[0]!r} is not among the class names {list(names)[:20]}")
    rows = [[[name in found[text] for name in names] for text in part.tolist()] for part in parts]
    return [np.array(part, np.uint8).reshape(-1, len(names)) for part in rows], names


def settled(
    parts: Sequence[NDArray[Any]],
    name: str,
    multi_label: bool | None = None,
    class_names: Sequence[str] = (),
) -> tuple[Sequence[NDArray[Any]], Sequence[str]]:
    """Return the labels of all splits of a dataset, rows as class numbers if they are one-hot.

    Args:
        parts: the labels of each split, of `as_labels`.
        name: for error messages.
        multi_label: whether an image may have several; None to decide by the labels.
        class_names: of the classes, if they are known.

    Returns:
        The labels and the class names: those given, or of several labels in a text.

    Raises:
        InputError: the splits do not agree, or it is not certain what the rows mean.

    Example:
        >>> [part.tolist() for part in settled([np.eye(2, dtype=int)] * 2, "y")[0]]
        [[0, 1], [0, 1]]
    """
    stored = parts
    parts, class_names = rows_of_texts(parts, multi_label, class_names)
    if parts is not stored:
        return parts, class_names
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise InputError(f"{name}: the labels of its splits differ in shape; give all in one form")
    if shapes == {()} or not shapes:
        if multi_label:
            raise InputError(f"{name}: several labels an image are rows of 0 and 1, [n, labels]")
        return parts, class_names
    counts = np.concatenate([(part > 0).sum(axis=1) for part in parts])
    if not multi_label and (counts == 1).all():
        return [part.argmax(axis=1) for part in parts], class_names
    if multi_label is False:
        raise InputError(f"{name}: an image has {counts.max()} labels; give one an image")
    if multi_label is None and counts.max(initial=0) <= 1:
        raise InputError(
            f"{name}: {(counts == 0).sum():,} of {len(counts):,} rows of 0 and 1 have no 1, and "
            "none has several; mark one class in each, or say that an image may have any number "
            "of labels: --multi-label (multi_label=True)"
        )
    return parts, class_names


def strata(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each row, to stratify by: its rarest label, or that it has none.

    Example:
        >>> strata(np.array([[1, 0], [1, 1], [0, 0]]))
        array([0, 1, 2])
    """
    counts = rows.sum(axis=0, dtype=np.int64)
    rarity = np.where(rows > 0, counts, len(rows) + 1)
    return np.asarray(np.where(rows.any(axis=1), rarity.argmin(axis=1), rows.shape[1]))
