"""Folders of what is made: by the second where no name is given, and made or refused."""

from __future__ import annotations

import datetime
from pathlib import Path

from tenfold.core.errors import InputError


def dated_folder(parent: str, name: str) -> Path:
    """A folder that is not there yet, named after the second and what it is for.

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
    """Make a folder with its parents, where it is not there yet.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); give another --out"
        ) from None


def _timestamp() -> str:
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
