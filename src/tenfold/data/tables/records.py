"""JSON as tables: objects with equal keys in a list or one a line, and the ways of pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_STARTS = (b'{"', b"{}", b"[{", b"[[")


def is_json(content: bytes) -> bool:
    """Return whether a text begins as objects or lists of JSON do.

    Example:
        >>> is_json(b'[ {"label": 3}'), is_json(b"[0, 1], 7"), is_json(b"label,p0")
        (True, False, False)
    """
    start = b"".join(content[:200].removeprefix(b"\xef\xbb\xbf").split())
    return start.startswith(_STARTS)


def parse_json(content: bytes, where: str) -> Any:
    """Return the value of a text, or the list of the values of its lines.

    Raises:
        InputError: it is not JSON.
    """
    try:
        text = content.decode("utf-8-sig")
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is damaged or not JSON ({str(error)[:100]})") from error


def frame_of(value: Any) -> tuple[pd.DataFrame, tuple[str, ...] | None] | None:
    """Return a value as a table with numbered columns, and their names; None if it is none.

    Args:
        value: a list of objects or of lists; an object of objects, one a column; an object with
            ``columns`` and ``data``; or an object of the labels of files.

    Example:
        >>> frame, names = frame_of([{"label": 3, "file": "0.png"}, {"label": 4, "file": "1.png"}])
        >>> names, frame[0].tolist()
        (('label', 'file'), [3, 4])
    """
    import pandas as pd

    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return numbered(pd.DataFrame(value))
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        return pd.DataFrame(value), None
    if not isinstance(value, dict) or not value:
        return None
    if {"columns", "data"} <= value.keys() and isinstance(value["columns"], list):
        return numbered(pd.DataFrame(value["data"], columns=value["columns"]))
    columns = list(value.values())
    if all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        is_flat = not any(isinstance(cell, dict) for cell in columns[0].values())
        return numbered(pd.DataFrame(value)) if is_flat else None
    if all(isinstance(label, (str, int)) for label in columns):
        return numbered(pd.DataFrame({"file": list(value), "label": columns}))
    return None


def numbered(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table with its columns and rows numbered, and the names of its columns."""
    names = tuple(map(str, frame.columns))
    return frame.set_axis(range(len(names)), axis=1).reset_index(drop=True), names
