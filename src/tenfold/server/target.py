"""What is served: the reader that comes along, a file that was exported, or a run."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tenfold.core.assets import READER
from tenfold.core.errors import InputError
from tenfold.runs import Run

SHIPPED = "shipped"
NAME = "model.onnx"
"""The artifact of a run in its folder, which serving writes where it is missing."""


@dataclass(frozen=True)
class Subject:
    """What is served.

    Attributes:
        artifact: the ONNX file that answers.
        source: what to call it: ``shipped``, or the path it was given by.
        origin: what a retraining continues from, as ``tenfold train --from`` takes it.
        run: the folder of the run behind it, finished or under way; None without.
        waits: whether that run is still under way, to answer itself once it is finished.
    """

    artifact: Path
    source: str = SHIPPED
    origin: str | None = "reader"
    run: Path | None = None
    waits: bool = False

    @property
    def samples(self) -> Path:
        """Where samples are kept, unless the user says otherwise."""
        return Path("samples") if self.run is None else self.run / "samples"


def choose(what: str | Path | None) -> Subject:
    """What to serve for what the user gave.

    A run that is not finished is shown, and the shipped reader answers until it is.

    Raises:
        InputError: it is neither a run nor an artifact, or the run cannot be exported.
    """
    if what is None:
        return Subject(READER)
    path = Path(what)
    if not path.is_dir():
        return Subject(path, str(path), None)
    status = Run(path).record.status
    if status == "finished":
        return Subject(exported(path), str(path), str(path), path)
    return Subject(READER, run=path, waits=status == "training")


def exported(folder: Path) -> Path:
    """The artifact of a finished run, written if it is missing or older than the run's record.

    Exporting needs Keras, which this process does not load: it is done in one of its own.

    Raises:
        InputError: it cannot be exported.
    """
    path = folder / NAME
    if path.exists() and path.stat().st_mtime >= (folder / "run.json").stat().st_mtime:
        return path
    command = [sys.executable, "-m", "tenfold", "export", str(folder), "--out", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(
            f"{folder}: it has no artifact to answer with, and none can be made "
            f"({reason.removeprefix('tenfold: ')}); see tenfold export {shlex.quote(str(folder))}"
        )
    return path
