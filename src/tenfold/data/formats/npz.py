"""NPZ files, as Keras and MedMNIST write them: arrays side by side in a zip, no pickles."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.data.convert import as_images, as_labels
from tenfold.data.formats.parts import Part, Parts

PAIRS = {
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


def read_npz(path: Path, resize: bool = False) -> Parts:
    """Return the splits in an NPZ file.

    They are told by the names of the arrays (`PAIRS`), in upper or lower case.

    Raises:
        InputError: not a zip, no such arrays, arrays of Python objects, or arrays too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()
            }
            found = _pairs(path, members)
            arrays = {
                name: read_member(archive, members[name], path)
                for pair in found.values()
                for name in pair
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path} is damaged or not an NPZ file ({error})") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    parts = {}
    for split, (x, y) in found.items():
        labels = as_labels(arrays[y], f"{path}: {y}")
        parts[split] = Part(as_images(arrays[x], f"{path}: {x}", resize), labels, f"{path}: {x}")
    return Parts("NPZ", parts)


def _pairs(path: Path, members: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return, by split, the names of the arrays of images and of labels."""
    found = {}
    for split, pairs in PAIRS.items():
        for x, y in pairs:
            if (x in members) != (y in members):
                have, lack = (x, y) if x in members else (y, x)
                raise InputError(f"{path} has {have}, but no {lack}; save both")
            if x in members:
                found[split] = (x, y)
                break
    if "train" not in found:
        wanted = ", ".join(f"{x} and {y}" for x, y in PAIRS["train"])
        names = ", ".join(sorted(members)) or "nothing"
        raise InputError(f"{path} holds {names}; needed are {wanted} (with x_test, y_test if any)")
    return found


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    """Read one array of a zip, once its header is known to promise what is there and allowed."""
    where = f"{path}: {member.filename}"
    try:
        with archive.open(member) as file:
            shape, fortran, dtype = _header(file)
            start = file.tell()
        if dtype.hasobject:
            raise InputError(
                f"{where} holds Python objects, which only pickle can read and which could run "
                "code; save it as an array of numbers"
            )
        size = math.prod(shape) * dtype.itemsize
        whole = size <= member.file_size - start
        stored = member.compress_type == zipfile.ZIP_STORED and not fortran
        if size > limits.MAX_RESIDENT_BYTES and whole and stored:
            return _map(path, member, start, dtype, shape)
        if size > limits.MAX_ARRAY_BYTES:
            raise InputError(
                f"{where} unpacks to {size:,} bytes; at most {limits.MAX_ARRAY_BYTES:,} are read"
            )
        if not whole:
            raise InputError(f"{where} is cut off: its header promises {size:,} bytes")
        with archive.open(member) as file:
            array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    except InputError:
        raise
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{where} is not an array that can be read ({error})") from error
    return array


def _map(
    path: Path, member: zipfile.ZipInfo, start: int, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Return an array that lies in the zip as it is, memory-mapped; its checksum is not verified.

    ``start`` is where its values begin in the member. What comes before that in the zip, the
    member's own header, has its length at bytes 26 to 30 (APPNOTE 4.3.7).
    """
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
        begin = member.header_offset + 30 + name + extra + start
        return np.memmap(file, dtype, "r", begin, shape).view(np.ndarray)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(file)
    if version not in readers:
        raise ValueError(f"NPY version {version}")
    shape, fortran, dtype = readers[version](file)
    return shape, fortran, dtype
