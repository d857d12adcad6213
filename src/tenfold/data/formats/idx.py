"""IDX, the format that MNIST came in (LeCun, Cortes, Burges, 1998), gzipped or not.

A file is a magic number (two zeros, a type, the number of dimensions), the dimensions as
big-endian uint32, and the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK = 1 << 22


def is_idx(path: Path) -> bool:
    """Return whether a file begins as IDX does, be it gzipped or not."""
    return dimensions(path) is not None


def dimensions(path: Path) -> tuple[int, ...] | None:
    """Return the shape that an IDX file's header promises; None for anything else."""
    try:
        with _open(path) as file:
            return _header(file, str(path))[1]
    except (InputError, OSError, EOFError, zlib.error):
        return None


def read_idx(path: str | Path) -> NDArray[Any]:
    """Return the array in an IDX file, unpacking it if it is gzipped.

    No more is unpacked than the header promises, and no more than 1 GiB. A large file that is
    not packed is memory-mapped.

    Raises:
        InputError: the file is empty, truncated, too long, too large or not IDX.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels"
        >>> _ = path.write_bytes(idx_bytes(np.array([5, 0, 4], np.uint8)))
        >>> read_idx(path)
        array([5, 0, 4], dtype=uint8)
    """
    path = Path(path)
    try:
        if not path.stat().st_size:
            raise InputError(f"{path} is empty; an IDX file has a header and data")
        with _open(path) as file:
            if isinstance(file, gzip.GzipFile) or path.stat().st_size <= limits.MAX_RESIDENT_BYTES:
                return parse_idx(file, str(path))
            return _map(file, str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _map(file: IO[bytes], where: str) -> NDArray[Any]:
    """Return the array in an open IDX file that is not packed, without reading it."""
    kind, shape = _header(file, where)
    size, start = math.prod(shape) * np.dtype(kind).itemsize, file.tell()
    _verify_length(where, size, file.seek(0, 2) - start)
    return np.memmap(file, kind, "r", start, shape).view(np.ndarray)


def parse_idx(file: IO[bytes], where: str) -> NDArray[Any]:
    """Return the array in an open IDX file, already unpacked; `where` is its name in errors."""
    try:
        kind, shape = _header(file, where)
        size = _promise(where, kind, shape)
        content = _read(file, size)
        longer = len(content) == size and bool(file.read(1))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{where} is damaged or cut off ({error}); fetch it again") from error
    _verify_length(where, size, len(content) + longer)
    return np.frombuffer(content, kind).reshape(shape)


def _verify_length(where: str, promised: int, found: int) -> None:
    if found < promised:
        raise InputError(
            f"{where} is cut off: its header promises {promised:,} bytes of data, {found:,} "
            "came; fetch it again"
        )
    if found > promised:
        raise InputError(f"{where} has more data than the {promised:,} bytes its header promises")


def idx_bytes(array: NDArray[Any]) -> bytes:
    """Return the IDX file of an array, whose type must be one that IDX has.

    Examples:
        >>> idx_bytes(np.array([7, 2], np.uint8))
        b'\\x00\\x00\\x08\\x01\\x00\\x00\\x00\\x02\\x07\\x02'
    """
    codes = {np.dtype(kind): code for code, kind in TYPES.items()}
    kind = array.dtype if array.dtype.itemsize == 1 else array.dtype.newbyteorder(">")
    if kind not in codes:
        raise InputError(f"IDX holds {sorted(str(k) for k in codes)}, not {array.dtype}")
    header = bytes([0, 0, codes[kind], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(kind).tobytes()


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


def _header(file: IO[bytes], where: str) -> tuple[str, tuple[int, ...]]:
    """Read and return the NumPy type and the shape."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        raise InputError(
            f"{where} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, "
            "where images have 00 00 08 03 and labels 00 00 08 01"
        )
    raw = file.read(4 * magic[3])
    if len(raw) < 4 * magic[3]:
        raise InputError(f"{where} is cut off within its header; fetch it again")
    return TYPES[magic[2]], tuple(np.frombuffer(raw, ">u4").tolist())


def _promise(where: str, kind: str, shape: tuple[int, ...]) -> int:
    size = math.prod(shape) * np.dtype(kind).itemsize
    if size > limits.MAX_IDX_BYTES:
        raise InputError(
            f"{where} promises {'x'.join(map(str, shape))} values, {size:,} bytes; "
            f"at most {limits.MAX_IDX_BYTES:,} are read"
        )
    return size


def _read(file: IO[bytes], size: int) -> bytearray:
    """Read up to `size` bytes, taking memory only for what comes."""
    content = bytearray()
    while len(content) < size and (chunk := file.read(min(_CHUNK, size - len(content)))):
        content += chunk
    return content
