"""The folder of a run: locked during training; a new one is created, and removed if unused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenfold.core.errors import InputError
from tenfold.core.folders import make_dated_folder, make_folder
from tenfold.core.locks import lock_folder
from tenfold.runs import ledger
from tenfold.runs.layout import NETWORK, RECORD, is_run, resume_command
from tenfold.training import checkpoint, teacher
from tenfold.training.finetune.gains import BEFORE

FIRST_FILES = {NETWORK, checkpoint.NAME, ledger.NAME, BEFORE, teacher.NAME}
"""Files that are written before ``run.json`` makes the folder a run."""


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


def refuse_folder_in_use(folder: Path) -> None:
    """Refuse a folder that holds anything but the first files of a killed training.

    Raises:
        InputError: it holds something else.
    """
    if is_run(folder):
        raise InputError(
            f"{folder}: holds a run already; give another --out, or resume it with "
            f"{resume_command(folder)}"
        )
    if folder.exists() and not (folder.is_dir() and _is_free(folder)):
        raise InputError(f"{folder}: exists already; give a new folder as --out")


def _is_free(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    return names <= FIRST_FILES


@contextmanager
def new_folder(folder: Path | None, name: str) -> Iterator[Path]:
    """Make a run folder, and remove it afterwards if no run was written.

    Args:
        folder: to make; None for ``runs/<date>-<name>``.
        name: of the recipe.

    Raises:
        InputError: it cannot be made.
    """
    if folder is None:
        folder = make_dated_folder("runs", name)
        made = [folder, folder.parent]
    else:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        make_folder(folder)
    try:
        yield folder
    finally:
        for path in made if not is_run(folder) else ():
            _remove_if_empty(path)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # another process has written into it
        return


@contextmanager
def emptied_on_failure(folder: Path) -> Iterator[None]:
    """Remove the first files if writing them fails."""
    try:
        yield
    except BaseException:
        for name in (*FIRST_FILES, RECORD):
            (folder / name).unlink(missing_ok=True)
        raise


def remove_temporary_files(folder: Path) -> None:
    """Remove the unfinished files of a killed training."""
    for path in folder.rglob(".*.tmp*"):
        path.unlink(missing_ok=True)
