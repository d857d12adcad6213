"""NPZ, as Keras and MedMNIST write it: named arrays in a zip archive. Pickles are refused."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_labels
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData, RawSplit

ARRAY_NAMES = {
    "train": (
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("images", "labels"),
        ("x", "y"),
        ("data", "target"),
    ),
    "validation": (
        ("x_val", "y_val"),
        ("x_valid", "y_valid"),
        ("x_validation", "y_validation"),
        ("val_images", "val_labels"),
        ("validation_images", "validation_labels"),
    ),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
"""Names of the arrays of images and labels of each split, in upper or lower case."""


class NpzArchive:
    """The arrays of an open NPZ file, read one by one after their headers have been checked.

    Attributes:
        names: of all arrays, in lower case.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self._members = {
            info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()
        }
        self.names = tuple(self._members)

    def read(self, name: str) -> NDArray[Any]:
        """Return an array; a large one that is stored without compression is memory-mapped.

        Raises:
            InputError: the array is of Python objects, too large, truncated or damaged.
        """
        return _read_member(self._archive, self._members[name], self._path)


@contextmanager
def open_npz(path: Path) -> Iterator[NpzArchive]:
    """Open an NPZ file for reading.

    Raises:
        InputError: the file cannot be opened or is damaged, at once or while it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield NpzArchive(path, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path} is damaged or not an NPZ file ({error})") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    name = f"{path}: {member.filename}"
    try:
        with archive.open(member) as file:
            shape, is_fortran, dtype = _header(file)
            start = file.tell()
        if dtype.hasobject:
            raise InputError(
                f"{name} holds Python objects, which only pickle can read and which could run "
                "code; save it as an array of numbers"
            )
        size = math.prod(shape) * dtype.itemsize
        is_complete = size <= member.file_size - start
        is_mappable = member.compress_type == zipfile.ZIP_STORED and not is_fortran
        if size > limits.MAX_RESIDENT_BYTES and is_complete and is_mappable:
            return _memory_map(path, member, start, dtype, shape)
        if size > limits.MAX_ARRAY_BYTES:
            raise InputError(
                f"{name} unpacks to {size:,} bytes; at most {limits.MAX_ARRAY_BYTES:,} are read"
            )
        if not is_complete:
            raise InputError(f"{name} is truncated: its header promises {size:,} bytes")
        with archive.open(member) as file:
            array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    except InputError:
        raise
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{name} is not an array that can be read ({error})") from error
    return array


def _memory_map(
    path: Path, member: zipfile.ZipInfo, start: int, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Memory-map an uncompressed array; its checksum is not verified.

    The values begin `start` bytes into the member. The member follows a local header, whose
    length depends on the two lengths at its bytes 26 to 30 (ZIP APPNOTE 4.3.7).
    """
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name_length, extra_length = struct.unpack("<HH", file.read(4))
        offset = member.header_offset + 30 + name_length + extra_length + start
        return np.memmap(file, dtype, "r", offset, shape).view(np.ndarray)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(file)
    if version not in readers:
        raise ValueError(f"NPY version {version}")
    shape, is_fortran, dtype = readers[version](file)
    return shape, is_fortran, dtype


def _read(location: Location, options: ReadOptions) -> RawData:
    path = location.path
    with open_npz(path) as archive:
        splits = {
            split: RawSplit(
                archive.read(x),
                as_labels(archive.read(y), f"{path}: {y}"),
                f"{path}: {x}",
            )
            for split, (x, y) in _pairs(path, archive.names).items()
        }
    return RawData(splits)


def _pairs(path: Path, members: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the names of the arrays of images and of labels of each split."""
    pairs = {}
    for split, candidates in ARRAY_NAMES.items():
        for x, y in candidates:
            if (x in members) != (y in members):
                present, absent = (x, y) if x in members else (y, x)
                raise InputError(f"{path} has {present}, but no {absent}; save both")
            if x in members:
                pairs[split] = (x, y)
                break
    if "train" not in pairs:
        needed = ", ".join(f"{x} and {y}" for x, y in ARRAY_NAMES["train"])
        names = ", ".join(sorted(members)) or "nothing"
        raise InputError(f"{path} holds {names}; needed are {needed} (with x_test, y_test if any)")
    return pairs


def _advice(location: Location) -> str | None:
    if location.header.startswith((b"\x93NUMPY", b"\x80")):
        return (
            f"{location.path} is a single array or a pickle; save images and labels in one NPZ "
            "file: numpy.savez(path, x_train=..., y_train=...)"
        )
    return None


FORMAT = Format(
    name="NPZ",
    description="arrays x_train, y_train (and x_test, y_test; x_val, y_val), as Keras and "
    "MedMNIST name them",
    priority=20,
    recognizes=lambda location: location.header.startswith(b"PK"),
    read=_read,
    suffixes=(".npz",),
    advice=_advice,
)
