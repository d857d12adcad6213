"""IDX, the format of MNIST (LeCun, Cortes, Burges, 1998), gzipped or not.

A file is a magic number (two zeros, a type code, the number of dimensions), the dimensions as
big-endian uint32, and the values. Images and labels are in separate files.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.containers import container_of
from tenfold.data.convert import as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.formats.registry import Format, Location
from tenfold.data.raw_data import RawData, RawSplit, split_of
from tenfold.data.tables.source import SUFFIXES as TABLE_SUFFIXES
from tenfold.data.tables.source import compressed_text, table_suffix

GZIP_MAGIC = b"\x1f\x8b"
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CHUNK_BYTES = 1 << 22
_QMNIST_COLUMNS = 8
_HEADER_BYTES = 60


def read_idx(path: str | Path) -> NDArray[Any]:
    """Return the array in an IDX file, gzipped or not.

    Decompresses no more than the header promises. A large file that is not gzipped is
    memory-mapped.

    Raises:
        InputError: the file is empty, truncated, too long, larger than 1 GiB or not IDX.

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
            return _memory_map(file, str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def parse_idx(file: IO[bytes], name: str) -> NDArray[Any]:
    """Return the array in an open, decompressed IDX file.

    Args:
        file: at its beginning.
        name: for error messages.

    Raises:
        InputError: as `read_idx`.
    """
    try:
        kind, shape = _parse_header(file, name)
        size = math.prod(shape) * np.dtype(kind).itemsize
        if size > limits.MAX_IDX_BYTES:
            raise InputError(
                f"{name} promises {'x'.join(map(str, shape))} values, {size:,} bytes; "
                f"at most {limits.MAX_IDX_BYTES:,} are read"
            )
        content = _read_up_to(file, size)
        is_longer = len(content) == size and bool(file.read(1))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{name} is damaged or truncated ({error}); fetch it again") from error
    _validate_length(name, size, len(content) + is_longer)
    return np.frombuffer(content, kind).reshape(shape)


def open_idx(path: Path) -> tuple[IO[bytes], np.dtype[Any], tuple[int, ...]]:
    """Open an IDX file, gzipped or not, at its first value: the file, the type and the shape.

    Raises:
        InputError: it is not an IDX file.
    """
    file = _open(path)
    try:
        kind, shape = _parse_header(file, str(path))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is damaged or truncated ({error}); fetch it again") from error
    return file, np.dtype(kind), shape


def idx_bytes(array: NDArray[Any]) -> bytes:
    """Return the content of the IDX file of an array.

    Raises:
        InputError: IDX has no such type.

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


def _header_shape(path: Path) -> tuple[int, ...] | None:
    """Return the shape in the header of a file; None if it is not IDX."""
    try:
        with _open(path) as file:
            return _parse_header(file, str(path))[1]
    except (InputError, OSError, EOFError, zlib.error):
        return None


def _memory_map(file: IO[bytes], name: str) -> NDArray[Any]:
    kind, shape = _parse_header(file, name)
    size, start = math.prod(shape) * np.dtype(kind).itemsize, file.tell()
    _validate_length(name, size, file.seek(0, 2) - start)
    return np.memmap(file, kind, "r", start, shape).view(np.ndarray)


def _validate_length(name: str, promised: int, received: int) -> None:
    if received < promised:
        raise InputError(
            f"{name} is truncated: its header promises {promised:,} bytes of data, the file has "
            f"{received:,}; fetch it again"
        )
    if received > promised:
        raise InputError(f"{name} has more data than the {promised:,} bytes its header promises")


def _open(path: Path) -> IO[bytes]:
    """Open a file, and decompress it if it is gzipped, twice if a browser or server has done so."""
    file: Any = path.open("rb")
    for _ in range(2):
        try:
            is_gzipped = file.read(2) == GZIP_MAGIC
        except (OSError, EOFError, zlib.error):
            is_gzipped = False
        file.seek(0)
        if not is_gzipped:
            break
        file = gzip.GzipFile("", "rb", fileobj=file)
    return cast(IO[bytes], file)


def _parse_header(file: IO[bytes], name: str) -> tuple[str, tuple[int, ...]]:
    """Return the NumPy type and the shape, and leave the file at the first value."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
        if container := container_of(Path(name), magic + file.read(_HEADER_BYTES)):
            raise InputError(f"{name} is {container}")
        raise InputError(
            f"{name} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, "
            "but images begin with 00 00 08 03 and labels with 00 00 08 01"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise InputError(f"{name} is truncated within its header; fetch it again")
    return TYPES[magic[2]], tuple(np.frombuffer(sizes, ">u4").tolist())


def _read_up_to(file: IO[bytes], size: int) -> bytearray:
    """Read in chunks, so that a header which promises too much allocates nothing."""
    content = bytearray()
    while len(content) < size and (chunk := file.read(min(_CHUNK_BYTES, size - len(content)))):
        content += chunk
    return content


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        return bool(_idx_files(location))
    if table_suffix(location.path) in TABLE_SUFFIXES:
        return False
    if _is_named_idx(location.path) or location.header.startswith(b"\0\0"):
        return True
    return location.header.startswith(GZIP_MAGIC) and not compressed_text(location.path)


def _read(location: Location, options: ReadOptions) -> RawData:
    if location.is_folder:
        pairs = _pairs(location.path, _idx_files(location))
    else:
        pairs = {"train": (location.path, _labels_of(location.path))}
    return RawData({split: _read_pair(*pair, options.resize) for split, pair in pairs.items()})


def _idx_files(location: Location) -> list[Path]:
    """Return the IDX files of a folder; a gzipped one only if it is not there unpacked as well."""
    files = [p for p in location.files if _is_named_idx(p) or _header_shape(p) is not None]
    if not files:  # each in a folder of its name, as some programs unpack archives
        named = [folder / folder.name for folder in location.folders if _is_named_idx(folder)]
        files = [path for path in named if path.is_file()]
    names = {path.name for path in files}
    return [path for path in files if path.name.removesuffix(".gz") not in names - {path.name}]


def _is_named_idx(path: Path) -> bool:
    return "ubyte" in path.name or bool({"idx", "idx1", "idx2", "idx3"} & set(path.name.split(".")))


def _pairs(folder: Path, files: list[Path]) -> dict[str, tuple[Path, Path]]:
    """Return the files of images and of labels of each split."""
    images = [path for path in files if _holds_images(path)]
    labels = [path for path in files if path not in images]
    pairs: dict[str, tuple[Path, Path]] = {}
    for path in images:
        split = split_of(path.name) or "train"
        if split in pairs:
            raise InputError(
                f"{folder} has several files of {split} images ({pairs[split][0].name}, "
                f"{path.name}); give the path of one of them"
            )
        is_only_pair = len(images) == len(labels) == 1
        pairs[split] = (path, labels[0] if is_only_pair else _labels_of(path))
    if "train" not in pairs:
        if len(pairs) != 1:
            raise InputError(f"{folder} has no IDX file of training images")
        pairs = {"train": next(iter(pairs.values()))}
    return {split: pairs[split] for split in SPLITS if split in pairs}


def _read_pair(images: Path, labels: Path, resize: bool) -> RawSplit:
    pixels = read_idx(images)
    if pixels.ndim < 2:
        raise _labels_instead_of_images(images)
    classes = read_idx(labels)
    if classes.ndim == 2 and _is_qmnist(labels, classes.shape):
        classes = classes[:, 0]
    if classes.ndim != 1:
        raise InputError(
            f"{labels} holds images, not labels ({classes.ndim} dimensions; labels have 1)"
        )
    return RawSplit(
        pixels,
        as_labels(classes, str(labels)),
        f"{images} with {labels.name}",
    )


def _labels_of(images: Path) -> Path:
    """Return the file of labels for a file of images: by its name, or the only one that fits."""
    stem = images.name.removesuffix(".gz")
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    qmnist = name.replace("idx1-ubyte", "idx2-int")
    for candidate in (name, f"{name}.gz", qmnist, f"{qmnist}.gz"):
        places = (images.with_name(candidate), images.parent.with_name(candidate) / candidate)
        if name != stem and (found := next((p for p in places if p.is_file()), None)):
            return found
    shape = _header_shape(images)
    if shape is None or len(shape) < 2:
        read_idx(images)  # raises if it is damaged
        raise _labels_instead_of_images(images)
    siblings = [path for path in sorted(images.parent.iterdir()) if path.is_file()]
    matching = [path for path in siblings if _header_shape(path) == shape[:1]]
    if len(matching) == 1:
        return matching[0]
    raise InputError(
        f"no labels next to {images}: {name if name != stem else 'a file of labels'} is missing"
    )


def _is_qmnist(labels: Path, shape: tuple[int, ...]) -> bool:
    """Return whether a file holds the labels of QMNIST: the class and seven facts on each digit.

    Source: C. Yadav, L. Bottou, Cold Case: The Lost MNIST Digits (NeurIPS 2019).
    """
    return "idx2" in labels.name and len(shape) == 2 and shape[1] == _QMNIST_COLUMNS


def _labels_instead_of_images(path: Path) -> InputError:
    return InputError(
        f"{path} holds labels, not images; give the file of images, with the file of its labels "
        "in the same folder"
    )


def _holds_images(path: Path) -> bool:
    """Return whether an IDX file holds images: by its header, or else by its name."""
    shape = _header_shape(path)
    is_named_images = "images" in path.name or "idx3" in path.name
    is_named_labels = "labels" in path.name or "idx1" in path.name
    if shape is None:
        return is_named_images
    holds_images = len(shape) > 1 and not _is_qmnist(path, shape)
    if is_named_labels if holds_images else is_named_images:
        content, name = ("images", "labels") if holds_images else ("labels", "images")
        raise InputError(f"{path} holds {content}, but its name says {name}; rename it")
    return holds_images


FORMAT = Format(
    name="IDX",
    description="a pair of files, images and labels, as MNIST comes, gzipped or not; or a folder "
    "of such pairs, train and t10k",
    priority=10,
    recognizes=_recognizes,
    read=_read,
)
