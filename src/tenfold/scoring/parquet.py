"""Images in Parquet files: bytes of image files, Hugging Face's struct of them, or pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError, one_line
from tenfold.core.places import is_remote
from tenfold.scoring.batches import SIZE, Batch, Errors, Layout

_NAMES = ("image", "img", "picture", "pixels")


def import_pyarrow() -> Any:
    """Return pyarrow, with ``parquet`` and ``compute``.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            "scores are written as Parquet, which needs pyarrow: pip install 'tenfold[parquet]'"
        ) from None
    return pyarrow


def open_file(path: Path) -> Any:
    """Open a Parquet file.

    Raises:
        InputError: it is not a Parquet file, or damaged.
    """
    pa = import_pyarrow()
    try:
        file = path.open("rb") if is_remote(path) else path
        return pa.parquet.ParquetFile(file, buffer_size=1 << 20)
    except (pa.ArrowException, OSError) as error:
        if is_remote(path) and not isinstance(error, (pa.ArrowException, FileNotFoundError)):
            raise
        reason = one_line(error, 120)
        raise InputError(f"{path}: not a Parquet file, or damaged ({reason})") from None


def _holds_images(kind: Any) -> bool:
    types = import_pyarrow().types
    if types.is_struct(kind):
        return any(child.name == "bytes" and _is_bytes(child.type) for child in kind)
    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return _is_bytes(kind) or (is_list and types.is_uint8(kind.value_type))


def _is_bytes(kind: Any) -> bool:
    types = import_pyarrow().types
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _there(schema: Any) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)[:160]


def choose_column(schema: Any, column: str | None) -> str:
    """Return the name of the column of images.

    Args:
        schema: of a file.
        column: the name that the user gives; None to find it.

    Raises:
        InputError: there is no such column, or it is not certain which.
    """
    found: list[str] = [field.name for field in schema if _holds_images(field.type)]
    if column is not None:
        if column not in found:
            raise InputError(
                f"--column {column}: no column of image bytes, {{bytes, path}} or lists of uint8; "
                f"there are {_there(schema)}"
            )
        return column
    named = [name for name in found if name.lower() in _NAMES]
    candidates = found if len(found) == 1 else named
    if len(candidates) != 1:
        if not found:
            raise InputError(
                "no column holds images, as image bytes, {bytes, path} or lists of uint8; there "
                f"are {_there(schema)}"
            )
        raise InputError(
            f"{len(found)} columns may hold images: {', '.join(found)[:160]}; name one with "
            "--column"
        )
    return candidates[0]


def choose_keys(
    schema: Any, column: str, keys: Sequence[str] | None, reserved: Sequence[str]
) -> tuple[str, ...]:
    """Return the names of the columns that are passed through.

    Args:
        schema: of a file.
        column: of the images.
        keys: what the user gives; None for all others that are not nested and hold no bytes.
        reserved: names of the columns that scoring adds.

    Raises:
        InputError: there is no such column, or its name is reserved.
    """
    if keys is None:
        nested = import_pyarrow().types.is_nested
        plain = [f.name for f in schema if not nested(f.type) and not _holds_images(f.type)]
        keys = [name for name in plain if name != column]
    for key in keys:
        if key not in schema.names or list(keys).count(key) > 1:
            there = _there(schema)
            raise InputError(f"--keys {key}: no such column, or given twice; there are {there}")
        if key in reserved:
            raise InputError(
                f"column {key}: scoring writes a column of this name; choose others with --keys"
            )
    return tuple(keys)


def read(
    path: Path, name: str, unit: Mapping[str, Any], layout: Layout, errors: Errors
) -> Iterator[Batch]:
    """Yield the images of some row groups; a damaged row group is an error, and the next follows.

    Args:
        path: the file.
        name: of the file, for scores and errors.
        unit: ``groups``, the first and one past the last, and ``first``, the row they begin at.
        layout: of the job.
        errors: takes up what cannot be read.
    """
    pa = import_pyarrow()
    file = open_file(path)
    columns, start = [layout.column, *layout.keys], unit["first"]
    for group in range(*unit["groups"]):
        size, done = file.metadata.row_group(group).num_rows, 0
        batches = file.iter_batches(SIZE, row_groups=[group], columns=columns, use_threads=False)
        try:
            for batch in batches:
                rows = start + done + np.arange(batch.num_rows)
                done += batch.num_rows
                yield _decode(batch, rows, name, layout, errors)
        except (pa.ArrowException, OSError) as error:
            if getattr(error, "errno", None):  # the storage failed, not the file
                raise
            reason = f"row group {group} is damaged: {one_line(error, 200)}"
            errors.add(name, start + done, reason, size - done)
        start += size


def _decode(batch: Any, rows: Any, name: str, layout: Layout, errors: Errors) -> Batch:
    pa = import_pyarrow()
    column = batch.column(layout.column)
    if pa.types.is_struct(column.type):
        column = pa.compute.struct_field(column, "bytes")
    if _is_bytes(column.type):
        names = [(name, int(row)) for row in rows]
        images, kept = layout.decode(column.to_pylist(), names, errors)
    else:
        images, kept = _pixels(column, rows, name, layout, errors)
    keys = None
    if layout.keys:
        keys = pa.Table.from_batches([batch.select(list(layout.keys))])
        keys = keys if len(kept) == len(rows) else keys.take(pa.array(kept))
    return Batch(images, rows[kept], name, keys)


def _pixels(column: Any, rows: Any, name: str, layout: Layout, errors: Errors) -> Any:
    """Return the images of a column of lists: at once if all have the network's size."""
    lengths = import_pyarrow().compute.list_value_length(column)
    if not lengths.null_count and (lengths.to_numpy() == prod(layout.shape)).all():
        flat = column.flatten()
        if not flat.null_count:
            pixels = flat.to_numpy().reshape(-1, *layout.shape)
            return pixels, np.arange(len(pixels))
    images, kept = [], []
    for i, value in enumerate(column):
        try:
            if not value.is_valid or value.values.null_count:
                raise InputError("no image, or pixels that are missing")
            images.append(layout.fit(value.values.to_numpy()[None])[0])
            kept.append(i)
        except InputError as error:
            errors.add(name, int(rows[i]), str(error))
    return layout.stack(images), np.array(kept, np.intp)
