"""What counts in a folder of data: not what systems, tools and tenfold itself put there."""

from __future__ import annotations

from pathlib import Path

_SYSTEM = (
    "$recycle.bin",
    "@eadir",
    "desktop.ini",
    "lost+found",
    "system volume information",
    "thumbs.db",
)
_RESULTS = ("runs", "studies", "audits")  # the default folders of tenfold's results
_RESULT_FILES = ("run.json", "study.json")


def is_visible(name: str) -> bool:
    """Return whether a file or folder of this name can be data.

    Examples:
        >>> is_visible("0.png"), is_visible(".DS_Store"), is_visible("__MACOSX")
        (True, False, False)
    """
    return not name.startswith((".", "__")) and name.lower() not in _SYSTEM


def is_result(folder: Path) -> bool:
    """Return whether a folder holds results of tenfold: runs, studies or audits, or one of them."""
    if any((folder / name).is_file() for name in _RESULT_FILES):
        return True
    if folder.name not in _RESULTS:
        return False
    return all(entry.is_dir() for entry in folder.iterdir() if is_visible(entry.name))


def visible(folder: Path) -> list[Path]:
    """Return the entries of a folder that can be data, sorted by path.

    Raises:
        OSError: it cannot be read.
    """
    entries = [entry for entry in sorted(folder.iterdir()) if is_visible(entry.name)]
    return [entry for entry in entries if not (entry.is_dir() and is_result(entry))]
