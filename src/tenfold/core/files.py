"""Checksums, and atomic writes: a file appears once it is complete, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tenfold.core.cache import find_cache_folder
from tenfold.core.errors import InputError

_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}

_TEXT = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
"""Names of files may hold bytes that are not UTF-8, which Python decodes to lone surrogates."""


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a temporary file that replaces ``path`` at the end of the block.

    The temporary file is hidden and in the same folder. If the block raises, ``path`` is
    unchanged and the temporary file is removed. Missing folders are created.

    Args:
        path: the file to write.
        mode: ``wb``, or ``w`` for UTF-8 text with newlines unchanged.

    Raises:
        InputError: the file cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_write(folder / "notes.txt", "w") as file:
        ...     _ = file.write("complete")
        >>> (folder / "notes.txt").read_text()
        'complete'
    """
    if mode not in ("wb", "w"):
        raise ValueError(f'mode must be "wb" or "w", not {mode!r}')
    target = _file_target(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    text: dict[str, str] = _TEXT if mode == "w" else {}
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file: IO[Any] = temporary.open(mode.replace("w", "x"), **text)  # type: ignore[call-overload]
        except OSError as error:
            raise write_error(target, error) from error
        with file:
            yield file
        move(temporary, target)
    except OSError as error:
        if error.errno in _WRITE_ERRORS or error.errno is None:  # NumPy raises without a number
            raise write_error(target, error) from error
        raise
    finally:
        remove(temporary)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path for a library to write to; it replaces ``path`` after the block.

    The temporary file is hidden, in the same folder and of the same suffix. If the block
    raises, ``path`` is unchanged and the temporary file is removed. Missing folders are created.

    Raises:
        InputError: the file cannot be written, or the disk is full.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / "notes.txt") as path:
        ...     _ = path.write_text("complete")
        >>> [path.name for path in folder.iterdir()]
        ['notes.txt']
    """
    target = _file_target(path)
    temporary = target.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        move(temporary, target)
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        remove(temporary)


def require_suffix(path: str | Path, *allowed: str) -> Path:
    """Return the path of a file to write, if its name says what the file will be.

    Another file, such as a model, is not overwritten by a kind of file that it is not.

    Args:
        path: as given by the user.
        allowed: suffixes in lower case, as ``.html``.

    Raises:
        InputError: the name ends otherwise.

    Example:
        >>> require_suffix("digits.onnx", ".onnx").name
        'digits.onnx'
    """
    target = _file_target(path)
    if target.suffix.lower() not in allowed:
        names = " or ".join(allowed)
        raise InputError(f"cannot write {path}; give a name that ends in {names}")
    return target


def _file_target(path: str | Path) -> Path:
    target = Path(path)
    require_no_url(target)
    if not target.name or target.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; give the name of a file")
    return target


def require_no_url(path: Path) -> None:
    """Refuse the path of a URL such as ``s3://bucket/run``, which would name a folder here.

    Raises:
        InputError: it is one.
    """
    scheme, _, rest = path.as_posix().partition(":/")
    if len(scheme) > 1 and rest and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+", scheme):
        raise InputError(
            f"{scheme}://{rest.lstrip('/')}: only score, study and read --parquet write to URLs, "
            "given as text; give a path, such as a folder where the storage is mounted"
        )


def write_error(path: Path, error: OSError) -> InputError:
    """Return the error for a file that cannot be written, with its reason and advice."""
    cache = find_cache_folder()
    cached = cache is not None and path.absolute().is_relative_to(cache)
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "space" in reason:
        advice = "free some space"
        advice += f", or set TENFOLD_CACHE to a folder elsewhere (now {cache})" if cached else ""
    elif cached:
        advice = f"set TENFOLD_CACHE to a folder that can be written (now {cache})"
    else:
        advice = "choose a folder that can be written"
    return InputError(f"cannot write {path}: {reason}; {advice}")


def move(path: Path, target: Path) -> None:
    """Rename a file, replacing ``target`` atomically.

    Raises:
        InputError: the target cannot be written.
    """
    try:
        path.replace(target)
    except OSError as error:
        raise write_error(target, error) from error


def remove(path: Path) -> None:
    """Remove a file if it exists and can be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def sha256(source: str | Path | bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of a file, given by its path, or of bytes: 64 hexadecimal digits.

    Example:
        >>> sha256(b"tenfold")[:16]
        '8972e3be1d252a95'
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return hashlib.sha256(source).hexdigest()
    with Path(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
