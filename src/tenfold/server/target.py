"""The target of the service: the packed reader, an exported model file, or a run."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.runs import Run
from tenfold.training.background.training import MODEL_FILE

SHIPPED = "shipped"


@dataclass(frozen=True)
class Target:
    """What is served.

    Attributes:
        model_file: the ONNX file that makes the predictions.
        source: its name for clients: ``shipped``, or the path that the user gave.
        origin: where retraining starts, as ``tenfold train --from`` takes it.
        run: folder of the run that is shown, finished or not; None without a run.
        in_training: whether the run is still trained, and replaces the reader once it is finished.
    """

    model_file: Path
    source: str = SHIPPED
    origin: str | None = "reader"
    run: Path | None = None
    in_training: bool = False

    @property
    def samples(self) -> Path:
        """Default folder of the samples."""
        return Path("samples") if self.run is None else self.run / "samples"


def resolve_target(what: str | Path | None) -> Target:
    """Return the target for a path.

    An unfinished run is shown while its network in training answers, once it has learned for a
    moment; before, the packed reader does.

    Args:
        what: folder of a run, or a model file; None for the packed reader.

    Raises:
        InputError: the path is neither, or the run cannot be exported.
    """
    if what is None:
        return Target(READER)
    path = Path(what)
    if not path.is_dir():
        return Target(path, str(path), None)
    run = Run(path)
    status = run.record.status
    if status == "finished":
        return Target(export_run(path), str(path), str(path), path)
    run.require_one_class("serving a training")  # the reader, which answers, has one
    return Target(READER, run=path, in_training=status == "training")


def export_run(folder: Path) -> Path:
    """Return the model file of a finished run, exported anew if it is missing or out of date.

    Raises:
        InputError: the export fails.
    """
    path = folder / MODEL_FILE
    if is_outdated(path, [folder / "run.json"]):
        try:
            run_command("export", folder, "--out", path)
        except InputError as error:
            raise InputError(
                f"{folder}: it has no model file, and the export failed ({error}); "
                f"see tenfold export {shlex.quote(str(folder))}"
            ) from None
    return path


def is_outdated(path: Path, sources: Iterable[Path]) -> bool:
    """Whether a file is missing, or older than one that it is made from."""
    return not path.exists() or path.stat().st_mtime < max(one.stat().st_mtime for one in sources)


def run_command(*arguments: str | Path) -> None:
    """Run a command of tenfold in a process of its own: it needs libraries that this one lacks.

    Raises:
        InputError: the command fails; with its message.
    """
    command = [sys.executable, "-m", "tenfold", *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(reason.removeprefix("tenfold: "))
