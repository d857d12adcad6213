"""Columns that mark the class of each row, one column a class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def join_one_hot(
    frame: pd.DataFrame, names: tuple[str, ...], pixels: Sequence[int]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Replace the columns of a one-hot label by one column of class names, called label.

    Args:
        frame: its columns are numbered.
        names: of all columns by number.
        pixels: columns that are no labels.

    Returns:
        The table, unchanged if no columns of 0 and 1 have exactly one 1 in each row.
    """
    known = set(pixels)
    others = [column for column in map(int, frame.columns) if column not in known]
    marks = [c for c in others if frame[c].dtype.kind in "iufb" and frame[c].isin((0, 1)).all()]
    if len(marks) < 2 or not (frame[marks].sum(axis=1) == 1).all():
        return frame, names
    listed = [names[column].strip() for column in marks]
    shared = re.match(r"[A-Za-z]+[\W_]*", listed[0])  # of label_0, label_1
    start = shared.end() if shared and all(n.startswith(shared[0]) for n in listed) else 0
    classes = [name[start:] or name for name in listed]
    chosen = frame[marks].to_numpy(dtype=float).argmax(axis=1)
    joined = frame.drop(columns=marks)
    joined[len(names)] = [classes[index] for index in chosen]
    return joined, (*names, "label")
