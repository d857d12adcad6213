"""Images to predict: files, folders of them, and tables as competitions publish them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats.csv import LABEL_NAMES
from tenfold.data.image_files import is_image, read_images, to_inputs
from tenfold.data.value_range import BYTE, ValueRange

if TYPE_CHECKING:
    import pandas as pd

TABLE_SUFFIXES = (".csv", ".csv.gz", ".csv.zip", ".tsv")
ID_NAMES = ("id", "imageid", "image_id", "index", "unnamed: 0")
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
    shape: tuple[int, ...],
    options: ReadOptions,
    trained: ValueRange = BYTE,
    *,
    invert: bool = False,
) -> Inputs:
    """Read the images of a file, of a folder at any depth, or of a table with one image a row.

    Args:
        path: an image, ``.npy``, ``.npz`` or ``.csv`` file, or a folder of images.
        shape: height and width that the network takes, and 3 of colour images.
        options: how to read them.
        trained: the range of the network's training images.
        invert: exchange light and dark.

    Raises:
        InputError: there are no images, or they cannot be read or are of another size.
    """
    if path.is_dir():
        return _read_folder(path, shape, options, trained, invert=invert)
    if path.is_file() and path.name.lower().endswith(TABLE_SUFFIXES):
        return _read_table(path, shape, options, trained, invert=invert)
    return Inputs(*read_images(path, shape, options, trained, invert=invert))


def _read_folder(path: Path, shape: tuple[int, ...], *how: Any, invert: bool) -> Inputs:
    files = sorted(file for file in path.rglob("*") if is_image(file))
    if not files:
        raise InputError(f"{path}: no images in this folder; give image files, .npy, .npz or .csv")
    parts = [read_images(file, shape, *how, invert=invert) for file in files]
    names = [name for _, part in parts for name in part]
    return Inputs(np.concatenate([images for images, _ in parts]), names)


def _read_table(
    path: Path, shape: tuple[int, ...], options: ReadOptions, trained: ValueRange, *, invert: bool
) -> Inputs:
    frame, has_header = _read_frame(path)
    column = next((name for name in frame if str(name).lower() in ID_NAMES), None)
    ids = None if column is None else frame.pop(column).tolist()
    pixels = _pixel_columns(path, frame, options.label_column, has_header, shape)
    try:
        array = pixels.to_numpy(np.float64 if "f" in {d.kind for d in pixels.dtypes} else None)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        text = next(name for name, kind in pixels.dtypes.items() if kind.kind not in "biuf")
        raise InputError(f"{path}: column {text!r} is no number; give a table of pixels")
    images = to_inputs(array, path, shape, options, trained)
    header = _sample_header(path) or (KAGGLE_HEADER if column is None else (str(column), "label"))
    names = [f"{path}[{row}]" for row in (range(len(images)) if ids is None else ids)]
    rows = list(range(1, len(images) + 1)) if ids is None else ids
    return Inputs(255 - images if invert else images, names, rows, header)


def _read_frame(path: Path) -> tuple[pd.DataFrame, bool]:
    """Return a table, and whether its first line holds names."""
    import pandas as pd

    try:
        for separator in (",", ";", "\t"):
            first = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str)
            if first.shape[1] > 1:
                break
        numbers = pd.to_numeric(first.iloc[0], errors="coerce").notna()
        has_header = not numbers.all()
        header = 0 if has_header else None
        frame = pd.read_csv(path, sep=separator, header=header, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise InputError(f"{path}: not a table that can be read ({reason})") from None
    return frame, has_header


def _pixel_columns(
    path: Path,
    frame: pd.DataFrame,
    label: str | int | None,
    has_header: bool,
    shape: tuple[int, ...],
) -> pd.DataFrame:
    """Leave out the labels, and order the columns by the numbers in their names."""
    names = [str(name).strip().lower() for name in frame]
    places = {"first": 0, "last": len(names) - 1}
    text = "" if label is None else str(label).strip().lower()
    if text and text not in names:
        place = places.get(text, int(text) if text.isdecimal() else len(names))
        if place >= len(names):
            raise InputError(f"{path}: has no column {label!r}; give --label-column another")
        return frame.drop(columns=frame.columns[place])
    labels = [text] if text else [name for name in names if name in LABEL_NAMES]
    pixels = frame.loc[:, [name not in labels[:1] for name in names]]
    if not has_header and len(names) == prod(shape) + 1:
        raise InputError(
            f"{path}: {len(names)} columns without names; give --label-column first or last"
        )
    if not has_header:
        return pixels
    numbers = [tuple(map(int, re.findall(r"\d+", str(name)))) for name in pixels]
    if all(numbers) and len(set(numbers)) == len(numbers):
        pixels = pixels.iloc[:, sorted(range(len(numbers)), key=numbers.__getitem__)]
    return pixels


def _sample_header(path: Path) -> tuple[str, str] | None:
    """The header of the sample submission beside a table, if there is one of two columns."""
    for sample in sorted(path.parent.glob("*[sS]ample*.csv")):
        with sample.open(encoding="utf-8-sig", errors="replace") as file:
            names = file.readline().strip().split(",")
        if "submission" in sample.name.lower() and len(names) == 2:
            return names[0], names[1]
    return None
