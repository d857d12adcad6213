"""A table of images: its rows as labels and pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.image_shape import is_colour
from tenfold.data.channels import from_flat_colours
from tenfold.data.convert import as_labels
from tenfold.data.raw_data import split_of
from tenfold.data.tables import columns as kinds
from tenfold.data.tables.columns import Columns
from tenfold.data.tables.labels import labels_of
from tenfold.data.tables.names import names_label
from tenfold.data.tables.one_hot import join_last_columns, join_one_hot
from tenfold.data.tables.records import frame_of, is_json, parse_json
from tenfold.data.tables.source import (
    SUFFIXES,
    encoding_of,
    layout_of,
    read_bytes,
    read_frame,
    table_suffix,
)

if TYPE_CHECKING:
    import pandas as pd

_HEAD_BYTES = 1 << 23
_PRINTED_LENGTH = 4000
_TO_BLANKS = str.maketrans("[](),;", "      ")


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a table.

    Attributes:
        path: of the file.
        frame: the cells; its columns are numbered.
        names: of the columns by number; None without a header.
        columns: what each column is.
        first_line: of the file, in which the first row stands.
    """

    path: Path
    frame: pd.DataFrame
    names: Sequence[str] | None
    columns: Columns
    first_line: int = 1

    @property
    def label_name(self) -> str | None:
        """The name of the column of labels, if it has one."""
        label = self.columns.label
        return None if label is None or self.names is None else self.names[label]

    def title(self, column: int | None) -> str:
        """Return how a message calls a column, which the table has."""
        number = -1 if column is None else column
        return f"column {repr(self.names[number][:40]) if self.names else number + 1}"

    def cells(self, column: int | None) -> pd.Series[Any]:
        """Return the cells of a column, which the table has."""
        return self.frame[column]

    def file_names(self) -> list[str]:
        """Return the names of image files, with a slash between folders."""
        cells = self.cells(self.columns.path).astype(str).str.strip()
        names: list[str] = cells.str.replace("\\", "/").tolist()
        return names

    def labels(self) -> NDArray[Any]:
        """Return the labels: int64 [n], or str [n] if they are text.

        Raises:
            InputError: a label is missing or no whole number.
        """
        label = -1 if self.columns.label is None else self.columns.label
        values = self.cells(label)
        if values.isna().any():
            raise self._wrong_cell(label, "a label")
        if values.dtype.kind in "iufb":
            return as_labels(values.to_numpy(), f"{self.path}: label column")
        return np.array([str(value).strip() for value in values])

    def images(self) -> NDArray[Any]:
        """Return the pixels as they are stored: [n, height, width], or with 3 channels.

        Raises:
            InputError: a cell is missing or no number, or images differ in size.
        """
        if self.columns.shape is None:
            return self._from_cells(self.columns.pixels[0])
        parts = [self.frame[column] for column in self.columns.pixels]
        for column, part in zip(self.columns.pixels, parts, strict=True):
            if part.dtype.kind not in "iufb" or (part.dtype.kind == "f" and part.isna().any()):
                raise self._wrong_cell(column, "a number")
        are_bytes = all(p.dtype.kind in "iu" and p.min() >= 0 and p.max() <= 255 for p in parts)
        types = [np.dtype(np.uint8)] if are_bytes else [part.to_numpy().dtype for part in parts]
        kind = np.result_type(*types)
        pixels = np.empty((len(self.frame), len(parts)), kind)
        for i, part in enumerate(parts):
            pixels[:, i] = part
        if is_colour(self.columns.shape):
            return from_flat_colours(pixels, str(self.path))
        return pixels.reshape(-1, *self.columns.shape)

    def splits(self) -> dict[str, NDArray[np.bool_]]:
        """Return the rows of each split, as a column says; all rows are train without one."""
        everything = {"train": np.ones(len(self.frame), bool)}
        if self.columns.split is None:
            return everything
        values = self.frame[self.columns.split].astype(str)
        known = {value: _split_of(value) for value in values.unique()}
        if None in known.values() or "train" not in known.values():
            return everything
        splits = values.map(known).to_numpy()
        return {split: splits == split for split in dict.fromkeys(known.values()) if split}

    def _from_cells(self, column: int) -> NDArray[Any]:
        """Return pixels of which a cell holds all of an image, as text or as a list."""
        rows: list[NDArray[Any]] = []
        for i, cell in enumerate(self.frame[column]):
            is_text = isinstance(cell, str) or not hasattr(cell, "__len__")
            try:
                pieces = str(cell).translate(_TO_BLANKS).split() if is_text else cell
                rows.append(np.array(pieces, np.float32 if is_text else None))
            except ValueError:
                raise self._wrong_cell(column, "numbers", i) from None
            if rows[i].ndim > 1 and rows[i].shape == rows[0].shape:
                continue
            if len(rows[i]) != len(rows[0]) or isqrt(len(rows[i])) ** 2 != len(rows[i]):
                raise InputError(
                    f"{self.path}, line {i + self.first_line}: {len(rows[i])} pixels, where "
                    f"{len(rows[0])} are in the first row; all need one square number of pixels"
                )
        stack = np.stack(rows)
        side = isqrt(len(rows[0]))
        return stack if stack.ndim > 2 else stack.reshape(-1, side, side)

    def _wrong_cell(self, column: int, needed: str, row: int | None = None) -> InputError:
        import pandas as pd

        cells = self.frame[column]
        if row is None:
            values = cells if needed == "a label" else pd.to_numeric(cells, errors="coerce")
            row = int(values.isna().to_numpy().argmax())
        cell = cells.iloc[row]
        problem = "is missing" if pd.isna(cell) else f"is {str(cell)[:40]!r}"
        return InputError(
            f"{self.path}, line {row + self.first_line}: {self.title(column)} {problem}; {needed} "
            "is needed"
        )


