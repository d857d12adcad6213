"""Columns that mark the class of each row, one column a class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from tenfold.data.multi_label import SEPARATOR
from tenfold.data.tables.names import ID_NAMES, SPLIT_NAMES, plain

if TYPE_CHECKING:
    import pandas as pd

_MIN_SIDE, _MAX_MARKS = 4, 1000


def join_one_hot(
    frame: pd.DataFrame, names: tuple[str, ...], pixels: Sequence[int]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Replace the columns of a one-hot label by one column of class names, called label.

    Where rows have several labels, their names are joined by ``|``, unless the table has other
    numbers than labels and pixels.

    Args:
        frame: its columns are numbered.
        names: of all columns by number.
        pixels: columns that are no labels.

    Returns:
        The table, unchanged if no columns of 0 and 1 mark the class or the labels of each row.
    """
    known = set(pixels)
    others = [column for column in map(int, frame.columns) if column not in known]
    others = [c for c in others if plain(names[c]) not in (*ID_NAMES, *SPLIT_NAMES)]
    numbers = [c for c in others if frame[c].dtype.kind in "iufb"]
    marks = [c for c in numbers if frame[c].isin((0, 1)).all()]
    counts = frame[marks].sum(axis=1)
    is_one_hot = len(marks) > 1 and bool((counts == 1).all())
    if not is_one_hot and (marks != numbers or counts.max() < 2):
        return frame, names
    listed = [names[column].strip() for column in marks]
    shared = re.match(r"[A-Za-z]+[\W_]*", listed[0])  # of label_0, label_1
    start = shared.end() if shared and all(n.startswith(shared[0]) for n in listed) else 0
    classes = [name[start:] or name for name in listed]
    rows = frame[marks].to_numpy(dtype=bool)
    texts = [SEPARATOR.join(np.array(classes, object)[row]) for row in rows]
    joined = _with_column(frame.drop(columns=marks), texts, len(names))
    return joined, (*names, "label")


def join_last_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace a one-hot label in the last columns of a table without a header by one of numbers.

    Returns:
        The table, unchanged unless pixels of a square image are before columns of 0 and 1 with
        exactly one 1 in each row.

    Example:
        >>> import pandas as pd
        >>> join_last_columns(pd.DataFrame([[0] * 16 + [0, 1, 0], [1] * 16 + [1, 0, 0]]))[16]
        0    1
        1    0
        Name: 16, dtype: int64
    """
    columns = list(map(int, frame.columns))
    last = takewhile(lambda column: _is_mark(frame[column]), reversed(columns[-_MAX_MARKS:]))
    most = len(list(last))
    for side in range(isqrt(len(columns)), _MIN_SIDE - 1, -1):
        marks = columns[side * side :]
        if len(marks) > most:
            break
        if len(marks) > 1 and (frame[marks].sum(axis=1) == 1).all():
            chosen = frame[marks].to_numpy().argmax(axis=1)
            return _with_column(frame.drop(columns=marks), chosen.tolist(), marks[0])
    return frame


def _is_mark(values: pd.Series) -> bool:
    return values.dtype.kind in "iuf" and bool(values.isin((0, 1)).all())


def _with_column(frame: pd.DataFrame, values: list[str] | list[int], name: int) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([frame, pd.Series(values, frame.index, name=name)], axis=1)
