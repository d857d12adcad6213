"""Images to predict: files, folders of them, and tables as competitions publish them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError, warn
from tenfold.core.image_shape import ImageShape
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats import archive, idx, parquet, pickle, torch
from tenfold.data.formats.registry import Location, is_dataset, read_stored
from tenfold.data.image_files import (
    fit_image,
    is_image_header,
    open_image,
    read_images,
    to_inputs,
    without_alpha,
)
from tenfold.data.image_tree import Folder
from tenfold.data.items import images_of
from tenfold.data.items import is_image as is_encoded
from tenfold.data.raw_data import words_of
from tenfold.data.raw_images import EMNIST_ADVICE
from tenfold.data.tables.records import JSON_SUFFIXES
from tenfold.data.tables.source import SUFFIXES, table_suffix
from tenfold.data.tables.table import read_table
from tenfold.data.value_range import BYTE, ValueRange

KAGGLE_HEADER = ("ImageId", "Label")
"""Of the answers to a table without ids, which are then counted from 1."""


@dataclass(frozen=True)
class Inputs:
    """Images of one file or folder.

    Attributes:
        images: uint8 ``[n, height, width]``.
        names: one an image.
        ids: of the rows of a table; None of anything else.
        header: of a table of answers: for the ids and the classes.
    """

    images: npt.NDArray[np.uint8]
    names: list[str]
    ids: list[Any] | None = None
    header: tuple[str, str] = KAGGLE_HEADER


def read_inputs(
    path: Path,
    shape: ImageShape,
    options: ReadOptions,
    trained: ValueRange = BYTE,
    *,
    invert: bool = False,
) -> Inputs:
    """Read the images of a file, of a folder at any depth, or of a table with one image a row.

    Args:
        path: an image, array or table, an archive or folder of images, or a dataset in any other
            format: its test split, or all images without one.
        shape: height and width that the network takes, and 3 of colour images.
        options: how to read them.
        trained: the range of the network's training images.
        invert: exchange light and dark.

    Raises:
        InputError: there are no images, or they cannot be read or are of another size.
    """
    if not options.transpose:
        found = _read(path, shape, options, trained)
        if "emnist" in words_of(path.name) and found.names != [str(path)]:
            warn(f"{path}: {EMNIST_ADVICE}")
    else:
        found = _read(path, (shape[1], shape[0], *shape[2:]), options, trained)
        found = replace(found, images=np.ascontiguousarray(found.images.swapaxes(1, 2)))
    return replace(found, images=255 - found.images) if invert else found


def _read(path: Path, shape: ImageShape, options: ReadOptions, trained: ValueRange) -> Inputs:
    if path.is_dir():
        return _read_folder(path, shape, options, trained)
    location = Location.of(path) if path.is_file() else Location(path)
    if table_suffix(path) in (*SUFFIXES, *JSON_SUFFIXES) or parquet.FORMAT.recognizes(location):
        return _read_table(path, shape, options, trained)
    saved = _read_saved(location)
    if saved is None and archive.FORMAT.recognizes(location):
        with archive.unpacked(location) as folder:
            return _renamed(folder, path, shape, options, trained)
    if saved is not None:
        images = to_inputs(saved, path, shape, options, trained)
        return Inputs(images, [f"{path}[{i}]" for i in range(len(images))])
    is_array = path.suffix.lower() in (".npy", ".npz")
    if not is_array and not is_image_header(location.header) and is_dataset(location):
        return _read_dataset(path, shape, options, trained)
    try:
        return Inputs(*read_images(path, shape, options, trained))
    except InputError:
        if path.suffix.lower() == ".npz":
            with suppress(InputError):
                return _read_dataset(path, shape, options, trained)
        raise


def _read_dataset(
    path: Path, shape: ImageShape, options: ReadOptions, trained: ValueRange
) -> Inputs:
    """Read the images of a dataset in any format that `load` reads: those of test, or all."""
    splits = read_stored(path, options).splits
    name = "test" if "test" in splits else next(iter(splits))
    images = to_inputs(splits[name].images, path, shape, options, trained)
    place = f"{path}:{name}" if len(splits) > 1 else f"{path}"
    return Inputs(images, [f"{place}[{i}]" for i in range(len(images))])


def _read_saved(location: Location) -> Any:
    """Return the array of an IDX file, a pickle or a file of PyTorch; None of any other file."""
    if torch.FORMAT.recognizes(location):
        return _first(torch.load_tensors(location.path))
    if pickle.FORMAT.recognizes(location):
        return _first(pickle.read_pickle(location.path))
    return idx.read_idx(location.path) if idx.FORMAT.recognizes(location) else None


def _first(value: Any) -> Any:
    """Return the images of images with labels, or the images alone."""
    images = value[0] if isinstance(value, (tuple, list)) and len(value) == 2 else value
    return np.asarray(images)


def _renamed(folder: Path, path: Path, *how: Any) -> Inputs:
    """Read an unpacked folder, and name the archive in place of it."""
    try:
        found = _read_folder(folder, *how)
    except InputError as error:
        raise InputError(str(error).replace(str(folder), str(path))) from None
    return replace(found, names=[name.replace(str(folder), str(path)) for name in found.names])


def _read_folder(
    path: Path, shape: ImageShape, options: ReadOptions, trained: ValueRange
) -> Inputs:
    files = list(Folder.of(path).all_images())
    if not files and is_dataset(Location.of(path)):
        return _read_dataset(path, shape, options, trained)
    if not files:
        raise InputError(f"{path}: no images in this folder; give image files, .npy, .npz or .csv")
    parts, skipped = [], list[Path]()
    for file in files:
        try:
            parts.append(read_images(file, shape, options, trained))
        except InputError:
            if not options.skip_unreadable or _can_be_opened(file):
                raise
            skipped.append(file)
    if skipped:
        count = len(skipped)
        warn(f"{count:,} image file{'s' * (count > 1)} cannot be read, skipped: {skipped[0]}, ...")
    if not parts:
        raise InputError(f"{path}: none of {len(files):,} image files can be read")
    names = [name for _, part in parts for name in part]
    return Inputs(np.concatenate([images for images, _ in parts]), names)


def _can_be_opened(file: Path) -> bool:
    try:
        open_image(file)
    except (InputError, OSError):
        return False
    return True


def _read_table(path: Path, shape: ImageShape, options: ReadOptions, trained: ValueRange) -> Inputs:
    is_text = table_suffix(path) in (*SUFFIXES, *JSON_SUFFIXES)
    rows_of = read_table if is_text else parquet.read_as_table
    table = rows_of(path, options.label_column)
    columns = table.columns
    if not columns.pixels:
        raise InputError(f"{path}: a table without pixels; give the folder of its images")
    if is_encoded(table.cells(columns.pixels[0]).iloc[0]):
        images = _decoded(table.cells(columns.pixels[0]), path, shape, options)
    else:
        images = to_inputs(table.images(), path, shape, options, trained)
    known = {*columns.pixels, columns.label, columns.split, columns.path}
    others = [column for column in range(table.frame.shape[1]) if column not in known]
    column = next((c for c in others if table.names and table.cells(c).is_unique), None)
    ids = None if column is None else table.cells(column).tolist()
    own = KAGGLE_HEADER if table.names is None or column is None else (table.names[column], "label")
    names = [f"{path}[{row}]" for row in ids or range(len(images))]
    rows = ids or list(range(1, len(images) + 1))
    return Inputs(images, names, rows, _sample_header(path) or own)


def _decoded(cells: Any, path: Path, shape: ImageShape, options: ReadOptions) -> Any:
    images = []
    for row, image in enumerate(images_of(cells.tolist())):
        try:
            images.append(fit_image(without_alpha(image), shape, resize=options.resize))
        except (InputError, OSError) as error:
            raise InputError(f"{path}, row {row}: {error}") from None
    return np.stack(images)


def _sample_header(path: Path) -> tuple[str, str] | None:
    """The header of the sample submission beside a table, if there is one of two columns."""
    for sample in sorted(path.parent.glob("*[sS]ample*.csv")):
        with sample.open(encoding="utf-8-sig", errors="replace") as file:
            names = file.readline().strip().split(",")
        if "submission" in sample.name.lower() and len(names) == 2:
            return names[0], names[1]
    return None
