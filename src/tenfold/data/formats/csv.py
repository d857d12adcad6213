"""Tables, such as CSV: a label and the pixels of one image a line, or the name of its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import role_of
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import is_image_header
from tenfold.data.raw_data import RawData, split_of
from tenfold.data.tables.image_list import folders_of_images, lists_images
from tenfold.data.tables.records import JSON_SUFFIXES
from tenfold.data.tables.source import (
    COMPRESSED,
    SUFFIXES,
    compressed_text,
    encoding_of,
    table_suffix,
    zipped_table,
)
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import Table, read_table

_MOST_LISTS = 8
"""Texts of a folder that are looked into for names of images."""


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return "train" in _tables(location)
    if location.header.startswith(b"PK"):
        return zipped_table(location.path) is not None
    if location.header.startswith(COMPRESSED):
        is_named = table_suffix(location.path) in (*SUFFIXES, *JSON_SUFFIXES, ".txt")
        return is_named or compressed_text(location.path)
    if not location.header or is_image_header(location.header):
        return False
    return encoding_of(location.header) is not None


def _tables(location: Location) -> dict[str, tuple[Path, ...]]:
    """Return the table of each split in a folder, or that of the images in it.

    A second table holds the labels of the first.
    """
    files = _table_files(location, SUFFIXES + JSON_SUFFIXES)
    found: dict[str, list[Path]] = {}
    for path in files:
        if split := split_of(path.name.partition(".")[0]):
            found.setdefault(split, []).append(path)
    if not found and len(files) == 2 and _labels_last(files) and _role(files[0]) == "images":
        found = {"train": files}
    found = {split: _labels_last(paths) or paths for split, paths in found.items()}
    for split, paths in found.items():
        if len(paths) > 1 and "train" in found and not _labels_last(paths):
            raise InputError(
                f"{location.path} has several {split} tables ({', '.join(p.name for p in paths)}); "
                "give the path of one, or a folder for each dataset"
            )
    if "train" in found:
        return {split: tuple(found[split]) for split in SPLITS if split in found}
    if (table := _listing(location)) and not found:
        return {"train": (table,)}
    folders = {split_of(folder.name): folder for folder in location.folders}
    listings = {s: _listing(Location.of(folders[s])) for s in SPLITS if s in folders}
    tables: dict[str, tuple[Path, ...]] = {s: (table,) for s, table in listings.items() if table}
    return tables if "train" in tables else {}


def _labels_last(paths: list[Path]) -> list[Path]:
    """Return a table of images and that of its labels, by their names; else nothing."""
    ordered = sorted(paths, key=lambda path: _role(path) == "labels")
    is_pair = [_role(path) == "labels" for path in ordered] == [False, True]
    return ordered if is_pair else []


def _role(path: Path) -> str | None:
    return role_of(path.name.partition(".")[0])


def _table_files(location: Location, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files called tables; of copies the one that is not compressed."""
    files = [path for path in location.files if table_suffix(path) in suffixes]
    names = {path.name for path in files}
    return [p for p in files if p.suffix.lower() in suffixes or p.stem not in names]


def _listing(location: Location) -> Path | None:
    """Return the only table in a folder if it names images below the folder or beside it.

    Raises:
        InputError: several do, and there are no class folders.
    """
    files = _table_files(location, (*SUFFIXES, *JSON_SUFFIXES, ".txt"))
    files = [path for path in files if "submission" not in path.name.lower()]
    if len(files) == 1:
        return files[0] if lists_images(files[0]) else None
    if not 1 < len(files) <= _MOST_LISTS:
        return None
    if len(location.folders) > len(folders_of_images(location.path)):  # folders of classes
        return None
    lists = [path for path in files if lists_images(path, by_suffix=True)]
    lists = lists or [path for path in files if lists_images(path)]
    if len(lists) > 1:
        raise InputError(
            f"{location.path} has several lists of its images ("
            f"{', '.join(p.name for p in lists)[:120]}); give the path of the one with the labels"
        )
    return lists[0] if lists else None


def _read(location: Location, options: ReadOptions) -> RawData:
    paths = _tables(location) or {"train": (location.path,)}
    train = _read_table(paths["train"], options.label_column)
    others = {s: _read_other(paths[s], train, options) for s in paths if s != "train"}
    return raw_data({"train": train, **others}, options)


def _read_table(paths: tuple[Path, ...], label_column: str | int | None) -> Table:
    table, *labels = paths
    return read_table(table, label_column, next(iter(labels), None))


def _read_other(paths: tuple[Path, ...], train: Table, options: ReadOptions) -> Table:
    """Read the table of another split, with labels only in the column that train has them in."""
    if len(paths) > 1:
        return _read_table(paths, options.label_column)
    label = options.label_column if train.label_name is None else train.label_name
    try:
        return read_table(paths[0], label)
    except InputError:
        table = read_table(paths[0])  # without the label of train
        is_labelled = table.columns.label is not None and table.label_name is None
        return table if is_labelled else replace(table, columns=table.columns.without_label())


def _advice(location: Location) -> str | None:
    """Advise on a file that is called CSV and is not text."""
    path = location.path
    if table_suffix(path) not in SUFFIXES or location.is_folder:
        return None
    return f"{path} is not a text, as its name says; give a table of images, or another format"


FORMAT = Format(
    name="CSV",
    description="a label and the pixels of one image a line, or a file name and a label, separated "
    "by commas, semicolons, tabs or blanks, with or without a header, possibly compressed; or a "
    "folder with a train and a test table, perhaps with the labels in tables of their own",
    priority=30,
    recognizes=_recognizes,
    read=_read,
    suffixes=(".csv", ".tsv"),
    advice=_advice,
)
