"""Tables, such as CSV: a label and the pixels of one image a line, or the name of its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.image_files import is_image_header
from tenfold.data.raw_data import RawData, split_of
from tenfold.data.tables.source import SUFFIXES, encoding_of, table_suffix, zipped_table
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import Table, read_table

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return "train" in _tables(location)
    if location.header.startswith(b"PK"):
        return zipped_table(location.path) is not None
    if location.header.startswith(_COMPRESSED):
        return table_suffix(location.path) in (*SUFFIXES, ".txt")
    if not location.header or is_image_header(location.header):
        return False
    return encoding_of(location.header) is not None


def _tables(location: Location) -> dict[str, Path]:
    """Return the table of each split in a folder; of copies the one that is not compressed."""
    found: dict[str, list[Path]] = {}
    files = [path for path in location.files if table_suffix(path) in SUFFIXES]
    names = {path.name for path in files}
    for path in files:
        split = split_of(path.name.partition(".")[0])
        is_copy = path.suffix.lower() not in SUFFIXES and path.stem in names
        if split and not is_copy:
            found.setdefault(split, []).append(path)
    for split, paths in found.items():
        if len(paths) > 1 and "train" in found:
            raise InputError(
                f"{location.path} has several {split} tables ({', '.join(p.name for p in paths)}); "
                "give the path of one, or a folder for each dataset"
            )
    return {split: found[split][0] for split in SPLITS if split in found}


def _read(location: Location, options: ReadOptions) -> RawData:
    paths = _tables(location) or {"train": location.path}
    train = read_table(paths["train"], options.label_column)
    tables, notes = {"train": train}, []
    for split in (split for split in paths if split != "train"):
        table = _read_other(paths[split], train, options)
        if table is None:  # as competitions publish it
            notes.append(f"{paths[split].name} has no labels and was left out")
        else:
            tables[split] = table
    return replace(raw_data(tables, options), notes=tuple(notes))


def _read_other(path: Path, train: Table, options: ReadOptions) -> Table | None:
    """Read the table of another split; None if it has no labels."""
    label = options.label_column if train.label_name is None else train.label_name
    try:
        table = read_table(path, label)
    except InputError:
        table = read_table(path)  # without the label of train
        is_labelled = table.columns.label is not None and table.label_name is None
        if not is_labelled:
            return None
    return None if table.columns.label is None else table


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
    "folder with a train and a test table",
    priority=30,
    recognizes=_recognizes,
    read=_read,
    suffixes=(".csv", ".tsv"),
    advice=_advice,
)
