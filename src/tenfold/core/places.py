"""Places: paths of this machine, and URLs of storage elsewhere, such as ``s3://bucket/digits``.

Storage elsewhere is reached by fsspec through ``upath``, whose paths have the methods of
`pathlib.Path`. Such a path is typed as `Path` here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tenfold.core.errors import InputError, one_line
from tenfold.core.files import atomic_path
from tenfold.core.patience import LASTING
from tenfold.core.scratch import make_scratch

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_COPIES: dict[tuple[str | int, ...], Path] = {}
"""Copies of files from elsewhere, by URL and stamp; the last two are kept."""

_MAGIC = re.compile(r"[*?\[]")
_VERSIONS = ("ETag", "generation", "etag", "mtime", "LastModified", "last_modified", "created")
"""What identifies the content of a file, as storage names it, the best first.

The rest of what is known of a file differs between a listing and a question about it.
"""


def is_url(place: str | Path) -> bool:
    """Whether a place is given by a URL.

    Example:
        >>> is_url("s3://bucket/digits"), is_url("digits/a.png")
        (True, False)
    """
    return bool(_URL.match(str(place)))


def place(text: str | Path) -> Path:
    """Return a path for a path or a URL; ``file://`` names files of this machine.

    Raises:
        InputError: the package that a URL needs is not installed, or it cannot be used.

    Example:
        >>> place("file:///data/a%20b.parquet")
        PosixPath('/data/a b.parquet')
    """
    if not is_url(text):
        return Path(text)
    url = str(text)
    if url.lower().startswith("file://"):
        return Path(unquote(urlsplit(url.replace("?", "%3F").replace("#", "%23")).path))
    try:
        from upath import UPath

        found: Any = UPath(url)
        found.fs.invalidate_cache()  # other processes write, too
    except ImportError as error:
        raise InputError(
            f"{url}: needs a package that is not installed ({one_line(error, 120)}); "
            "pip install 'tenfold[storage]', and s3fs for s3:// or gcsfs for gs://"
        ) from None
    except Exception as error:  # of any of fsspec's file systems
        raise InputError(f"{url}: cannot be used ({one_line(error, 160)})") from None
    return found  # type: ignore[no-any-return]


def is_remote(path: Path) -> bool:
    """Whether a path of `place` lies on storage elsewhere."""
    return not isinstance(path, Path)


def absolute(path: Path) -> str:
    """Return a path as text, from which `place` gives the same path in another process."""
    return str(path) if is_remote(path) else str(path.absolute())


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a path of this machine to write to; ``path`` is there when it is complete.

    Raises:
        InputError: the file cannot be written, or the disk is full.
    """
    if not is_remote(path):
        with atomic_path(path) as temporary:
            yield temporary
        return
    with tempfile.TemporaryDirectory(prefix="tenfold-") as folder:
        temporary = Path(folder, path.name)
        yield temporary
        remote: Any = path
        remote.fs.pipe_file(remote.path, temporary.read_bytes())


def local(path: Path) -> Path:
    """Return a path of this machine with the same content, as it is now.

    Raises:
        InputError: there is no such file elsewhere.
    """
    if not is_remote(path):
        return path
    source: Any = path
    try:
        key: tuple[str | int, ...] = (str(path), *stamp(path))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    if key not in _COPIES:
        _remove_copies(keep=1)
        target = make_scratch() / source.name
        source.fs.get_file(source.path, str(target))
        _COPIES[key] = target
    return _COPIES[key]


def _remove_copies(keep: int = 0) -> None:
    while len(_COPIES) > keep:
        shutil.rmtree(_COPIES.pop(next(iter(_COPIES))).parent, ignore_errors=True)


def stamp(path: Path) -> list[int]:
    """Return numbers that change when a file changes: of its size and time or checksum."""
    if is_remote(path):
        remote: Any = path
        about = remote.fs.info(remote.path)
        key = version_of(about) or str(remote.fs.ukey(remote.path))
        return [about["size"], int(hashlib.sha256(key.encode()).hexdigest()[:12], 16)]
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def version_of(about: Mapping[str, Any]) -> str:
    """Return what identifies the content of a file elsewhere, as storage describes it; or ""."""
    return next((str(about[name]) for name in _VERSIONS if about.get(name)), "")


def exists(path: Path) -> bool:
    """Whether a file or folder exists; storage that does not answer is an error, not a no.

    Raises:
        OSError: the storage fails.
    """
    if not is_remote(path):
        return path.exists()
    remote: Any = path
    try:
        remote.fs.info(remote.path)
    except FileNotFoundError:
        return False
    return True


def names_in(folder: Path, hidden: str = ".") -> Iterator[str]:
    """Yield the files in a folder and its subfolders, relative to it, in a fixed order.

    Args:
        folder: exists.
        hidden: files and folders whose names begin with one of these characters are left out.
    """
    if is_remote(folder):
        remote: Any = folder
        for path in remote.fs.find(remote.path):
            name = path.removeprefix(remote.path).lstrip("/")
            if not any(part[0] in hidden for part in name.split("/")):
                yield name
        return
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] not in hidden)
        for name in sorted(name for name in names if name[0] not in hidden):
            yield str(Path(path, name).relative_to(folder))


def read_all(paths: Sequence[Path]) -> list[bytes | Exception]:
    """Return the contents of files, or why they cannot be read; at once where that is faster."""
    if paths and is_remote(paths[0]):
        first: Any = paths[0]
        names = [path.path for path in paths]  # type: ignore[attr-defined]
        contents = first.fs.cat(names, on_error="return")
        return [contents[name] for name in names]
    return [_content(path) for path in paths]


def _content(path: Path) -> bytes | Exception:
    try:
        return path.read_bytes()
    except OSError as error:
        return error


@contextmanager
def explained(*used: Path) -> Iterator[None]:
    """Report errors of storage elsewhere in one line.

    Raises:
        InputError: the block fails, and one of the places is elsewhere.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # of any of fsspec's file systems
        urls = [str(path) for path in used if is_remote(path)]
        if not urls:
            raise
        names, reason = ", ".join(urls)[:120], one_line(error, 100)
        if isinstance(error, LASTING):
            raise InputError(
                f"{names}: cannot be used ({reason}); see the name of the bucket and your rights"
            ) from error
        raise InputError(
            f"{names}: the storage fails ({reason}); when it works, the same command goes on"
        ) from error


def pattern_of(path: Path) -> tuple[Path, str]:
    """Divide a path at its first part with ``*``, ``?`` or ``[``, unless it exists as it is.

    Example:
        >>> pattern_of(Path("digits/part-*.parquet"))
        (PosixPath('digits'), 'part-*.parquet')
        >>> pattern_of(Path("digits"))[1]
        ''
    """
    parts = path.parts
    first = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), None)
    if first is None or path.exists():
        return path, ""
    folder = path
    for _ in parts[first:]:
        folder = folder.parent
    return folder, "/".join(parts[first:])
