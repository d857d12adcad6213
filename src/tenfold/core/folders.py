"""Output folders: default names with the date and time, and creation."""

from __future__ import annotations

import datetime
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.files import require_no_url


def make_dated_folder(parent: str, name: str) -> Path:
    """Create a folder named after the current second and its purpose.

    Processes that do so in the same second get different folders.

    Raises:
        InputError: it cannot be created.
    """
    make_folder(Path(parent))
    stem = f"{_timestamp()}-{name}"
    folder, count = Path(parent) / stem, 2
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            folder, count = Path(parent) / f"{stem}-{count}", count + 1
        except OSError as error:
            raise _cannot_create(folder, error) from None
        else:
            return folder


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, unless it exists.

    Raises:
        InputError: it cannot be created, or is a URL.
    """
    require_no_url(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_create(folder, error) from None


def _cannot_create(folder: Path, error: OSError) -> InputError:
    return InputError(f"{folder}: cannot be created ({error.strerror}); give another --out")


def _timestamp() -> str:
    return f"{datetime.datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
