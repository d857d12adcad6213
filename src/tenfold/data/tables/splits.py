"""Tables by split: their images and labels."""

from __future__ import annotations

from collections.abc import Mapping

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.raw_data import RawData, RawSplit, Unreadable
from tenfold.data.tables.image_list import read_listed_images
from tenfold.data.tables.table import Table


def raw_data(tables: Mapping[str, Table], options: ReadOptions) -> RawData:
    """Return the splits of tables.

    Args:
        tables: by split. Only the table of train may have a column that divides it.
        options: how to read images that a table names.

    Raises:
        InputError: the labels of train are missing, or a cell is wrong.
    """
    train = tables["train"]
    if train.columns.label is None:
        raise InputError(
            f"{train.path} has no column of labels; say which it is with --label-column"
        )
    splits: dict[str, RawSplit] = {}
    unreadable: list[Unreadable] = []
    notes: list[str] = []
    for split, table in tables.items():
        if table.columns.label is None:  # as competitions publish it
            notes.append(f"{table.path.name} has no labels and was left out")
            continue
        if table.columns.path is not None:
            found, failures = read_listed_images(table, split, options)
            splits |= found
            unreadable += failures
            continue
        images, labels = table.images(), table.labels()
        parts = table.splits() if split == "train" else {split: slice(None)}
        for part, rows in parts.items():
            splits[part] = RawSplit(images[rows], labels[rows], str(table.path))
    decisions = (train.columns.decision,)
    return RawData(splits, None, tuple(unreadable), tuple(notes), decisions)
