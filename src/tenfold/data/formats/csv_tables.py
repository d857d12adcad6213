"""CSV files as Kaggle has them: a label and 784 pixels a line, with or without a header."""

from __future__ import annotations

import warnings
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.convert import SIDE, as_images, as_labels
from tenfold.data.formats.parts import Part

if TYPE_CHECKING:
    import pandas as pd

LABEL_NAMES = ("label", "labels", "class", "target", "y")
_FIRST_LINE = 1 << 20
_SQUARE = SIDE * SIDE


def read_csv(path: Path, resize: bool = False) -> Part:
    """Return the images and labels of a CSV file.

    The label is the column called so (`LABEL_NAMES`), or else the first; all others are pixels,
    row by row.

    Raises:
        InputError: text, gaps, no label column, or pixels that make no square image.
    """
    separator, header = _layout(path)
    frame = _frame(path, separator, header)
    label = _label_column(path, frame, header)
    pixels = frame.drop(columns=frame.columns[label])
    count = pixels.shape[1]
    if count != _SQUARE and not (isqrt(count) ** 2 == count and count):
        raise InputError(
            f"{path} has {count} pixel columns beside the label; {_SQUARE} ({SIDE}x{SIDE}) "
            "are needed"
        )
    labels = as_labels(frame.iloc[:, label].to_numpy(), f"{path}: label column")
    return Part(as_images(pixels.to_numpy(), str(path), resize), labels, str(path))


def _layout(path: Path) -> tuple[str, bool]:
    """Return what separates the fields, and whether the first line is a header."""
    try:
        with path.open("rb") as file:
            line = file.readline(_FIRST_LINE)
        if path.stat().st_size > limits.MAX_ARRAY_BYTES:
            raise InputError(
                f"{path} is larger than the {limits.MAX_ARRAY_BYTES:,} bytes that are read"
            )
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is neither CSV nor NPZ nor IDX: its first line is not text"
        ) from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    separator = max(",;\t", key=text.count)
    return separator, not all(_is_number(field) for field in text.split(separator))


def _frame(path: Path, separator: str, header: bool) -> pd.DataFrame:
    """Return the table, all of it numbers."""
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                sep=separator,
                header=0 if header else None,
                index_col=False,
                encoding="utf-8-sig",
                low_memory=False,
            )
    except pd.errors.EmptyDataError as error:
        raise InputError(
            f"{path} is empty; a label and {_SQUARE} pixels a line are needed"
        ) from error
    except (ValueError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise InputError(f"{path} is not a table of numbers: {reason}") from error
    if frame.empty:
        raise InputError(f"{path} holds no images; a label and {_SQUARE} pixels a line are needed")
    _verify_numbers(path, frame, header)
    return frame


def _verify_numbers(path: Path, frame: pd.DataFrame, header: bool) -> None:
    """Raise InputError at the first cell that is text or missing."""
    import pandas as pd

    for position, kind in enumerate(frame.dtypes):
        column = frame.iloc[:, position]
        if kind.kind in "iub" or (kind.kind == "f" and not column.isna().any()):
            continue
        row = int(pd.to_numeric(column, errors="coerce").isna().to_numpy().argmax())
        cell = column.iloc[row]
        what = "is missing" if pd.isna(cell) else f"is {str(cell)[:40]!r}"
        name = f"column {frame.columns[position]!r}" if header else f"column {position + 1}"
        raise InputError(
            f"{path}, line {row + 1 + header}: {name} {what}; a label and {_SQUARE} numbers "
            "a line are needed"
        )


def _label_column(path: Path, frame: pd.DataFrame, header: bool) -> int:
    if header:
        names = [str(name).strip().lower() for name in frame.columns]
        for wanted in LABEL_NAMES:
            if wanted in names:
                return names.index(wanted)
    if frame.shape[1] == _SQUARE:
        raise InputError(
            f"{path} has {_SQUARE} columns, which are pixels alone: the label column is missing"
        )
    return 0


def _is_number(field: str) -> bool:
    try:
        float(field.strip().strip("\"'"))
    except ValueError:
        return False
    return True
