"""NPY: one array a file, several files a folder. Pickles are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray, read_array_set
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData

SUFFIX = ".npy"


def open_npy(path: Path) -> NDArray[Any]:
    """Return the array of an NPY file, memory-mapped.

    Raises:
        InputError: it holds Python objects, or is damaged.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} is not an array that can be read ({error})") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} is not an NPY file, as its name says")
    return array


def _recognizes(location: Location) -> bool:
    return len(location.with_suffix([SUFFIX])) > 1


def _read(location: Location, options: ReadOptions) -> RawData:
    arrays = [_stored(path) for path in location.with_suffix([SUFFIX])]
    return read_array_set(arrays, str(location.path))


def _stored(path: Path) -> StoredArray:
    array = open_npy(path)
    return StoredArray(path.stem, array.shape, array.dtype.kind, lambda: array.view(np.ndarray))


def _advice(location: Location) -> str | None:
    if location.header.startswith(b"\x93NUMPY"):
        if b"'descr': '|O'" in location.header:
            return (
                f"{location.path} holds Python objects, which only pickle can read and which could "
                "run code; save arrays: numpy.savez(path, x_train=..., y_train=...)"
            )
        return (
            f"{location.path} is a single array; give the folder that holds it and an array of its "
            "labels, such as x_train.npy and y_train.npy"
        )
    return None


FORMAT = Format(
    name="NPY",
    description="a folder of arrays such as x_train.npy and y_train.npy, or of one array a class",
    priority=22,
    recognizes=_recognizes,
    read=_read,
    advice=_advice,
)
