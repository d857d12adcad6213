"""Labels of which an image may have several or none: rows of 0 and 1, [n, labels]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError


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
        "tenfold train, evaluate, predict and export work with them"
    )


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


def settled(
    parts: Sequence[NDArray[Any]], name: str, multi_label: bool | None = None
) -> list[NDArray[Any]]:
    """Return the labels of all splits of a dataset with rows as class numbers if they are one-hot.

    Args:
        parts: the labels of each split, of `as_labels`.
        name: for error messages.
        multi_label: whether an image may have several; None to decide by the labels.

    Raises:
        InputError: the splits do not agree, or it is not certain what the rows mean.

    Example:
        >>> [part.tolist() for part in settled([np.eye(2, dtype=int), np.eye(2, dtype=int)], "y")]
        [[0, 1], [0, 1]]
    """
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise InputError(f"{name}: the labels of its splits differ in shape; give all in one form")
    if shapes == {()} or not shapes:
        if multi_label:
            raise InputError(f"{name}: several labels an image are rows of 0 and 1, [n, labels]")
        return list(parts)
    counts = np.concatenate([(part > 0).sum(axis=1) for part in parts])
    if not multi_label and (counts == 1).all():
        return [part.argmax(axis=1) for part in parts]
    if multi_label is False:
        raise InputError(f"{name}: an image has {counts.max()} labels; give one an image")
    if multi_label is None and counts.max(initial=0) <= 1:
        raise InputError(
            f"{name}: {(counts == 0).sum():,} of {len(counts):,} rows of 0 and 1 have no 1, and "
            "none has several; mark one class in each, or say that an image may have any number "
            "of labels: --multi-label (multi_label=True)"
        )
    return list(parts)


def strata(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each row, to stratify by: its rarest label, or that it has none.

    Example:
        >>> strata(np.array([[1, 0], [1, 1], [0, 0]]))
        array([0, 1, 2])
    """
    counts = rows.sum(axis=0, dtype=np.int64)
    rarity = np.where(rows > 0, counts, len(rows) + 1)
    return np.asarray(np.where(rows.any(axis=1), rarity.argmin(axis=1), rows.shape[1]))
