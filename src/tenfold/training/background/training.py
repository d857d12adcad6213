"""One training in the background: start, progress, stop, and whether its network answers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.runs import live
from tenfold.runs.layout import HISTORY, RECORD
from tenfold.training.retraining.job import Job, explain_write_error, read_json, write_json

STOP_TIMEOUT = 5.0
"""Seconds after which a worker that was terminated is killed."""

MODEL_FILE = "model.onnx"
"""Name of the model file in the folder of a finished run."""


class TrainingJob(Job):
    """A training, running or finished, whose run lies where ``tenfold train`` puts it."""

    @property
    def run(self) -> Path:
        """Folder of the run; the folder of the job before there is one."""
        return Path(read_json(self.folder / "run.json").get("run", self.folder / "none"))

    def write_run(self, run: Path) -> None:
        """Write where the run is."""
        write_json(self.folder / "run.json", {"run": str(run.absolute())})

    def seconds_left(self) -> float | None:
        """Return the seconds that the other epochs will take; None before the first has ended."""
        epoch, epochs = self._epochs()
        if not epoch or not epochs:
            return None
        began, ended = ((self.run / name).stat().st_mtime for name in (RECORD, HISTORY))
        left = (epochs - epoch) * (ended - began) / epoch - (time.time() - ended)
        return round(max(0.0, left), 1)


class BackgroundTraining:
    """Trains on the data of a run, or on MNIST, in a process that ends with this one.

    The state is on disk, so that several processes of a service share it, and a page that is
    loaded again finds it. Runs stay in ``runs/``.

    Args:
        folder: of the state.
        data: the run whose data is trained on; None for MNIST.
    """

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        self.job, self.data = TrainingJob(folder), data
        self._worker: subprocess.Popen[bytes] | None = None

    def start(
        self, recipe: str, changes: Mapping[str, Any], seeds: int, answers: bool
    ) -> dict[str, Any]:
        """Start a training; the result of the last one is no longer shown.

        Args:
            recipe: its name.
            changes: other values for its fields.
            seeds: number of networks.
            answers: whether its network answers while it is trained, and afterwards.

        Returns:
            As ``progress``.

        Raises:
            InputError: a training is running, or the folder cannot be written.
        """
        job = self.job
        request = {
            "recipe": recipe,
            "changes": dict(changes),
            "seeds": seeds,
            "data": None if self.data is None else str(self.data.absolute()),
            "began": time.time(),
        }
        with explain_write_error(job.folder):
            job.folder.mkdir(parents=True, exist_ok=True)
            with job.locked("a training is running; wait for it, or stop it first") as lock:
                job.clear()
                write_json(job.folder / "job.json", request)
                write_json(job.folder / "answers.json", {"answers": answers})
                self._worker = job.launch("tenfold.training.background", lock, tied=True)
        return self.progress()

    def progress(self) -> dict[str, Any]:
        """Return the request, ``state``, ``epoch``, ``epochs``, ``seconds``, ``left``, ``error``,
        ``run`` and ``answers``.

        ``state`` is ``idle``, ``running``, ``finished``, ``failed`` or ``cancelled``.
        """
        self._reap()
        job, progress = self.job, self.job.progress()
        request = {"recipe": None, "changes": {}, "seeds": 1} | job.request()
        running = progress["state"] == "running"
        return {
            **{name: request[name] for name in ("recipe", "changes", "seeds")},
            **{name: progress[name] for name in ("state", "epoch", "epochs", "seconds", "error")},
            "left": job.seconds_left() if running else None,
            "run": str(job.run) if job.run.is_dir() else None,
            "answers": self._answers() and progress["state"] in ("running", "finished"),
        }

    def stop(self) -> dict[str, Any]:
        """Stop a running training; its run can be resumed."""
        job = self.job
        if job.is_running():
            job.stop(STOP_TIMEOUT, self._reap)
            with explain_write_error(job.folder):
                seconds = time.time() - float(job.request().get("began", time.time()))
                job.write_result("cancelled", seconds=round(seconds, 1))
        return self.progress()

    def close(self) -> None:
        """Stop the training that this process has started."""
        self._reap()
        if self._worker is not None:
            self.stop()

    def answer(self, answers: bool) -> None:
        """Let the network of the training answer, or no longer.

        Raises:
            InputError: there is none, or the folder cannot be written.
        """
        if answers and self.job.progress()["state"] not in ("running", "finished"):
            raise InputError("there is no network of a training; start one, and let it finish")
        with explain_write_error(self.job.folder):
            if self.job.folder.is_dir():
                write_json(self.job.folder / "answers.json", {"answers": answers})

    def model(self) -> tuple[Path, bool] | None:
        """Return the model file that is to answer, and whether its training is finished."""
        if not self._answers():
            return None
        result, run = self.job.result().get("state"), self.job.run
        path = run / (MODEL_FILE if result == "finished" else live.MODEL)
        is_live = result is None and self.job.is_running()
        return (path, not is_live) if (is_live or result == "finished") and path.is_file() else None

    def _answers(self) -> bool:
        return bool(read_json(self.job.folder / "answers.json").get("answers"))

    def _reap(self) -> None:
        if self._worker is not None and self._worker.poll() is not None:
            self._worker = None
