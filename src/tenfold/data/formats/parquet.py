"""Parquet and Arrow tables, as Hugging Face stores datasets, through pyarrow."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray
from tenfold.data.convert import as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import decode_pages, open_pages
from tenfold.data.raw_data import RawData, RawSplit, Unreadable, split_of
from tenfold.data.tables.records import numbered
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import Table, as_table
from tenfold.data.visible import visible

_SUFFIXES = (".parquet", ".arrow", ".feather")
_MAGIC = (b"PAR1", b"ARROW1")


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return bool(_tables(location))
    return location.header.startswith(_MAGIC) or location.path.suffix.lower() in _SUFFIXES


def _tables(location: Location) -> dict[str | None, list[Path]]:
    """Return the tables of each split: by the names of files, or of the folders they are in."""
    tables: dict[str | None, list[Path]] = {}
    for path in filter(_is_table, location.files):
        tables.setdefault(split_of(path.name), []).append(path)
    for folder in location.folders if not tables else ():
        split = split_of(folder.name)
        files = [path for path in visible(folder) if _is_table(path)] if split else []
        if files:
            tables.setdefault(split, []).extend(files)
    return tables


def _is_table(path: Path) -> bool:
    is_cache = path.name.startswith("cache-")  # of transformations, by `datasets`
    return path.suffix.lower() in _SUFFIXES and path.is_file() and not is_cache


def _read(location: Location, options: ReadOptions) -> RawData:
    splits: dict[str, RawSplit] = {}
    unreadable: list[Unreadable] = []
    names: tuple[str, ...] | None = None
    notes: list[str] = []
    cells: dict[str, Table] = {}
    for split, paths in _tables_of_splits(location).items():
        _require_shards(paths, split)
        table = _read_tables(paths)
        if not any(map(_holds_images, table.schema)):
            cells[split] = _as_table(table, paths[0], options.label_column)
            continue
        columns = _columns(table, str(paths[0]))
        if columns is None and split == "test":
            notes.append(f"{paths[0].name} has no labels, left out")
            continue
        splits[split], failures = _read_split(table, columns, paths[0], options)
        unreadable += failures
        names = names or _class_names(table, columns)
    if cells:
        return raw_data(cells, options)
    return RawData(splits, names, tuple(unreadable), tuple(notes))


def read_as_table(path: Path, label_column: str | int | None = None) -> Table:
    """Read one file as a table, with or without labels.

    Raises:
        InputError: it is damaged, or its columns are not certain.
    """
    return _as_table(_read_tables([path]), path, label_column)


def _as_table(table: Any, path: Path, label_column: str | int | None) -> Table:
    return as_table(*numbered(table.to_pandas()), label_column, path)


def _tables_of_splits(location: Location) -> dict[str, list[Path]]:
    """Return the tables of each split; those of no split, or of the only one, are train."""
    if not location.is_folder:
        return {"train": [location.path]}
    tables = _tables(location)
    unnamed = tables.pop(None, [])
    if unnamed and "train" in tables:
        names = ", ".join(path.name for path in unnamed)
        raise InputError(f"{location.path}: {names} names no split; call it train or test")
    if unnamed:
        tables["train"] = unnamed
    if "train" not in tables and len(tables) == 1:
        return {"train": next(iter(tables.values()))}
    return {split: tables[split] for split in SPLITS if split in tables}


def _require_shards(paths: list[Path], split: str) -> None:
    """Refuse several tables of a split unless their names differ in numbers only."""
    stems = {re.sub(r"[0-9]+|-of-", "", path.stem) for path in paths}
    if len(stems) > 1:
        names = ", ".join(path.name for path in paths[:3])
        raise InputError(
            f"{paths[0].parent} has several tables of {split} ({names}); give the path of one"
        )


def _read_tables(paths: list[Path]) -> Any:
    """Return the table of all shards, a `pyarrow.Table`."""
    try:
        import pyarrow as pa
        import pyarrow.feather
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            f"{paths[0]} is a Parquet or Arrow table; to read it, pip install 'tenfold[parquet]'"
        ) from None
    size = sum(path.stat().st_size for path in paths)
    if size > limits.MAX_ARRAY_BYTES:
        raise InputError(f"{paths[0]} and its shards have over {limits.MAX_ARRAY_BYTES:,} bytes")
    tables = []
    for path in paths:
        try:
            with path.open("rb") as file:
                magic = file.read(6)
            if magic.startswith(b"PAR1"):
                tables.append(pa.parquet.ParquetFile(path).read())
            elif magic.startswith(b"ARROW1"):
                tables.append(pa.feather.read_table(path))
            else:
                with pa.OSFile(str(path)) as source:
                    tables.append(pa.ipc.open_stream(source).read_all())
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:120]
            raise InputError(f"{path} is damaged or not a table ({reason})") from error
    try:
        return pa.concat_tables(tables).combine_chunks()
    except pa.ArrowException as error:
        raise InputError(f"{paths[0]} and its shards have different columns") from error


def _columns(table: Any, path: str) -> tuple[str, str] | None:
    """Return the names of the columns of images and labels; None if there are no labels."""
    columns = [StoredArray(name, (), "", lambda: np.empty(0)) for name in table.column_names]
    images = [column.name for column in columns if _holds_images(table.schema.field(column.name))]
    if len(images) > 1:
        images = [c.name for c in columns if c.name in images and c.role == "images"]
    if len(images) != 1:
        raise InputError(
            f"{path} has the columns {', '.join(table.column_names[:8])}; one of images and one "
            "called label are needed"
        )
    others = [column for column in columns if column.name not in images]
    labels = [column.name for column in others if column.role == "labels"]
    if not labels and len(others) == 1 and others[0].role is None:
        labels = [others[0].name]
    if len(labels) > 1:
        raise InputError(
            f"{path} has several columns of labels ({', '.join(labels)}); keep one of them"
        )
    return (images[0], labels[0]) if labels else None


def _holds_images(field: Any) -> bool:
    import pyarrow.types as kinds

    kind = _storage(field.type)
    if kinds.is_struct(kind):
        return "bytes" in {kind.field(i).name for i in range(kind.num_fields)}
    is_list = kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind)
    return bool(is_list or kinds.is_binary(kind) or kinds.is_large_binary(kind))


def _storage(kind: Any) -> Any:
    return getattr(kind, "storage_type", kind)


def _read_split(
    table: Any, columns: tuple[str, str] | None, path: Path, options: ReadOptions
) -> tuple[RawSplit, list[Unreadable]]:
    if columns is None:
        raise InputError(f"{path} has no column of labels; call it label")
    images, labels = (table.column(name) for name in columns)
    classes = as_labels(np.array(labels.to_pylist(), object), f"{path}: {columns[1]}")
    kind = _storage(images.type)
    if "list" in str(kind).split("<")[0]:
        return RawSplit(_nested(images), classes, f"{path}: {columns[0]}"), []
    return decode_split(_encoded(images, classes, path), str(path), options)


def _encoded(images: Any, labels: NDArray[Any], path: Path) -> Iterator[Encoded]:
    for row, (cell, label) in enumerate(zip(images, labels, strict=True)):
        value = cell.as_py()
        yield Encoded(f"{path}, row {row}", label, None, partial(_decode, value, path.parent))


def _decode(value: Any, folder: Path) -> Any:
    """Decode the bytes of a cell, or open the file that its path names."""
    content = value.get("bytes") if isinstance(value, dict) else value
    if content:
        return decode_pages(io.BytesIO(content))
    name = value.get("path") if isinstance(value, dict) else None
    if not name:
        raise InputError("no image")
    return open_pages(folder / name)


def _nested(column: Any) -> NDArray[Any]:
    """Return a column of lists of equal lengths as an array."""
    rows = len(column)
    values = column.combine_chunks()
    values = getattr(values, "storage", values)
    shape: list[int] = [rows]
    while hasattr(values, "flatten") and "list" in str(values.type).split("<")[0]:
        inner = values.flatten()
        shape.append(len(inner) // max(1, len(values)))
        values = inner
    array: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    if int(np.prod(shape)) != array.size:
        raise InputError(f"the images of a column of {rows} lists differ in size")
    return array.reshape(shape)


def _class_names(table: Any, columns: tuple[str, str] | None) -> tuple[str, ...] | None:
    """Return the names that `datasets` writes into the metadata of a table."""
    try:
        info = json.loads((table.schema.metadata or {})[b"huggingface"])["info"]
        names = info["features"][columns[1]]["names"] if columns else None
    except (KeyError, ValueError, TypeError):
        return None
    return tuple(map(str, names)) if names else None


FORMAT = Format(
    name="Parquet",
    description="a table with a column of images (encoded, or lists of pixels) and one called "
    "label, as Hugging Face has it, or with the columns of a CSV table; in one file or in shards "
    "of train, validation and test; also Arrow; needs tenfold[parquet]",
    priority=12,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
