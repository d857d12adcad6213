"""NPZ: named arrays in a ZIP archive. Pickles are refused."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_sets import StoredArray, read_array_set
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData

_SUFFIXES = (".npz",)


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

    def stored(self, prefix: str = "") -> list[StoredArray]:
        """Return all arrays, unread, with names that begin with `prefix`.

        Raises:
            InputError: one is no array.
        """
        return [
            StoredArray(f"{prefix}{name}", *self._describe(info), partial(self.read, name))
            for name, info in self._members.items()
        ]

    def _describe(self, info: zipfile.ZipInfo) -> tuple[tuple[int, ...], str]:
        try:
            with self._archive.open(info) as file:
                shape, _, dtype = _header(file)
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"{self._path}: {info.filename} is not an array that can be read ({error})"
            ) from error
        return shape, dtype.kind

    def open(self, name: str) -> tuple[IO[bytes], np.dtype[Any], tuple[int, ...]]:
        """Open an array at its first value: the file, the type and the shape.

        Raises:
            InputError: it is not an array in the order of C.
        """
        file = self._archive.open(self._members[name])
        return open_npy(file, f"{self._path}: {name}")


def open_npy(file: IO[bytes], name: str) -> tuple[IO[bytes], np.dtype[Any], tuple[int, ...]]:
    """Read the header of an open NPY file: the file at its first value, the type and the shape.

    Raises:
        InputError: it is not an array in the order of C.
    """
    try:
        shape, is_fortran, dtype = _header(file)
    except ValueError as error:
        raise InputError(f"{name} is not an array that can be read ({error})") from error
    if is_fortran or dtype.hasobject:
        raise InputError(f"{name} holds Python objects or columns first; save it in C order")
    return file, dtype, shape


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


def _recognizes(location: Location) -> bool:
    return location.header.startswith(b"PK") or len(location.with_suffix(_SUFFIXES)) > 1


def _read(location: Location, options: ReadOptions) -> RawData:
    with ExitStack() as stack:
        arrays = []
        for path, prefix in location.array_files(_SUFFIXES).items():
            arrays += stack.enter_context(open_npz(path)).stored(prefix)
        return read_array_set(arrays, str(location.path))


FORMAT = Format(
    name="NPZ",
    description="arrays x_train, y_train (and x_test, y_test; x_val, y_val), train_images, "
    "train_labels and similar names, or arr_0, arr_1; in one file or several",
    priority=20,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
)
