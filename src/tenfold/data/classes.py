"""From labels as people have them, text included, to numbers and the names of classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.array_types import Labels


def natural_key(text: str) -> list[tuple[int, int | str]]:
    """Return a key to sort texts by: 2 before 10, and numbers before words.

    Examples:
        >>> sorted(["10", "b", "2"], key=natural_key)
        ['2', '10', 'b']
    """
    pieces = re.split(r"([0-9]+)", text)
    return [(0, int(piece)) if piece.isdecimal() else (1, piece) for piece in pieces if piece]


def number_classes(
    values: NDArray[Any], class_names: Sequence[Any] = ()
) -> tuple[Labels, tuple[str, ...]]:
    """Return the labels as numbers from 0 on, and the name of each class.

    Args:
        values: whole numbers or text, [n].
        class_names: of the classes, in order; with them, numbers are the labels already. Without
            them, the classes of text are its values in natural order; whole numbers from 0 on
            stay as they are, gaps included, and others are numbered in ascending order.

    Raises:
        InputError: a text is not among the class names, or there are too many classes.

    Examples:
        >>> number_classes(np.array(["b", "a", "b"]))
        (array([1, 0, 1]), ('a', 'b'))
        >>> number_classes(np.array([1, 3, 2]))
        (array([0, 2, 1]), ('1', '2', '3'))
    """
    if values.dtype.kind == "U":
        if len(class_names) == 0 and all(re.fullmatch("[0-9]{1,9}", v) for v in np.unique(values)):
            return number_classes(values.astype(np.int64))
        return _number_text(values, tuple(str(name) for name in class_names))
    if len(class_names):
        return values.astype(np.int64, copy=False), tuple(str(name) for name in class_names)
    classes = np.unique(values)
    if not len(classes):
        return values.astype(np.int64), ()
    if _counts_from_another_number(classes):
        return np.searchsorted(classes, values), tuple(map(str, classes.tolist()))
    if classes[-1] >= limits.MAX_CLASSES:
        raise InputError(
            f"labels run from {classes[0]} to {classes[-1]}; at most {limits.MAX_CLASSES:,} "
            "classes are supported, so number them from 0 without gaps"
        )
    names = tuple(map(str, range(int(classes[-1]) + 1)))
    return values.astype(np.int64, copy=False), names


def _number_text(values: NDArray[Any], names: tuple[str, ...]) -> tuple[Labels, tuple[str, ...]]:
    classes, positions = np.unique(values, return_inverse=True)
    names = names or tuple(sorted(map(str, classes), key=natural_key))
    numbers = {name: number for number, name in enumerate(names)}
    missing = [str(name) for name in classes if str(name) not in numbers]
    if missing:
        raise InputError(f"labels: {missing[0]!r} is not among the class names {list(names)[:20]}")
    order = np.array([numbers[str(name)] for name in classes], np.int64)
    return order[positions] if len(values) else np.zeros(0, np.int64), names


def _counts_from_another_number(classes: Labels) -> bool:
    """Whether ascending whole numbers do not begin with 0, but count on without large gaps."""
    low, high = int(classes[0]), int(classes[-1])
    return low < 0 or (low != 0 and 2 * len(classes) >= high - low + 1)
