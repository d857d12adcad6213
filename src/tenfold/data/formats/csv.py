"""CSV, as Kaggle has it: a label and the pixels of one image a line, with or without a header."""

from __future__ import annotations

import codecs
import warnings
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_images, as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData, RawSplit, split_of

if TYPE_CHECKING:
    import pandas as pd

LABEL_NAMES = ("label", "labels", "class", "target", "y")
"""Header names of the label column, in any case; without one of them, it is the first column."""

_MAX_FIRST_LINE_BYTES = 1 << 20
_SIDE = limits.IMAGE_SIDE
_PIXELS = _SIDE * _SIDE


def _recognizes(location: Location) -> bool:
    return "train" in _tables(location) or _is_text(location.header)


def _tables(location: Location) -> dict[str, Path]:
    """Return the CSV file of each split in a folder."""
    files = [path for path in location.files if path.suffix.lower() == ".csv"]
    tables = {split_of(path.name): path for path in files}
    return {split: tables[split] for split in SPLITS if split in tables}


def _is_text(header: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(header)  # may end within a character
    except UnicodeDecodeError:
        return False
    return bool(header) and b"\0" not in header


def _read(location: Location, options: ReadOptions) -> RawData:
    tables = _tables(location) or {"train": location.path}
    splits, notes = {}, []
    for split, path in tables.items():
        raw = _read_table(path, options.resize)
        if raw is not None:
            splits[split] = raw
        elif split == "train":
            raise InputError(
                f"{path} has {_PIXELS} columns, which are only pixels: the label column is missing"
            )
        else:  # as competitions publish it
            notes.append(f"{path.name} has no labels and was left out")
    return RawData(splits, notes=tuple(notes))


def _read_table(path: Path, resize: bool) -> RawSplit | None:
    """Return the images and labels of a CSV file; None if it has no label column."""
    separator, has_header = _layout(path)
    frame = _read_frame(path, separator, has_header)
    label = _label_column(frame, has_header)
    if label is None:
        return None
    pixels = frame.drop(columns=frame.columns[label])
    count = pixels.shape[1]
    if count != _PIXELS and not (count and isqrt(count) ** 2 == count):
        raise InputError(
            f"{path} has {count} pixel columns besides the label; {_PIXELS} ({_SIDE}x{_SIDE}) "
            "are needed"
        )
    labels = as_labels(frame.iloc[:, label].to_numpy(), f"{path}: label column")
    return RawSplit(as_images(pixels.to_numpy(), str(path), resize), labels, str(path))


def _layout(path: Path) -> tuple[str, bool]:
    """Return the separator of the fields, and whether the first line is a header."""
    if path.stat().st_size > limits.MAX_ARRAY_BYTES:
        raise InputError(f"{path} is larger than {limits.MAX_ARRAY_BYTES:,} bytes, the limit")
    with path.open("rb") as file:
        line = file.readline(_MAX_FIRST_LINE_BYTES)
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(_not_utf8(path)) from error
    separator = max(",;\t", key=text.count)
    return separator, not all(_is_number(field) for field in text.split(separator))


def _read_frame(path: Path, separator: str, has_header: bool) -> pd.DataFrame:
    """Return the table; all of its cells are numbers."""
    import pandas as pd

    needed = f"a label and {_PIXELS} pixels a line are needed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                sep=separator,
                header=0 if has_header else None,
                index_col=False,
                encoding="utf-8-sig",
                low_memory=False,
            )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path} is empty; {needed}") from error
    except (ValueError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} is not a table of numbers: {reason}") from error
    if frame.empty:
        raise InputError(f"{path} holds no images; {needed}")
    _validate_numbers(path, frame, has_header)
    return frame


def _validate_numbers(path: Path, frame: pd.DataFrame, has_header: bool) -> None:
    """Raise InputError at the first cell that is text or missing."""
    import pandas as pd

    for position, dtype in enumerate(frame.dtypes):
        column = frame.iloc[:, position]
        if dtype.kind in "iub" or (dtype.kind == "f" and not column.isna().any()):
            continue
        row = int(pd.to_numeric(column, errors="coerce").isna().to_numpy().argmax())
        cell = column.iloc[row]
        problem = "is missing" if pd.isna(cell) else f"is {str(cell)[:40]!r}"
        name = f"column {frame.columns[position]!r}" if has_header else f"column {position + 1}"
        raise InputError(
            f"{path}, line {row + 1 + has_header}: {name} {problem}; a label and {_PIXELS} "
            "numbers a line are needed"
        )


def _label_column(frame: pd.DataFrame, has_header: bool) -> int | None:
    """Return the position of the label column; None if all columns are pixels."""
    if has_header:
        names = [str(name).strip().lower() for name in frame.columns]
        label = next((name for name in LABEL_NAMES if name in names), None)
        if label is not None:
            return names.index(label)
    return None if frame.shape[1] == _PIXELS else 0


def _is_number(field: str) -> bool:
    try:
        float(field.strip().strip("\"'"))
    except ValueError:
        return False
    return True


def _not_utf8(path: Path) -> str:
    return f"{path} is not a CSV file in UTF-8: its first line is not text; save it as UTF-8"


def _advice(location: Location) -> str | None:
    """Advise on a file that is called CSV and is not text."""
    return _not_utf8(location.path) if location.path.suffix.lower() == ".csv" else None


FORMAT = Format(
    name="CSV",
    description="a label and 784 pixels a line, as Kaggle has it, with or without a header; or a "
    "folder with a train and a test table",
    priority=30,
    recognizes=_recognizes,
    read=_read,
    suffixes=(".csv",),
    advice=_advice,
)
