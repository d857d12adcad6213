"""Locks on folders that end with the process that holds them.

On POSIX the lock is on the folder itself, by ``flock``. ``filelock``, used on Windows, needs a
lock file, which would stay in folders that must be empty or unchanged after a refusal, and its
``release`` also unlocks a child process that inherited the lock, as a retraining does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.core.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def lock_folder(folder: Path, refusal: str) -> Iterator[int | None]:
    """Lock a folder during the block, without waiting; no effect if its file system has no locks.

    The lock ends with the process, however that ends. On POSIX a child process that inherits the
    file descriptor keeps it.

    Args:
        folder: an existing folder.
        refusal: the error message if another process holds the lock.

    Yields:
        The file descriptor of the lock; None on Windows.

    Raises:
        InputError: another process holds the lock.

    Example:
        >>> import tempfile
        >>> with lock_folder(Path(tempfile.mkdtemp()), "in use"):
        ...     pass
    """
    if fcntl is None:
        with _lock_file(folder, refusal):
            yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(refusal) from None
        except OSError:  # the file system has no locks
            pass
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _lock_file(folder: Path, refusal: str) -> Iterator[None]:
    import filelock

    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(refusal) from None
    try:
        yield
    finally:
        lock.release()
