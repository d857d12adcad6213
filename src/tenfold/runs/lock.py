"""One process a training: a lock on the run folder that ends with the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder of a run while the block trains in it.

    The lock is on the folder itself, so nothing is written, and a killed process leaves none
    behind. Where the file system knows no locks, there is none.

    Raises:
        InputError: another process holds it.

    Example:
        >>> import tempfile
        >>> with locked(Path(tempfile.mkdtemp())):
        ...     pass
    """
    if fcntl is None:
        yield
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{folder}: another process is training this run; wait for it, or stop it first"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(place)
