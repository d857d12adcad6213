"""Tables of file names and labels: the images that they name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.data.convert import resize_to_square
from tenfold.data.image_files import SUFFIXES, open_greyscale
from tenfold.data.raw_data import Unreadable
from tenfold.data.tables.table import Table


def read_listed_images(
    table: Table, resize: bool
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[Unreadable]]:
    """Read the images that a table names.

    Names are relative to the folder of the table, or to a folder in it; they may lack the suffix.

    Args:
        table: with a column of paths.
        resize: bring images to 28x28.

    Returns:
        Images uint8 [n, height, width], the rows they belong to, and the files that cannot be
        read.

    Raises:
        InputError: no file is found, or the images differ in size.
    """
    folder = table.path.parent
    folders = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]
    images, rows, unreadable = [], [], []
    for row, name in enumerate(table.cells(table.columns.path).astype(str)):
        path = _find(folders, name.strip().replace("\\", "/"))
        if path is None:
            unreadable.append(Unreadable(str(folder / name), "no such file"))
            continue
        try:
            image = open_greyscale(path)
        except (InputError, OSError) as error:
            unreadable.append(Unreadable(str(path), str(error)))
            continue
        pixels = resize_to_square(image) if resize else np.asarray(image)
        if images and pixels.shape != images[0].shape:
            raise InputError(
                f"{path}: {image.width}x{image.height} pixels, others have "
                f"{images[0].shape[1]}x{images[0].shape[0]}; add --resize (resize=True in Python) "
                f"to bring all to {SIDE}x{SIDE}"
            )
        images.append(pixels)
        rows.append(row)
    if not images:
        raise InputError(f"{table.path}: no image is found, such as {unreadable[0].path}")
    return np.stack(images), np.array(rows), unreadable


def _find(folders: list[Path], name: str) -> Path | None:
    """Return the file of a name, in the first folder that has it."""
    names = [name] if Path(name).suffix else [name, *(name + suffix for suffix in SUFFIXES)]
    for candidate in names:
        for folder in folders:
            path = folder / candidate
            if path.is_file():
                return path
    return None
