"""MAT, as MATLAB writes it: version 5 through scipy, version 7.3, which is HDF5, through h5py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray, read_array_set
from tenfold.data.formats.hdf5 import MAGIC, stored_arrays
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData

_SUFFIXES = (".mat",)
_SVHN_SHAPE, _SVHN_ZERO = (32, 32, 3), 10
_CHARACTERS = (10, 26, 47, 62)
"""Numbers of classes of digits and letters: check and training warn if these lie turned."""


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return len(location.with_suffix(_SUFFIXES)) > 1
    return _is_mat(location.path, location.header)


def _is_mat(path: Path, header: bytes) -> bool:
    return header.startswith(b"MATLAB ") or (path.suffix.lower() in _SUFFIXES and b"\0" in header)


def _read(location: Location, options: ReadOptions) -> RawData:
    arrays = []
    for path, prefix in location.array_files(_SUFFIXES).items():
        arrays += _arrays(path, prefix)
    raw = read_array_set([_svhn(array) for array in arrays], str(location.path))
    if any(split.images.ndim == 2 for split in raw.splits.values()):
        raw = _flat(raw, options, str(location.path))
    return _with_zero(raw) if any(map(_is_svhn, arrays)) else raw


def _flat(raw: RawData, options: ReadOptions, path: str) -> RawData:
    """Say how flat pixels are read, or refuse them if nothing would tell that this is wrong."""
    labels = raw.splits["train"].labels
    classes = labels.shape[1] if labels.ndim == 2 else len(np.unique(labels))
    if options.transpose is None and classes not in _CHARACTERS and not raw.mapped:
        raise InputError(
            f"{path}: its flat pixels may lie row by row or, as in matrices of MATLAB, column by "
            "column; add --no-transpose (transpose=False) for rows, or --transpose for columns"
        )
    how = "column by column" if options.transpose else "row by row (else --transpose)"
    return replace(raw, decisions=(*raw.decisions, f"flat pixels {how}"))


def _arrays(path: Path, prefix: str) -> list[StoredArray]:
    """Return the arrays of a file with their axes as MATLAB has them."""
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith(MAGIC):  # written by other software than MATLAB
        return stored_arrays(path, prefix)
    if MAGIC in start:
        return [_reversed(array) for array in stored_arrays(path, prefix)]
    from scipy.io import loadmat

    try:
        content = loadmat(str(path), simplify_cells=True)
    except Exception as error:  # scipy raises many types for damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is damaged or not a MAT file ({reason[:100]})") from error
    return list(_flattened(content, prefix))


def _flattened(content: dict[str, Any], prefix: str) -> Iterator[StoredArray]:
    """Yield the arrays of variables and of the fields of structures, such as dataset.train."""
    for name, value in content.items():
        if name.startswith("__"):
            continue
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}/")
        elif isinstance(value, np.ndarray):
            load: Callable[[], NDArray[Any]] = partial(np.asarray, value)
            yield StoredArray(f"{prefix}{name}", value.shape, value.dtype.kind, load)


def _reversed(array: StoredArray) -> StoredArray:
    """Return an array of MAT 7.3, which HDF5 lists with its axes in reverse order."""
    return StoredArray(array.name, array.shape[::-1], array.kind, lambda: array.load().T)


def _is_svhn(array: StoredArray) -> bool:
    return len(array.shape) == 4 and array.shape[:3] == _SVHN_SHAPE


def _svhn(array: StoredArray) -> StoredArray:
    """Return the images of SVHN, [32, 32, 3, n], with the images on the first axis."""
    if not _is_svhn(array):
        return array
    shape = (array.shape[3], *_SVHN_SHAPE)
    return StoredArray(array.name, shape, array.kind, lambda: np.moveaxis(array.load(), -1, 0))


def _with_zero(raw: RawData) -> RawData:
    """Return SVHN with the label 0 for the digit 0, for which its files have 10."""
    splits = {
        name: replace(split, labels=np.where(split.labels == _SVHN_ZERO, 0, split.labels))
        for name, split in raw.splits.items()
    }
    return replace(raw, splits=splits, notes=(*raw.notes, "label 10 is the digit 0, as in SVHN"))


FORMAT = Format(
    name="MAT",
    description="a file of MATLAB with arrays such as X and y (SVHN), train_x and train_y, "
    "train0 to train9, or dataset.train.images (EMNIST); flat pixels of other images than digits "
    "and letters need --transpose or --no-transpose; version 7.3 needs tenfold[hdf5]",
    priority=6,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
