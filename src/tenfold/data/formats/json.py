"""JSON: a table, as a list of objects or one object a line, or named lists of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray, read_array_set
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData, split_of
from tenfold.data.tables.records import JSON_SUFFIXES, frame_of, is_json, parse_json
from tenfold.data.tables.source import SUFFIXES, read_bytes
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import as_table


def _recognizes(location: Location) -> bool:
    return is_json(location.header) and location.path.suffix.lower() not in SUFFIXES


def _read(location: Location, options: ReadOptions) -> RawData:
    path = location.path
    value = parse_json(read_bytes(path), str(path))
    parts = {"train": value}
    if isinstance(value, dict) and "train" in (named := {split_of(key): key for key in value}):
        parts = {split: value[named[split]] for split in SPLITS if split in named}
    frames = {split: frame_of(part) for split, part in parts.items()}
    tables = {
        split: as_table(*frame, options.label_column, path)
        for split, frame in frames.items()
        if frame is not None and frame[1] is not None
    }
    if len(tables) == len(parts):
        return raw_data(tables, options)
    return read_array_set(list(_arrays(value, "", str(path))), str(path))


def _arrays(value: Any, name: str, where: str) -> Iterator[StoredArray]:
    """Yield the lists in an object, and in the objects in it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _arrays(inner, f"{name}/{key}" if name else str(key), where)
    elif isinstance(value, list):
        try:
            array = np.array(value)
        except ValueError:
            raise InputError(f"{where}: the lists in {name or 'it'} differ in length") from None
        yield StoredArray(name, array.shape, array.dtype.kind, partial(np.asarray, array))


FORMAT = Format(
    name="JSON",
    description="a list of objects with label and image, or one object a line, or named lists such "
    "as x_train and y_train; or the labels of image files",
    priority=25,
    recognizes=_recognizes,
    read=_read,
    suffixes=JSON_SUFFIXES[1:],
)
