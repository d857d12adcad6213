"""A retraining job: its state in a folder, shared by the server and the worker process.

The folder has the request (``job.json``), a copy of the samples, the run, the candidate model,
and at the end the result (``result.json``). The worker holds a lock on the folder, so that other
processes see whether it is running.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.locks import lock_folder
from tenfold.runs.layout import HISTORY, RECORD

LOCK_ATTEMPTS = 5
LOCK_INTERVAL = 0.02  # seconds

NICENESS = 10
"""Lower priority than the server, so that predictions are not delayed."""

POLL_INTERVAL = 0.05
"""Seconds between two checks whether a worker has ended."""

KILLED = "the process was killed or the machine was stopped; start it again"


@dataclass(frozen=True)
class Job:
    """A retraining job, running or finished.

    Attributes:
        folder: of the job; it may not exist yet.
    """

    folder: Path

    @property
    def samples(self) -> Path:
        """Folder with the copy of the samples."""
        return self.folder / "samples"

    @property
    def run(self) -> Path:
        """Folder of the run."""
        return self.folder / "run"

    @property
    def version(self) -> Path:
        """Folder of the candidate, which becomes a version when it is accepted."""
        return self.folder / "version"

    @property
    def log(self) -> Path:
        """File with stdout and stderr of the worker."""
        return self.folder / "log.txt"

    def clear(self) -> None:
        """Remove the content of the folder, but not the folder, which may be locked."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def write_request(self, origin: str, current: Path, epochs: int | None) -> None:
        """Write the request for the worker.

        Args:
            origin: the pretrained networks, as for ``tenfold train --from``.
            current: the model file to compare with.
            epochs: None for the default of fine-tuning.
        """
        request = {
            "origin": origin,
            "current": str(current),
            "epochs": epochs,
            "began": time.time(),
        }
        write_json(self.folder / "job.json", request)

    def request(self) -> dict[str, Any]:
        """Return the request; empty without a job."""
        return read_json(self.folder / "job.json")

    def write_result(self, state: str, **values: Any) -> None:
        """Write the result: ``finished``, ``failed`` or ``cancelled``, with further values."""
        write_json(self.folder / "result.json", {"state": state, **values})

    def fail(self, error: str, seconds: float) -> None:
        """Write that the job failed; if that cannot be written, the released lock shows it."""
        with suppress(InputError, OSError):
            self.write_result("failed", error=error, seconds=round(seconds, 1))

    def result(self) -> dict[str, Any]:
        """Return the result; empty before the end."""
        return read_json(self.folder / "result.json")

    @contextmanager
    def locked(self, refusal: str) -> Iterator[int | None]:
        """Lock the folder during the block; yields the file descriptor of the lock.

        It is tried several times, since ``is_running`` locks the folder for an instant.

        Raises:
            InputError: with the text ``refusal``: another process has the lock.
        """
        with ExitStack() as stack:
            for attempts_left in reversed(range(LOCK_ATTEMPTS)):
                try:
                    descriptor = stack.enter_context(lock_folder(self.folder, refusal))
                    break
                except InputError:
                    if not attempts_left:
                        raise
                    time.sleep(LOCK_INTERVAL)
            yield descriptor

    def is_running(self) -> bool:
        """Whether the worker is running."""
        if not self.folder.is_dir():
            return False
        try:
            with lock_folder(self.folder, "running"):
                return False
        except InputError:
            return True

    def progress(self, running: bool | None = None) -> dict[str, Any]:
        """Return state, epochs, seconds, error and comparison of the job.

        Args:
            running: whether the worker is running; None to check.
        """
        running = self.is_running() if running is None else running
        request, result = self.request(), self.result()
        state = "running" if running else result.get("state", "failed" if request else "idle")
        killed = state == "failed" and not result
        epoch, epochs = self._epochs() if request or result else (0, None)
        return {
            "state": state,
            "epoch": epoch,
            "epochs": epochs if request.get("epochs") is None else request["epochs"],
            "seconds": self._seconds(state, request, result),
            "error": KILLED if killed else result.get("error"),
            "comparison": result.get("comparison") if state == "finished" else None,
        }

    def _epochs(self) -> tuple[int, int | None]:
        """The number of finished epochs and of all epochs."""
        try:
            with (self.run / HISTORY).open(encoding="utf-8") as file:
                finished = max((int(row["epoch"]) for row in csv.DictReader(file)), default=0)
        except (OSError, KeyError, ValueError):
            finished = 0
        return finished, read_json(self.run / RECORD).get("recipe", {}).get("epochs")

    def _seconds(self, state: str, request: dict[str, Any], result: dict[str, Any]) -> float:
        if state == "running":
            return round(time.time() - float(request.get("began", time.time())), 1)
        return float(result.get("seconds", 0.0))

    def stop(self, timeout: float, on_poll: Callable[[], None]) -> None:
        """Terminate the worker, and kill it after a timeout.

        Args:
            timeout: seconds until SIGKILL, and from then until giving up.
            on_poll: called while waiting.

        Raises:
            InputError: the worker cannot be stopped.
        """
        process = read_json(self.folder / "process.json").get("pid")
        deadline = time.monotonic() + timeout
        signals = [signal.SIGTERM, signal.SIGKILL]
        while self.is_running():
            if process and (len(signals) == 2 or time.monotonic() > deadline) and signals:
                with suppress(ProcessLookupError):
                    os.kill(process, signals.pop(0))
            time.sleep(POLL_INTERVAL)
            on_poll()
            if time.monotonic() > deadline + timeout:
                raise InputError(f"the process of {self.folder} cannot be stopped")

    def launch(self, module: str, lock: int | None, tied: bool = False) -> subprocess.Popen[bytes]:
        """Start the worker, ``python -m MODULE FOLDER``, which inherits the lock on the folder.

        Args:
            module: that is run.
            lock: file descriptor of the lock.
            tied: give it a pipe as stdin, whose end shows that this process has ended.
        """
        with self.log.open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", module, str(self.folder)],
                stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=() if lock is None else (lock,),
                start_new_session=True,
            )
        write_json(self.folder / "process.json", {"pid": worker.pid})
        return worker

    def perform(self, task: Callable[[], dict[str, Any]]) -> None:
        """Do the task in the worker, with low priority, and write its result."""
        began = time.time()
        with suppress(OSError, AttributeError):  # there is no os.nice on Windows
            os.nice(NICENESS)
        try:
            result = task()
        except InputError as error:
            self.fail(" ".join(str(error).split()), time.time() - began)
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            self.fail(f"{type(error).__name__}: {reason}", time.time() - began)
            raise
        else:
            self.write_result("finished", **result, seconds=round(time.time() - began, 1))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty if the file is missing or damaged."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a file with a JSON object atomically."""
    with atomic_write(path, "w") as file:
        json.dump(value, file, allow_nan=False)


@contextmanager
def explain_write_error(folder: Path) -> Iterator[None]:
    """Report that the folder of a job cannot be written.

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
