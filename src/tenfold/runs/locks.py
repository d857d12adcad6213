"""An exclusive lock on a run folder, released when the process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.core.locks import lock_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a run folder during the block, so that one process at a time trains the run.

    Raises:
        InputError: another process has the lock.

    Example:
        >>> import tempfile
        >>> with locked(Path(tempfile.mkdtemp())):
        ...     pass
    """
    message = f"{folder}: another process is training this run; wait for it, or stop it first"
    with lock_folder(folder, message):
        yield
