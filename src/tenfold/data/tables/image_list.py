"""Tables of file names and labels: the images that they name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.image_files import SUFFIXES, open_pages
from tenfold.data.raw_data import RawSplit, Unreadable
from tenfold.data.tables.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image


def read_listed_images(table: Table, options: ReadOptions) -> tuple[RawSplit, list[Unreadable]]:
    """Read the images that a table names.

    Names are relative to the folder of the table, or to a folder in it; they may lack the suffix.

    Args:
        table: with a column of paths.
        options: how to read images.

    Returns:
        The images with their labels, and the files that cannot be read.

    Raises:
        InputError: no file is found, or the images differ in size.
    """
    folder = table.path.parent
    folders = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]
    cells = table.cells(table.columns.path)
    names = cells.astype(str).str.strip().str.replace("\\", "/")
    if cells.dtype.kind in "iu":
        padded = _zero_padded(folders)
        names = names.map(lambda name: padded.get(name, name))
    items = [
        Encoded(str(folder / name), label, Path(name).stem, partial(_open, folders, name))
        for name, label in zip(names, table.labels().tolist(), strict=True)
    ]
    split, unreadable = decode_split(items, str(table.path), options)
    if not len(split.images):
        raise InputError(f"{table.path}: no image is found, such as {unreadable[0].path}")
    return split, unreadable


def _zero_padded(folders: list[Path]) -> dict[str, str]:
    """Return the names of numbered files without suffix, such as 001, by their numbers."""
    stems = (path.stem for folder in folders for path in folder.iterdir())
    return {str(int(stem)): stem for stem in stems if stem.isdecimal() and stem.isascii()}


def _open(folders: list[Path], name: str) -> list[Image]:
    """Open the file of a name in the first folder that has it."""
    names = [name] if Path(name).suffix else [name, *(name + suffix for suffix in SUFFIXES)]
    for candidate in names:
        for folder in folders:
            if (folder / candidate).is_file():
                return open_pages(folder / candidate)
    raise InputError("no such file")
