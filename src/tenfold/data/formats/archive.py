"""ZIP and TAR archives of any other format, read through a temporary folder."""

from __future__ import annotations

import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.formats.registry import Format, Location, read_stored
from tenfold.data.raw_data import RawData, split_of
from tenfold.data.tables.source import COMPRESSED
from tenfold.data.visible import is_visible

_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz")
_FOREIGN = {b"7z\xbc\xaf": "7z", b"Rar!": "RAR"}
_CHUNK_BYTES = 1 << 20


def _recognizes(location: Location) -> bool:
    if location.is_folder:
        parts = {split_of(path.name) for path in location.with_suffix(_SUFFIXES)}
        return len(location.with_suffix(_SUFFIXES)) > 1 and None not in parts and "train" in parts
    return _is_zip(location) or _is_tar(location)


def _is_zip(location: Location) -> bool:
    """Return whether it is a ZIP archive of anything but arrays, which would be NPZ."""
    if not location.header.startswith(b"PK") or location.path.suffix.lower() == ".npz":
        return False
    try:
        with zipfile.ZipFile(location.path) as archive:
            return not all(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return location.path.suffix.lower() == ".zip"


def _is_tar(location: Location) -> bool:
    if location.header[257:262] == b"ustar":
        return True
    if not location.header.startswith(COMPRESSED):
        return False
    try:
        return tarfile.is_tarfile(location.path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return location.path.name.lower().endswith((".tgz", ".tar.gz"))


def _read(location: Location, options: ReadOptions) -> RawData:
    with unpacked(location) as folder:
        return _read_unpacked(folder, location.path, options)


@contextmanager
def unpacked(location: Location) -> Iterator[Path]:
    """Unpack an archive, or those in a folder, into a temporary folder.

    Raises:
        InputError: one is damaged, or too large.
    """
    with tempfile.TemporaryDirectory(prefix="tenfold-") as name:
        folder = Path(name) / location.path.name.split(".")[0]
        # One a split, or several of equal names but for numbers.
        for path in location.with_suffix(_SUFFIXES):
            part = re.sub(r"[-_.]?\d*$", "", path.name.split(".")[0])
            _unpack_archive(Location.of(path), folder / part)
        if not location.is_folder:
            _unpack_archive(location, folder)
        yield folder


def _unpack_archive(location: Location, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _opened(location) as archive:
            _unpack(_members(archive), folder, location.path)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise InputError(f"{location.path} is damaged ({error}); fetch it again") from error
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(f"{location.path} cannot be unpacked ({error}); unpack it") from error


def _opened(location: Location) -> Any:
    is_zip = _is_zip(location)
    return zipfile.ZipFile(location.path) if is_zip else tarfile.open(location.path)


def _members(archive: Any) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the names and open contents of the regular files."""
    if isinstance(archive, zipfile.ZipFile):
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as file:
                    yield info.filename, file
    else:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content


def _unpack(members: Iterator[tuple[str, IO[bytes]]], folder: Path, path: Path) -> None:
    """Write files below a folder, whatever their names say, up to the limit of bytes."""
    left = limits.MAX_ARRAY_BYTES
    for name, content in members:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if any(part in ("..", "/") or not is_visible(part) for part in parts):
            continue
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while chunk := content.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise InputError(
                        f"{path} unpacks to more than {limits.MAX_ARRAY_BYTES:,} bytes; unpack it "
                        "and give the folder"
                    )
                file.write(chunk)


def _read_unpacked(folder: Path, path: Path, options: ReadOptions) -> RawData:
    """Read the folder; what is read names the archive in place of the folder."""

    def renamed(text: str) -> str:
        return text.replace(str(folder), str(path))

    try:
        raw = read_stored(folder, options)
    except InputError as error:
        raise InputError(renamed(str(error))) from None
    splits = {
        name: replace(split, images=np.array(split.images), origin=renamed(split.origin))
        for name, split in raw.splits.items()
    }
    unreadable = tuple(replace(file, path=renamed(file.path)) for file in raw.unreadable)
    return replace(
        raw,
        splits=splits,
        unreadable=unreadable,
        notes=tuple(map(renamed, raw.notes)),
        format=f"{raw.format} in an archive",
    )


def _advice(location: Location) -> str | None:
    for magic, name in _FOREIGN.items():
        if location.header.startswith(magic):
            return f"{location.path} is a {name} archive; unpack it and give the folder"
    return None


FORMAT = Format(
    name="ZIP or TAR",
    description="an archive of any of the other formats, also compressed by gzip, bzip2 or xz; or "
    "a folder of one a split",
    priority=4,
    recognizes=_recognizes,
    read=_read,
    suffixes=_SUFFIXES,
    advice=_advice,
)
