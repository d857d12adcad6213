"""Options that say where the tasks of a command run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenfold.core.errors import InputError, warn

if TYPE_CHECKING:
    from tenfold.scale import Executor
    from tenfold.scoring import Progress

RayOption = Annotated[
    str | None,
    typer.Option(metavar="[ADDRESS]", help="Work on Ray: local, auto or ray://host:10001."),
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Work in so many processes of this machine.")
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(min=1, metavar="SECONDS", help="Try a task of a worker again after this time."),
]
MaxFailuresOption = Annotated[
    int | None, typer.Option(min=0, help="Stop after more failures; by default try all.")
]


def show_progress(progress: Progress, out: Path | str, done: str) -> None:
    """Print what a job has done, and report what it has not.

    Args:
        progress: of the job.
        out: its folder.
        done: what it does, such as ``scored``.

    Raises:
        InputError: parts failed.
    """
    typer.echo(f"{out}: {progress}")
    require_success(progress, out, done)


def require_success(progress: Progress, out: Path | str, done: str) -> None:
    """Report what a job has not done; see `show_progress`."""
    if progress.problems:
        first = progress.problems[0]
        raise InputError(
            f"{len(progress.problems)} parts failed; {first}; the same command tries again"
        )
    if progress.failed and not progress.images:
        raise InputError(
            f"none of {progress.total:,} {progress.noun} {done}; {out}/errors says why"
        )
    if progress.failed:
        warn(f"{progress.failed:,} {progress.noun} are not {done}; {out}/errors says why")


_ADDRESS = re.compile(r"local|auto|ray://.+|[\w.-]+:\d+")


def make_executor(
    ray: str | None, workers: int | None, timeout: float | None = None
) -> Executor | None:
    """Return the executor of the options; None for neither of them.

    Raises:
        InputError: both are given.
    """
    from tenfold.scale import Local, Ray

    if ray is not None and workers is not None:
        raise InputError("--ray, --workers: give one of them; Ray counts its own cores")
    if ray is not None:
        return Ray(ray, timeout=timeout)
    if workers is None and timeout is None:
        return None
    return Local(workers, timeout)


def with_ray_address(arguments: Sequence[str]) -> list[str]:
    """Give ``--ray`` the address ``local`` where no address follows it.

    Example:
        >>> with_ray_address(["read", "--ray", "forms/"])
        ['read', '--ray', 'local', 'forms/']
        >>> with_ray_address(["audit", "--ray", "head:6379"])
        ['audit', '--ray', 'head:6379']
    """
    completed: list[str] = []
    for argument in arguments:
        if completed[-1:] == ["--ray"] and not _ADDRESS.fullmatch(argument):
            completed.append("local")
        completed.append(argument)
    return completed + ["local"] * (completed[-1:] == ["--ray"])
