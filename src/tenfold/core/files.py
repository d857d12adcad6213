"""Files: the cache folder, writing without halves, checksums, downloads."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tenfold.core.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from http.client import HTTPResponse

CHUNK = 1 << 18
DOWNLOAD_LIMIT = 1 << 30
ATTEMPTS = 16
_WRITE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def cache_folder() -> Path:
    """Return the folder where tenfold keeps what it can make or fetch again.

    The environment variable `TENFOLD_CACHE` names it; without one it is the platform's
    own place for caches. The folder need not exist.

    Examples:
        >>> from tenfold.core.files import cache_folder
        >>> cache_folder().is_absolute()
        True
    """
    chosen = os.environ.get("TENFOLD_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("tenfold", appauthor=False))


@contextmanager
def atomic_write(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file that takes its place only once it is whole.

    What is written goes to a hidden file beside `path`, which is moved into place at the end.
    When the block raises, `path` stays as it was and nothing is left behind.
    Missing folders are made. `mode` is "wb" or "w" (UTF-8, newlines kept).

    Raises:
        InputError: the place cannot be written, or no space is left.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_write(folder / "notes.txt", "w") as file:
        ...     _ = file.write("whole")
        >>> (folder / "notes.txt").read_text()
        'whole'
    """
    if mode not in ("wb", "w"):
        raise ValueError(f'mode must be "wb" or "w", not {mode!r}')
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    text: dict[str, str] = {"encoding": "utf-8", "newline": ""} if mode == "w" else {}
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file: IO[Any] = beside.open(mode.replace("w", "x"), **text)  # type: ignore[call-overload]
        except OSError as error:
            raise _cannot_write(target, error) from error
        with file:
            yield file
        _move(beside, target)
    except OSError as error:
        if error.errno in _WRITE_ERRORS or error.errno is None:  # NumPy's have no number
            raise _cannot_write(target, error) from error
        raise
    finally:
        _remove(beside)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`, of the same suffix, for others to write a file to.

    It takes its place only once the block is done. When the block raises, `path` stays as it
    was and nothing is left behind. Missing folders are made.

    Raises:
        InputError: the place cannot be written, or no space is left.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / "notes.txt") as path:
        ...     _ = path.write_text("whole")
        >>> [path.name for path in folder.iterdir()]
        ['notes.txt']
    """
    target = Path(path)
    beside = target.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        _move(beside, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        _remove(beside)


def sha256(source: str | Path | bytes | bytearray | memoryview) -> str:
    """Return the SHA-256 of a file, or of bytes, as 64 hexadecimal digits.

    Examples:
        >>> sha256(b"tenfold")[:16]
        '8972e3be1d252a95'
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return hashlib.sha256(source).hexdigest()
    with Path(source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    urls: Sequence[str],
    target: str | Path,
    sha256: str,
    *,
    size_limit: int = DOWNLOAD_LIMIT,
    timeout: float = 30.0,
) -> Path:
    """Fetch a file from the first mirror that delivers it whole, and return `target`.

    The bytes go to `target` with `.part` appended and move into place once their SHA-256 is
    the expected one. A cut connection is resumed where it broke off, in this call and in the
    next one, from the same mirror or another. A progress bar shows where stderr is a terminal.

    Args:
        urls: the mirrors, in the order to try them; http or https.
        target: where the file belongs. One that is there already is not fetched again.
        sha256: the expected checksum, 64 hexadecimal digits.
        size_limit: the most bytes to accept.
        timeout: seconds without a byte after which a connection counts as cut.

    Raises:
        InputError: no mirror delivered the file, with the reason of each; or no place to write.
    """
    target = Path(target)
    failures = []
    if target.exists():
        return target
    with _part_file(target) as part, _progress(target.name) as progress:
        for url in urls:
            try:
                _fetch(url, part, sha256, size_limit, timeout, progress)
            except _MirrorError as error:
                failures.append(f"{url}: {error}")
                continue
            _into_place(part, target)
            return target
    raise InputError(
        f"cannot download {target.name}: {'; '.join(failures) or 'no mirror is known'}. "
        "Check the network and run the command again: it goes on where it broke off"
    )


def _into_place(part: IO[bytes], target: Path) -> None:
    """Move a complete file to `target`; while it is open, where the lock on it matters."""
    if fcntl is None:
        part.close()
    _move(Path(part.name), target)


class _MirrorError(Exception):
    """One mirror did not deliver; the next may."""


class _Cut(_MirrorError):
    """The connection broke off; what came so far is good."""


def _fetch(
    url: str, part: IO[bytes], expected: str, limit: int, timeout: float, progress: _Progress
) -> None:
    """Complete `part` from one mirror, over several connections if need be."""
    resumed = part.seek(0, os.SEEK_END) > 0
    if resumed and _digest(part) == expected:
        return
    for attempt in range(ATTEMPTS):
        before = part.seek(0, os.SEEK_END)
        try:
            _fetch_once(url, part, limit, timeout, progress)
        except _Cut:
            if attempt + 1 == ATTEMPTS or part.tell() <= before:
                raise
            continue
        if _digest(part) == expected:
            return
        _empty(part)
        # What an earlier call left may have been damaged, so a resumed file gets one fresh start.
        if not resumed:
            raise _MirrorError("another SHA-256 than the published one")
        resumed = False
    raise _MirrorError("another SHA-256 than the published one")


def _fetch_once(url: str, part: IO[bytes], limit: int, timeout: float, progress: _Progress) -> None:
    """Append to `part` what one connection delivers."""
    import http.client

    start = part.seek(0, os.SEEK_END)
    with _open(url, start, timeout) as response:
        if response.status == 206 and not _continues(response, start):
            raise _MirrorError("the server resumed at another place than asked")
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
            raise _Cut(f"cut after {part.tell():,} bytes ({_reason(error)})") from error
    if total is not None and part.tell() < total:
        raise _Cut(f"cut after {part.tell():,} of {total:,} bytes")


def _open(url: str, start: int, timeout: float) -> HTTPResponse:
    """Open a connection that delivers from byte `start` on, where the server can."""
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
        response: HTTPResponse = urllib.request.urlopen(request, timeout=timeout)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and start:
            return _open(url, 0, timeout)
        raise _MirrorError(f"HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _MirrorError(_reason(error)) from error
    return response


def _continues(response: HTTPResponse, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _reason(error: BaseException) -> str:
    """Say in a few words what went wrong with a connection."""
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
        raise _cannot_write(Path(part.name), error) from error


def _empty(part: IO[bytes]) -> None:
    part.seek(0)
    part.truncate()


@contextmanager
def _part_file(target: Path) -> Iterator[IO[bytes]]:
    """Open the partial file of `target`, or one of our own where another process has that."""
    shared = target.with_name(f"{target.name}.part")
    own = target.with_name(f"{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = shared.open("a+b", buffering=0)
        if not _alone(file, shared):
            file.close()
            file = own.open("x+b", buffering=0)
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield file
    finally:
        empty = not file.closed and not os.fstat(file.fileno()).st_size
        file.close()
        _remove(own)
        if empty:
            _remove(shared)


def _alone(file: IO[bytes], path: Path) -> bool:
    """Return whether this process alone writes `file`, and it still is what `path` names."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # a file system without locks
        return True


class _Progress:
    """How far a download is, as a call with the bytes so far and the bytes in all."""

    def __call__(self, done: int, total: int | None) -> None:
        """Show it."""


class _Bar(_Progress):
    """The same, as a bar on a terminal."""

    def __init__(self, bar: Any, task: Any) -> None:
        self.bar, self.task = bar, task

    def __call__(self, done: int, total: int | None) -> None:
        """Show it."""
        self.bar.update(self.task, completed=done, total=total)


@contextmanager
def _progress(name: str) -> Iterator[_Progress]:
    """Show a bar on stderr while the block runs, if that is a terminal."""
    import sys

    if not sys.stderr.isatty():
        yield _Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, bar.add_task(name, total=None))


def _cannot_write(path: Path, error: OSError) -> InputError:
    """Say in one line why `path` cannot be written, and what to do."""
    cache = cache_folder()
    inside = path.absolute().is_relative_to(cache)
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "space" in reason:
        advice = "free some space"
        advice += f", or set TENFOLD_CACHE to a folder elsewhere (now {cache})" if inside else ""
    elif inside:
        advice = f"set TENFOLD_CACHE to a folder that can be written (now {cache})"
    else:
        advice = "choose a folder that can be written"
    return InputError(f"cannot write {path}: {reason}; {advice}")


def _move(path: Path, target: Path) -> None:
    try:
        path.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
