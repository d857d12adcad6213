"""Downloads: several mirrors, resumed after a broken connection, verified by SHA-256."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tenfold.core.errors import InputError
from tenfold.core.files import move, remove, write_error

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from http.client import HTTPResponse

CHUNK = 1 << 18
"""Bytes read from a connection at once."""

SIZE_LIMIT = 1 << 30
"""Bytes that a download may have, unless the caller sets another limit."""

ATTEMPTS = 16
"""Connections to one mirror, each of which must add bytes."""

TIMEOUT = 30.0
"""Seconds without data after which a connection counts as broken."""

Progress = Callable[[int, "int | None"], None]
"""Takes the bytes received so far and the total, None if the server does not send it."""


def download(
    urls: Sequence[str],
    target: str | Path,
    sha256: str,
    *,
    size_limit: int = SIZE_LIMIT,
) -> Path:
    """Download a file from the first mirror that delivers it completely, and return ``target``.

    The bytes are written to ``target`` with ``.part`` appended, which is renamed once its
    SHA-256 matches. A broken download is resumed at its last byte, by this call or the next
    one, from the same mirror or another. A terminal on stderr shows a progress bar.

    Args:
        urls: the mirrors in order of preference; http or https.
        target: path of the file. An existing file is not downloaded again.
        sha256: the expected checksum, 64 hexadecimal digits.
        size_limit: the maximum size in bytes.

    Raises:
        InputError: no mirror delivered the file (the message has the reason of each), or it
            cannot be written.
    """
    target = Path(target)
    failures = []
    if target.exists():
        return target
    with _part_file(target) as part, _progress_bar(target.name) as progress:
        for url in urls:
            try:
                _fetch(url, part, sha256, size_limit, progress)
            except _MirrorError as error:
                failures.append(f"{url}: {error}")
                continue
            _finish(part, target)
            return target
    raise DownloadError(target.name, failures)


def _finish(part: IO[bytes], target: Path) -> None:
    """Rename the complete file; while it is open, so that its lock still holds."""
    if fcntl is None:  # Windows cannot rename an open file
        part.close()
    move(Path(part.name), target)


class DownloadError(InputError):
    """No mirror delivered a file.

    Attributes:
        reason: of the last failure, in a few words.
    """

    def __init__(self, name: str, failures: Sequence[str]) -> None:
        self.reason = failures[-1].rpartition(": ")[2] if failures else "no mirror is known"
        super().__init__(
            f"cannot download {name}: {'; '.join(failures) or self.reason}. "
            "Check the network and run the command again: the download resumes where it stopped"
        )


class _MirrorError(Exception):
    """One mirror did not deliver the file; the next may."""


class _BrokenConnection(_MirrorError):
    """The connection broke; the bytes received so far are valid."""


def _fetch(url: str, part: IO[bytes], expected: str, limit: int, progress: Progress) -> None:
    """Complete ``part`` from one mirror, in several connections if necessary."""
    resumed = part.seek(0, os.SEEK_END) > 0
    if resumed and _digest(part) == expected:
        return
    for attempt in range(ATTEMPTS):
        before = part.seek(0, os.SEEK_END)
        try:
            _fetch_once(url, part, limit, progress)
        except _BrokenConnection:
            if attempt + 1 == ATTEMPTS or part.tell() <= before:
                raise
            continue
        if _digest(part) == expected:
            return
        _empty(part)
        # The bytes of an earlier call may have been damaged, so a resumed file is retried once.
        if not resumed:
            break
        resumed = False
    raise _MirrorError("the SHA-256 differs from the published one")


def _fetch_once(url: str, part: IO[bytes], limit: int, progress: Progress) -> None:
    """Append the bytes of one connection to ``part``."""
    import http.client

    start = part.seek(0, os.SEEK_END)
    with _open(url, start) as response:
        if response.status == 206 and not _continues(response, start):
            raise _MirrorError("the server resumed at a different byte than requested")
        if response.status != 206 and start:
            start = 0
            _empty(part)
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if total is not None and total > limit:
            raise _MirrorError(f"{total:,} bytes are more than the {limit:,} allowed")
        progress(start, total)
        try:
            while chunk := response.read(CHUNK):
                if part.tell() + len(chunk) > limit:
                    _empty(part)
                    raise _MirrorError(f"more than the {limit:,} bytes allowed")
                _append(part, chunk)
                progress(part.tell(), total)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, http.client.IncompleteRead):
                _append(part, error.partial)
            reason = _reason(error)
            raise _BrokenConnection(f"broken after {part.tell():,} bytes ({reason})") from error
    if total is not None and part.tell() < total:
        raise _BrokenConnection(f"broken after {part.tell():,} of {total:,} bytes")


def _open(url: str, start: int) -> HTTPResponse:
    """Open a connection that delivers from byte ``start`` on, if the server supports it."""
    import http.client
    import urllib.error
    import urllib.request

    if not url.startswith(("https://", "http://")):
        raise _MirrorError("not an http or https address")
    headers = {"User-Agent": "tenfold", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:
            return _open(url, 0)
        raise _MirrorError(f"HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _MirrorError(_reason(error)) from error
    return response


def _continues(response: HTTPResponse, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _reason(error: BaseException) -> str:
    """Describe a connection error in a few words."""
    inner = getattr(error, "reason", error)
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(text).split())


def _digest(part: IO[bytes]) -> str:
    part.seek(0)
    return hashlib.file_digest(part, "sha256").hexdigest()  # type: ignore[arg-type]


def _append(part: IO[bytes], chunk: bytes) -> None:
    try:
        part.write(chunk)
    except OSError as error:
        raise write_error(Path(part.name), error) from error


def _empty(part: IO[bytes]) -> None:
    part.seek(0)
    part.truncate()


@contextmanager
def _part_file(target: Path) -> Iterator[IO[bytes]]:
    """Open the partial file of ``target``; a private one if another process is writing to it."""
    shared = target.with_name(f"{target.name}.part")
    private = target.with_name(f"{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = shared.open("a+b", buffering=0)
        if not _lock(file, shared):
            file.close()
            file = private.open("x+b", buffering=0)
    except OSError as error:
        raise write_error(target, error) from error
    try:
        yield file
    finally:
        empty = not file.closed and not os.fstat(file.fileno()).st_size
        file.close()
        remove(private)
        if empty:
            remove(shared)


def _lock(file: IO[bytes], path: Path) -> bool:
    """Lock an open file; False if another process holds it, or has renamed it meanwhile."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # the file system has no locks
        return True


@contextmanager
def _progress_bar(name: str) -> Iterator[Progress]:
    """Show a progress bar on stderr during the block, if stderr is a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