def as_table(
    frame: pd.DataFrame,
    names: tuple[str, ...] | None,
    label_column: str | int | None,
    path: Path,
    first_line: int = 1,
) -> Table:
    """Return rows as a table whose columns are recognized.

    Args:
        frame: the cells; its columns are numbered.
        names: of the columns by number; None without a header.
        label_column: as for `classify`.
        path: of the file.
        first_line: of the file, in which the first row stands.

    Raises:
        InputError: the columns are not certain.
    """
    width = len(frame.columns)
    if names is not None and label_column is None and not names_label(names):
        frame, names = join_one_hot(frame, names, kinds.pixel_columns(frame, names))
    elif names is None and label_column is None:
        frame = join_last_columns(frame)
    joined = names is None and len(frame.columns) < width
    columns = kinds.classify(frame, names, "last" if joined else label_column, str(path))
    return Table(path, frame, names, columns, first_line)


def read_table(
    path: Path, label_column: str | int | None = None, labels: Path | None = None
) -> Table:
    """Read a table and recognize its columns.

    Args:
        path: a text, possibly compressed.
        label_column: as for `classify`.
        labels: a table of the labels of the rows, if it lies beside; `label_column` overrides it.

    Raises:
        InputError: it is no table of images, or its columns are not certain.
    """
    import pandas as pd

    frame, names, first_line = read_rows(path)
    table = as_table(frame, names, label_column, path, first_line)
    if labels is None or label_column is not None:
        return table
    if table.columns.label is not None:
        raise InputError(f"{path} has labels, and {labels.name} beside it; give the path of one")
    other, titles, _ = read_rows(labels)
    values = labels_of(other, titles, frame, names, labels)
    column = int(table.frame.columns.max()) + 1
    joined = pd.concat([table.frame, pd.Series(values, frame.index, name=column)], axis=1)
    decision = f"labels in {labels.name}"
    columns = replace(table.columns, label=column, decision=decision)
    names = None if names is None else (*names, "label")
    return Table(path, joined, names, columns, first_line)


def read_rows(path: Path) -> tuple[pd.DataFrame, tuple[str, ...] | None, int]:
    """Read the rows of a text, with the names of its columns and the line of the first row.

    Raises:
        InputError: it is no table.
    """
    content = read_bytes(path)
    encoding = encoding_of(content)
    if encoding is None:
        raise InputError(f"{path} is not a text; give a table of images, or another format")
    if is_json(content) and table_suffix(path) not in SUFFIXES:
        found = frame_of(parse_json(content, str(path)))
        if found is None:
            raise InputError(f"{path} is JSON, but no list of objects; give one a line, or CSV")
        return (*found, 1)
    head = _head(content, encoding)
    if re.search(r"\[\[[^\[\]]*\.\.\.", head[:_PRINTED_LENGTH]):
        raise InputError(
            f"{path} holds printed arrays, of which ... stands for most values; save all pixels, "
            "as image.ravel().tolist()"
        )
    layout = layout_of(head)
    if layout is None:
        raise InputError(f"{path} is empty; a label and 784 pixels a line are needed")
    return read_frame(path, content, encoding, layout), layout.names, layout.skip + 1


def _head(content: bytes, encoding: str) -> str:
    """Return the first complete lines of a text."""
    text = content[:_HEAD_BYTES].decode(encoding, "ignore")
    return text if len(content) <= _HEAD_BYTES else text.rpartition("\n")[0]


def _split_of(value: str) -> str | None:
    """Return the split that a value names; of a competition, the public test is validation."""
    word = value.strip().lower()
    if word in ("publictest", "public"):
        return "validation"
    return "test" if word in ("privatetest", "private") else split_of(word)
