"""Labels in a table of their own, beside that of the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.data.tables.names import ID_NAMES, plain
from tenfold.data.tables.one_hot import join_one_hot

if TYPE_CHECKING:
    import pandas as pd

Names = tuple[str, ...] | None


def labels_of(
    frame: pd.DataFrame, names: Names, images: pd.DataFrame, image_names: Names, path: Path
) -> list[Any]:
    """Return the label of each row of a table of images.

    Args:
        frame: one column of labels, or one of 0 and 1 a class; perhaps one that numbers the rows.
        names: of its columns by number, or None.
        images: the table of images.
        image_names: of its columns by number, or None.
        path: of the labels.

    Raises:
        InputError: their number differs, or their order or column is not certain.
    """
    if len(frame) != len(images):
        raise InputError(
            f"{path} has {len(frame):,} labels for {len(images):,} images; one an image is needed"
        )
    named = names or tuple(map(str, range(len(frame.columns))))
    joined, named = join_one_hot(frame, named, ())
    columns = list(map(int, joined.columns))
    first = plain(named[columns[0]])
    if len(columns) == 2 and (first in ID_NAMES or names is None):
        ids = joined[columns[0]].tolist()
        same = [i for i, name in enumerate(image_names or ()) if plain(name) == first]
        in_order = all(images[i].tolist() == ids for i in same) if same else _counts(ids)
        columns = columns[1:] if in_order else columns
    if len(columns) != 1:
        raise InputError(
            f"{path}: {len(columns)} columns; one of labels is needed, in the order of the images"
        )
    return joined[columns[0]].tolist()


def _counts(ids: list[Any]) -> bool:
    """Whether numbers count the rows."""
    return all(isinstance(i, int) for i in ids) and ids == list(range(ids[0], ids[0] + len(ids)))
