"""HDF5, through h5py: datasets in groups, as USPS has them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray, read_array_set
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData

MAGIC = b"\x89HDF\r\n\x1a\n"
_SUFFIXES = (".h5", ".hdf5")


def stored_arrays(path: Path, prefix: str = "") -> list[StoredArray]:
    """Return the arrays of an HDF5 file; their names begin with `prefix`.

    Raises:
        InputError: h5py is not installed, or the file is damaged.
    """
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path} is HDF5; to read it, pip install 'tenfold[hdf5]'") from None
    arrays: list[StoredArray] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("#"):
            kind = "O" if h5py.check_string_dtype(item.dtype) else item.dtype.kind
            load = partial(_load, path, name)
            arrays.append(StoredArray(f"{prefix}{name}", item.shape, kind, load))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"{path} is damaged or not HDF5 ({error})") from error
    return arrays


def _load(path: Path, name: str) -> NDArray[Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            dataset = file[name]
            if dataset.nbytes > limits.MAX_ARRAY_BYTES:
                raise InputError(
                    f"{path}: {name} has {dataset.nbytes:,} bytes; at most "
                    f"{limits.MAX_ARRAY_BYTES:,} are read"
                )
            return np.asarray(dataset[()])
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: {name} is damaged ({error})") from error


def _recognizes(location: Location) -> bool:
    return location.header.startswith(MAGIC) or len(location.with_suffix(_SUFFIXES)) > 1


def _read(location: Location, options: ReadOptions) -> RawData:
    arrays = []
    for path, prefix in location.array_files(_SUFFIXES).items():
        arrays += stored_arrays(path, prefix)
    return read_array_set(arrays, str(location.path))


FORMAT = Format(
    name="HDF5",
    description="datasets such as train/data and train/target (USPS), or train_set_x and "
    "train_set_y in several files; needs tenfold[hdf5]",
    priority=8,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
