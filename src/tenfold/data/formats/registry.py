"""The registry of data formats: what a format is, and which one reads a path."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.containers import container_of
from tenfold.data.mapping import named_by_file
from tenfold.data.raw_data import RawData, number_labels
from tenfold.data.raw_images import convert_images
from tenfold.data.visible import visible

_MAX_DEPTH = 4  # folders above a dataset, such as data/MNIST/raw
_MAX_LISTED = 5
_HEADER_BYTES = 512  # the magic number that lies deepest is that of tar, at byte 257


@dataclass(frozen=True)
class Location:
    """A file or folder, with the data that formats recognize themselves by.

    Attributes:
        path: the file or folder.
        header: the first 512 bytes of a file, or fewer; empty for a folder.
        files: files in a folder, sorted by path, that can be data (`visible`); empty for a file.
        folders: folders in a folder, likewise.
    """

    path: Path
    header: bytes = b""
    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, path: Path) -> Location:
        """List a folder, or read the start of a file.

        Raises:
            OSError: it cannot be read.
        """
        if not path.is_dir():
            with path.open("rb") as file:
                return cls(path, file.read(_HEADER_BYTES))
        entries = visible(path)
        files = tuple(entry for entry in entries if entry.is_file())
        return cls(path, b"", files, tuple(entry for entry in entries if entry.is_dir()))

    @property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return self.path.is_dir()

    def with_suffix(self, suffixes: Collection[str]) -> list[Path]:
        """Return the files of a folder that have one of the suffixes, which are in lower case."""
        return [path for path in self.files if path.suffix.lower() in suffixes]

    def array_files(self, suffixes: Collection[str]) -> dict[Path, str]:
        """Return the files with arrays, and what the names of the arrays of each begin with.

        That is the stem of a file of a folder, and nothing where the location is the file.
        """
        return {path: f"{path.stem}/" for path in self.with_suffix(suffixes)} or {self.path: ""}


@dataclass(frozen=True)
class Format:
    """A data format: how to recognize it and how to read it.

    Attributes:
        name: for messages and records.
        description: one line for the documentation.
        priority: formats are tried in ascending order; those with a magic number come first.
        recognizes: whether a location is in this format. It looks at paths and first bytes, and
            decodes nothing.
        read: reads a location that `recognizes` accepts; raises InputError if it is damaged.
        suffixes: in lower case. A folder that no format recognizes, and in which exactly one
            file has such a suffix, is read as that file; otherwise, if exactly one folder below
            it is a dataset, as that folder.
        advice: the complete error message for a location that resembles this format and is not
            in it; None for any other.
    """

    name: str
    description: str
    priority: int
    recognizes: Callable[[Location], bool]
    read: Callable[[Location, ReadOptions], RawData]
    suffixes: tuple[str, ...] = ()
    advice: Callable[[Location], str | None] = lambda location: None


@cache
def all_formats() -> tuple[Format, ...]:
    """Return the formats of all modules in this package, in ascending priority.

    Examples:
        >>> [format.name for format in all_formats()][-1]
        'folder of class folders'
    """
    package = __name__.rpartition(".")[0]
    modules = [
        importlib.import_module(f"{package}.{module.name}")
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.name != "registry"
    ]
    return tuple(sorted((m.FORMAT for m in modules), key=lambda format: format.priority))


def read_raw(path: Path, options: ReadOptions | None = None) -> RawData:
    """Read the splits of a file or folder in any format.

    Args:
        path: an existing file or folder.
        options: how to read it; None for the defaults.

    Raises:
        InputError: no format recognizes it, or it is damaged.
    """
    options = options or ReadOptions()
    raw = named_by_file(read_stored(path, options), path)
    return convert_images(number_labels(raw, options.multi_label), options)


def read_stored(path: Path, options: ReadOptions) -> RawData:
    """Read a file or folder, with images and labels as they are stored; see `read_raw`."""
    try:
        return _read(Location.of(path), options)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def is_dataset(location: Location) -> bool:
    """Return whether a format recognizes a file or folder, or one dataset in a folder."""
    formats = all_formats()
    return any(f.recognizes(location) for f in formats) or len(_candidates(location)) == 1


def _read(location: Location, options: ReadOptions) -> RawData:
    if not location.is_folder and not location.header:
        raise InputError(f"{location.path} is empty; supported formats: {_names()}")
    if container := container_of(location.path, location.header):
        raise InputError(f"{location.path} is {container}")
    for format in all_formats():
        if format.recognizes(location):
            raw = format.read(location, options)
            return replace(raw, format=raw.format or format.name)
    candidates = _candidates(location)
    if len(candidates) == 1:
        return _read(candidates[0], options)
    if candidates:
        names = ", ".join(str(c.path.relative_to(location.path)) for c in candidates[:_MAX_LISTED])
        raise InputError(
            f"{location.path} holds {len(candidates)} datasets ({names}); give the path of one"
        )
    raise InputError(_advice(location))


def _candidates(location: Location, depth: int = 0) -> list[Location]:
    """Return the datasets in a folder: its files with known suffixes, else folders below it."""
    suffixes = {suffix for format in all_formats() for suffix in format.suffixes}
    files = location.with_suffix(suffixes)
    if files:
        return [Location.of(path) for path in files]
    found: list[Location] = []
    for folder in location.folders if depth < _MAX_DEPTH else ():
        inner = Location.of(folder)
        is_one = any(format.recognizes(inner) for format in all_formats())
        found += [inner] if is_one else _candidates(inner, depth + 1)
    return found


def _advice(location: Location) -> str:
    """Return the error message for a location that no format recognizes."""
    for format in all_formats():
        if message := format.advice(location):
            return message
    problem = "holds no dataset" if location.is_folder else "is in no supported format"
    return f"{location.path} {problem}; supported formats: {_names()}"


def _names() -> str:
    return ", ".join(format.name for format in all_formats())
