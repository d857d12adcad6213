"""The ledger of a run: each opening of the sealed test set, with time and reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.runs.layout import read_file
from tenfold.runs.record import now

NAME = "test-openings.jsonl"


def record_opening(folder: Path, by: str, images: int) -> None:
    """Append an opening of the test set.

    Args:
        folder: of the run.
        by: the reason, such as the command.
        images: size of the test set.

    Raises:
        InputError: the ledger cannot be written.
    """
    entry = {"time": now(), "by": by, "images": images}
    try:
        with (folder / NAME).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{folder / NAME}: cannot be written ({error.strerror}), and the test set is not "
            "opened unrecorded; make the folder writable"
        ) from error


def openings(folder: Path) -> list[dict[str, Any]]:
    """Return each opening so far: ``time``, ``by`` and ``images``.

    Raises:
        InputError: the ledger is damaged.
    """
    path = folder / NAME
    return read_file(path, _parse) if path.exists() else []


def _parse(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
