"""One process a training: a lock on the run folder that ends with the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.core.locks import lock_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder of a run while the block trains in it.

    Raises:
        InputError: another process holds it.

    Example:
        >>> import tempfile
        >>> with locked(Path(tempfile.mkdtemp())):
        ...     pass
    """
    training = "another process is training this run; wait for it, or stop it first"
    with lock_folder(folder, f"{folder}: {training}"):
        yield
