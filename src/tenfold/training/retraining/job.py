"""The state of a retraining on disk, as the server and the process that trains both see it.

The folder of a job holds what was asked (``job.json``), a copy of the samples, the run, the
model, and at the end how it went (``result.json``). A lock on the folder, held by the process
that trains, tells that it lives.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.locks import lock_folder

ATTEMPTS = 5
"""Times that a lock is tried."""

KILLED = "it was stopped from outside, or the machine was; start it again"


@dataclass(frozen=True)
class Job:
    """One retraining, under way or done.

    Attributes:
        folder: of the job; it may not exist yet.
    """

    folder: Path

    @property
    def samples(self) -> Path:
        """The copy of the samples that is trained on."""
        return self.folder / "samples"

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / "run"

    @property
    def version(self) -> Path:
        """The folder that becomes that of a version once it is accepted."""
        return self.folder / "version"

    @property
    def log(self) -> Path:
        """What the process that trains writes to stdout and stderr."""
        return self.folder / "log.txt"

    def clear(self) -> None:
        """Remove all that the folder holds. The folder stays, with whatever lock is on it."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def describe(self, origin: str, current: Path, epochs: int | None) -> None:
        """Write down what is asked of the process that trains."""
        asked = {
            "origin": origin,
            "current": str(current),
            "epochs": epochs,
            "began": time.time(),
        }
        write_json(self.folder / "job.json", asked)

    def asked(self) -> dict[str, Any]:
        """What is asked of the process that trains; empty where nothing is."""
        return read_json(self.folder / "job.json")

    def end(self, how: str, **more: Any) -> None:
        """Write down how it went: ``finished``, ``failed`` or ``cancelled``."""
        write_json(self.folder / "result.json", {"state": how, **more})

    def fail(self, error: str, seconds: float) -> None:
        """Write down that it failed, and why; where that cannot be written, the lock tells."""
        with suppress(InputError, OSError):
            self.end("failed", error=error, seconds=round(seconds, 1))

    def result(self) -> dict[str, Any]:
        """How it went; empty where it is not over."""
        return read_json(self.folder / "result.json")

    @contextmanager
    def held(self, otherwise: str) -> Iterator[int | None]:
        """Hold the folder, as the process that trains does; see ``tenfold.core.locks.lock_folder``.

        Whoever asks whether it is held holds it for an instant, so it is tried a few times.
        """
        with ExitStack() as stack:
            for left in reversed(range(ATTEMPTS)):
                try:
                    lock = stack.enter_context(lock_folder(self.folder, otherwise))
                    break
                except InputError:
                    if not left:
                        raise
                    time.sleep(0.02)
            yield lock

    def running(self) -> bool:
        """Whether the process that trains lives."""
        if not self.folder.is_dir():
            return False
        try:
            with lock_folder(self.folder, "running"):
                return False
        except InputError:
            return True

    def progress(self, running: bool | None = None) -> dict[str, Any]:
        """Where it is; ``running`` tells what is known already."""
        alive = self.running() if running is None else running
        asked, result = self.asked(), self.result()
        how = "running" if alive else result.get("state", "failed" if asked else "idle")
        dead = how == "failed" and not result
        epoch, epochs = self._epochs() if asked or result else (0, None)
        return {
            "state": how,
            "epoch": epoch,
            "epochs": epochs if asked.get("epochs") is None else asked["epochs"],
            "seconds": self._seconds(how, asked, result),
            "error": KILLED if dead else result.get("error"),
            "comparison": result.get("comparison") if how == "finished" else None,
        }

    def _epochs(self) -> tuple[int, int | None]:
        """How many epochs are done, and of how many."""
        try:
            with (self.run / "history.csv").open(encoding="utf-8") as file:
                done = max((int(row["epoch"]) for row in csv.DictReader(file)), default=0)
        except (OSError, KeyError, ValueError):
            done = 0
        epochs = read_json(self.run / "run.json").get("recipe", {}).get("epochs")
        return done, epochs

    def _seconds(self, how: str, asked: dict[str, Any], result: dict[str, Any]) -> float:
        if how == "running":
            return round(time.time() - float(asked.get("began", time.time())), 1)
        return float(result.get("seconds", 0.0))

    def stop(self, patience: float, meanwhile: Callable[[], None]) -> None:
        """End the process that trains, by force once patience is over.

        Args:
            patience: seconds.
            meanwhile: called while it is waited for.
        """
        process = read_json(self.folder / "process.json").get("pid")
        until = time.monotonic() + patience
        signals = [signal.SIGTERM, signal.SIGKILL]
        while self.running():
            if process and (len(signals) == 2 or time.monotonic() > until) and signals:
                with suppress(ProcessLookupError):
                    os.kill(process, signals.pop(0))
            time.sleep(0.05)
            meanwhile()
            if time.monotonic() > until + patience:
                raise InputError(f"the retraining in {self.folder} cannot be stopped")

    def note_process(self, process: int) -> None:
        """Write down which process trains."""
        write_json(self.folder / "process.json", {"pid": process})


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a file; empty where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON object over the last one, whole or not at all."""
    with atomic_write(path, "w") as file:
        json.dump(value, file, allow_nan=False)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell in one line that the folder of retraining cannot be written.

    Raises:
        InputError: it cannot.
    """
    try:
        yield
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise InputError(
            f"{getattr(error, 'filename', None) or folder}: cannot be written ({reason}); free "
            "some space, or make it writable"
        ) from error
