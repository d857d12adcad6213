"""LIBSVM, sparse: a label and `index:value` for every pixel that is not 0, one image a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData, RawSplit, split_of
from tenfold.data.tables.source import encoding_of, read_bytes

_SIDES = (8, 16, 20, 28, 32, 48, 64, 96, 128)
_LINE = re.compile(rb"\s*[-+]?[\d.]+(\s+(qid:)?\d+:[-+.\deE]+)+")
_SUFFIXES = (".libsvm", ".svmlight", ".svm", ".scale", ".t", ".tr")

Rows = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return "train" in _files(location)
    return _LINE.match(location.header) is not None


def _files(location: Location) -> dict[str, Path]:
    """Return the file of each split in a folder."""
    files = location.with_suffix(_SUFFIXES)
    found = {split_of(path.name): path for path in reversed(files)}
    return {split: found[split] for split in SPLITS if split in found}


def _read(location: Location, options: ReadOptions) -> RawData:
    paths = _files(location) or {"train": location.path}
    parsed = {split: _parse(path) for split, path in paths.items()}
    first = min(int(rows[2].min(initial=1)) for rows in parsed.values())
    start = min(first, 1)  # indices begin with 1, or with 0 in what scikit-learn writes
    largest = max(int(rows[2].max(initial=0)) for rows in parsed.values()) + 1 - start
    side = next((side for side in _SIDES if side**2 >= largest), None)
    if side is None:
        raise InputError(f"{location.path} has {largest:,} pixels; at most 128x128 are read")
    splits = {}
    for split, (labels, rows, indices, values) in parsed.items():
        pixels: NDArray[Any] = np.zeros((len(labels), side * side), np.float32)
        pixels[rows, indices - start] = values
        images = pixels.reshape(-1, side, side)
        name = str(paths[split])
        splits[split] = RawSplit(images, as_labels(labels, f"{name}: labels"), name)
    decision = f"{largest:,} pixels in use, completed to {side}x{side}"
    return RawData(splits, decisions=(decision,) if largest < side * side else ())


def _parse(path: Path) -> Rows:
    """Return labels [n], and row, index and value of every pixel that is not 0."""
    content = read_bytes(path)
    labels, rows, indices, values = [], [], [], []
    for number, line in enumerate(content.decode(encoding_of(content) or "latin-1").splitlines()):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        try:
            labels.append(float(fields[0]))
            pairs = [field.split(":") for field in fields[1:] if not field.startswith("qid:")]
            indices += [int(index) for index, _ in pairs]
            values += [float(value) for _, value in pairs]
        except ValueError:
            raise InputError(
                f"{path}, line {number + 1}: {line[:40]!r}; give a label and index:value pairs"
            ) from None
        rows += [len(labels) - 1] * len(pairs)
    return (
        np.array(labels),
        np.array(rows, np.int64),
        np.array(indices, np.int64),
        np.array(values),
    )


FORMAT = Format(
    name="LIBSVM",
    description="a label and index:value pairs a line, or a folder with train and test files",
    priority=27,
    recognizes=_recognizes,
    read=_read,
    suffixes=(".libsvm", ".svmlight", ".scale"),
)
