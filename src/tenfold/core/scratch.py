"""Folders for temporary copies, which are removed when the process ends."""

from __future__ import annotations

import atexit
import shutil
from pathlib import Path

_FOLDERS: list[Path] = []


def make_scratch() -> Path:
    """Return a new folder for temporary files of this process.

    Example:
        >>> folder = make_scratch()
        >>> remove_scratch()
        >>> folder.exists()
        False
    """
    import tempfile

    _FOLDERS.append(Path(tempfile.mkdtemp(prefix="tenfold-")))
    return _FOLDERS[-1]


def remove_scratch() -> None:
    """Remove all these folders; called at exit, but not by ``os._exit``."""
    while _FOLDERS:
        shutil.rmtree(_FOLDERS.pop(), ignore_errors=True)


atexit.register(remove_scratch)
