"""What a collection holds, as units of work."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.places import exists, is_remote, names_in, pattern_of, stamp
from tenfold.data.formats.idx import open_idx
from tenfold.data.image_files import is_image
from tenfold.scoring import arrays, parquet, pictures
from tenfold.scoring.batches import Batch, Errors, Layout, printable

UNIT = 1 << 16
"""Images of a unit: one part of the output."""

Unit = dict[str, Any]
"""``kind``, ``file`` relative to the source, ``rows`` and what the reader of its kind needs."""


def find_files(source: Path) -> tuple[str, list[str]]:
    """Return the kind of a source, ``parquet``, ``array`` or ``pictures``, and its files.

    Names that begin with a dot or an underscore are left out.

    Args:
        source: a file, or a folder that is searched with its subfolders.

    Raises:
        InputError: it does not exist, or holds nothing that can be scored.
    """
    folder, pattern = pattern_of(source)
    if pattern:
        names = sorted(str(path.relative_to(folder)) for path in folder.glob(pattern))
        return _of_one_kind(source, folder, names)
    if source.is_file():
        return ("pictures" if is_image(source) else _kind(source)), [source.name]
    if not source.is_dir():
        if is_remote(source) and exists(source):
            raise OSError(errno.EIO, "the storage fails", str(source))
        raise InputError(f"{source}: no such file or folder")
    return _of_one_kind(source, source, names_in(source, hidden="._"))


def _of_one_kind(source: Path, folder: Path, names: Iterable[str]) -> tuple[str, list[str]]:
    found: dict[str, list[str]] = {"parquet": [], "array": [], "pictures": []}
    for name in names:
        kind = _kind_of_member(folder / name)
        if kind:
            found[kind].append(name)
    kinds = [kind for kind, files in found.items() if files]
    if len(kinds) != 1:
        held = "files of several kinds" if kinds else "no images"
        raise InputError(f"{source}: {held}; give Parquet, IDX, NPY or NPZ files, or PNG and JPEG")
    return kinds[0], found[kinds[0]]


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        header = file.read(6)
    return "parquet" if header[:4] == b"PAR1" or path.suffix == ".parquet" else "array"


def _kind_of_member(path: Path) -> str | None:
    """Return the kind of a file in a folder; None for files of labels and others."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return "parquet"
    if suffix in (".npy", ".npz"):
        return "array"
    if is_image(path):
        return "pictures"
    if "ubyte" in path.name or "idx" in path.name:
        try:
            file, _, shape = open_idx(path)
            file.close()
        except (InputError, OSError):
            return None
        return "array" if len(shape) > 1 else None
    return None


def units(
    source: Path, kind: str, files: list[str], layout: Layout, size: int, errors: Errors
) -> Iterator[Unit]:
    """Yield the units of a source; a file that cannot be opened is an error.

    Args:
        source: a file or folder.
        kind: of ``find_files``.
        files: likewise.
        layout: of the job.
        size: images of a unit, at least; a row group of a Parquet file is never divided.
        errors: takes up files that cannot be opened.
    """
    if kind == "pictures":
        for start in range(0, len(files), size):
            part = files[start : start + size]
            yield {"kind": kind, "file": "", "rows": len(part), "files": part}
        return
    divide: Callable[..., Iterator[Unit]] = _row_groups if kind == "parquet" else _ranges
    for name in files:
        path = path_of(source, name)
        try:
            for unit in divide(path, layout, size):
                yield {"kind": kind, "file": name, "stamp": stamp(path), **unit}
        except InputError as error:
            if len(files) == 1:
                raise
            errors.add(printable(name), 0, str(error), 0)


def path_of(source: Path, name: str) -> Path:
    """Return the path of a file of a source, which is the source itself or in it."""
    return folder_of(source) / name


def folder_of(source: Path) -> Path:
    """Return the folder of the files of a source: a folder, a file, or a pattern of files."""
    folder, pattern = pattern_of(source)
    return folder if pattern or folder.is_dir() else folder.parent


def _row_groups(path: Path, layout: Layout, size: int) -> Iterator[Unit]:
    file = parquet.open_file(path)
    schema = file.schema_arrow
    parquet.choose_column(schema, layout.column)
    parquet.choose_keys(schema, str(layout.column), layout.keys, ())
    first = begin = rows = 0
    count = file.metadata.num_row_groups
    for group in range(count):
        rows += file.metadata.row_group(group).num_rows
        if rows >= size or (group == count - 1 and rows):
            yield {"groups": [begin, group + 1], "first": first, "rows": rows}
            first, begin, rows = first + rows, group + 1, 0


def _ranges(path: Path, layout: Layout, size: int) -> Iterator[Unit]:
    with arrays.open_images(path, layout.column) as (_, shape):
        pass
    for start in range(0, shape[0], size):
        stop = min(start + size, shape[0])
        yield {"start": start, "stop": stop, "rows": stop - start}


def read(source: Path, unit: Mapping[str, Any], layout: Layout, errors: Errors) -> Iterator[Batch]:
    """Yield the images of a unit in batches.

    Raises:
        InputError: the file has changed since the job began.
    """
    if unit["kind"] == "pictures":
        yield from pictures.read(folder_of(source), unit, layout, errors)
        return
    path = path_of(source, unit["file"])
    if stamp(path) != unit["stamp"]:
        raise InputError(f"{path} has changed since the job began; score it into another --out")
    reader = parquet.read if unit["kind"] == "parquet" else arrays.read
    yield from reader(path, printable(unit["file"]), unit, layout, errors)
