"""Output folders: default names with the date and time, and creation."""

from __future__ import annotations

import datetime
from pathlib import Path

from tenfold.core.errors import InputError


def dated_folder(parent: str, name: str) -> Path:
    """Return the path of a new folder, named after the current second and its purpose.

    Example:
        >>> dated_folder("runs", "quick").name.endswith("-quick")
        True
    """
    stem = f"{_timestamp()}-{name}"
    folder, count = Path(parent) / stem, 2
    while folder.exists():
        folder, count = Path(parent) / f"{stem}-{count}", count + 1
    return folder


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, unless it exists.

    Raises:
        InputError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be created ({error.strerror}); give another --out"
        ) from None


def _timestamp() -> str:
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
