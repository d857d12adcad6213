"""Locks on folders that end with the process that holds them."""

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
def held(folder: Path, otherwise: str) -> Iterator[int | None]:
    """Hold a folder while the block runs; yields the open file that the lock is on.

    The lock is on the folder itself, so nothing is written, and a killed process leaves none
    behind. A process that inherits the open file holds the lock on. Where the file system knows
    no locks, there is none.

    Args:
        folder: exists.
        otherwise: what to say where another process holds it.

    Raises:
        InputError: another process holds it.

    Example:
        >>> import tempfile
        >>> with held(Path(tempfile.mkdtemp()), "in use"):
        ...     pass
    """
    if fcntl is None:
        yield None
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(otherwise) from None
        except OSError:  # a file system without locks
            pass
        yield place
    finally:
        os.close(place)
