"""The folder of a run before it is one: made for a training, and taken away where none came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.folders import make_folder
from tenfold.runs import ledger
from tenfold.runs.run import NETWORK, resume_command
from tenfold.training import checkpoint
from tenfold.training.finetune.gains import BEFORE

STARTING = {NETWORK, checkpoint.NAME, ledger.NAME, BEFORE}
"""What stands in the folder before ``run.json`` makes it a run."""


def refuse_folder_in_use(folder: Path) -> None:
    """Refuse a folder that holds a run, or anything that no training left as it began.

    Raises:
        InputError: it holds something.
    """
    if (folder / "run.json").exists():
        raise InputError(
            f"{folder}: holds a run already; give another --out, or go on with "
            f"{resume_command(folder)}"
        )
    if folder.exists() and not (folder.is_dir() and _is_free(folder)):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def _is_free(folder: Path) -> bool:
    """Whether a folder holds nothing but what a training left that was killed as it began."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    return names <= STARTING


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make the folder of a run, and take it away again where no run came of it.

    Raises:
        InputError: it cannot be made.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    make_folder(folder)
    try:
        yield
    finally:
        for place in made if not (folder / "run.json").exists() else ():
            _remove_empty(place)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # not ours alone
        return


@contextmanager
def emptied_on_failure(folder: Path) -> Iterator[None]:
    """Remove what stands in the folder where the training could not begin."""
    try:
        yield
    except BaseException:
        for name in (*STARTING, "run.json"):
            (folder / name).unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove the unfinished files that a killed training left."""
    for path in folder.rglob(".*.tmp*"):
        path.unlink(missing_ok=True)
