"""Names of classes from a mapping of labels to characters, as EMNIST has it beside its files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tenfold.data.raw_data import RawData

_PRINTABLE = range(33, 127)
_MAX_BYTES = 1 << 16


def named_by_file(raw: RawData, path: Path) -> RawData:
    """Name the classes by a file such as ``emnist-letters-mapping.txt``, if there is one.

    Args:
        raw: as read; unchanged if its classes have names.
        path: of the file or folder that was read.
    """
    if raw.names is not None or not raw.splits:
        return raw
    images = Path(next(iter(raw.splits.values())).origin)
    folders = dict.fromkeys([path if path.is_dir() else path.parent, images.parent])
    files = [file for folder in folders for file in sorted(folder.glob("*mapping*.txt"))]
    if len(files) > 1:
        files = [f for f in files if images.name.startswith(f.name.partition("mapping")[0])]
    if len(files) != 1 or files[0].stat().st_size > _MAX_BYTES:
        return raw
    try:
        rows = [[int(cell) for cell in line.split()] for line in files[0].read_text().splitlines()]
    except ValueError:
        return raw
    return named(raw, [row for row in rows if row], files[0].name)


def named(raw: RawData, rows: Iterable[Sequence[int]], origin: str) -> RawData:
    """Name the classes by rows of a label and the code of its character.

    Args:
        raw: with whole numbers as labels, or one column for each row; unchanged if they do not
            fit the rows.
        rows: a label, the code of its character and perhaps that of the small letter.
        origin: the name of their file or array.

    Example:
        >>> from tenfold.data.raw_data import RawSplit
        >>> raw = RawData({"train": RawSplit(np.zeros((2, 8, 8), "u1"), np.array([2, 1]), "x")})
        >>> raw = named(raw, [[1, 65, 97], [2, 66, 98]], "mapping.txt")
        >>> raw.names, raw.splits["train"].labels
        (('A', 'B'), array([1, 0]))
    """
    rows = sorted(map(list, rows))
    labels = [row[0] for row in rows]
    if any(len(row) not in (2, 3) or row[1] not in _PRINTABLE for row in rows):
        return raw
    if len({row[1] for row in rows}) != len(rows):
        return raw
    stored = [part.labels for part in raw.splits.values()]
    splits = raw.splits
    if any(part.ndim != 2 or part.shape[1] != len(rows) for part in stored):
        if any(part.dtype.kind != "i" or not np.isin(part, labels).all() for part in stored):
            return raw
        splits = {
            name: replace(part, labels=np.searchsorted(labels, part.labels))
            for name, part in raw.splits.items()
        }
    decisions = (*raw.decisions, f"classes named by {origin}")
    names = tuple(chr(row[1]) for row in rows)
    return replace(raw, splits=splits, names=names, decisions=decisions, mapped=True)
