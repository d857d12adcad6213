"""What a server does about retraining: start, look, accept or discard, go back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tenfold.core.checksums import sha256
from tenfold.core.errors import InputError
from tenfold.data.samples import Samples
from tenfold.export import model_card as cards
from tenfold.training.retraining.job import Job, read_json, write_json, writing

PATIENCE = 10.0
"""Seconds after which a training that was told to stop is killed."""


class Retraining:
    """Retraining of one model, with all its state on disk.

    Any number of processes may use it at once, and each may end at any time: a training that is
    under way goes on without the server that began it. Each retraining continues from the model
    that the server was started with, on all samples there are, so that versions do not drift.

    Args:
        folder: for versions and the training under way; one of this model is made within.
        base: the artifact that the server was started with, version 0.
        origin: what ``tenfold train --from`` takes for it; the artifact itself without.

    Raises:
        InputError: the base is not an artifact.
    """

    def __init__(
        self, folder: str | Path, base: str | Path, origin: str | Path | None = None
    ) -> None:
        self.base = Path(base)
        self.card = cards.read(self.base)[1]
        self.origin = str(base if origin is None else origin)
        self.folder = Path(folder) / sha256(self.base)[:12]
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def job(self) -> Job:
        """The training under way, or the last one."""
        return Job(self.folder / "candidate")

    def start(self, samples: str | Path, epochs: int | None = None) -> dict[str, Any]:
        """Begin to continue the model on samples, in a process of its own.

        Args:
            samples: the folder of samples; a copy is trained on.
            epochs: passes over the images; None for as many as ``tenfold train --from`` takes.

        Returns:
            as ``progress``.

        Raises:
            InputError: a training is under way, there are no samples or of unknown classes, or
                the folder cannot be written.
        """
        names = self.card["class_names"]
        found = Samples(samples, names)
        counts = found.counts()
        unknown = sorted(set(counts) - set(names))
        if not counts:
            raise InputError(f"{found.folder}: no samples yet; correct an answer first")
        if unknown:
            raise InputError(
                f"{found.folder}: samples of {unknown[0]!r}, which the model does not know; it "
                f"has {', '.join(names)}"
            )
        job = self.job
        with writing(self.folder):
            job.folder.mkdir(parents=True, exist_ok=True)
            running = "a retraining is under way; wait for it, or cancel it first"
            with job.held(running) as lock:
                job.clear()
                shutil.copytree(found.folder, job.samples, ignore=shutil.ignore_patterns(".*"))
                job.describe(self.origin, self.current(), epochs)
                self._child = _launch(job, lock)
                job.note_process(self._child.pid)
        return self.progress()

    def progress(self) -> dict[str, Any]:
        """Where the training is: ``state``, ``epoch``, ``epochs``, ``seconds``, ``error``.

        ``state`` is ``idle``, ``running``, ``finished``, ``failed`` or ``cancelled``; a finished
        one has a ``comparison`` with what answers now, and waits to be accepted or discarded.
        """
        self._reap()
        return self.job.progress()

    def cancel(self) -> dict[str, Any]:
        """Stop the training under way; nothing of it stays."""
        job = self.job
        if job.running():
            job.stop(PATIENCE, self._reap)
            with writing(self.folder):
                job.clear()
                job.end("cancelled")
        return self.progress()

    def discard(self) -> dict[str, Any]:
        """Cancel the training under way, or drop the candidate that waits."""
        found = self.cancel()
        if found["state"] in ("finished", "failed"):
            with writing(self.folder):
                self.job.clear()
        return self.progress()

    def accept(self) -> int:
        """Let the candidate answer from now on, and return its version.

        Raises:
            InputError: no candidate waits, or the folder cannot be written.
        """
        job = self.job
        waiting = "no retrained model waits to be accepted; start a retraining, and let it finish"
        if not job.folder.is_dir():
            raise InputError(waiting)
        with writing(self.folder), job.held(waiting):
            if job.progress(running=False)["state"] != "finished":
                raise InputError(waiting)
            version = 1 + max((row["version"] for row in self.versions()), default=0)
            made = {
                "version": version,
                "made": job.result()["made"],
                "source": f"{self.origin} and {job.result()['samples']} samples",
                "scores": job.result()["comparison"],
            }
            write_json(job.version / "version.json", made)
            (self.folder / "versions").mkdir(exist_ok=True)
            job.version.rename(self._version(version))
            self._choose(version)
            job.clear()
        return version

    def versions(self) -> list[dict[str, Any]]:
        """Every version: ``version``, ``made``, ``source``, ``current`` and ``scores``."""
        card, current = self.card, self._current()
        rows = [
            {
                "version": 0,
                "made": card.get("trained"),
                "source": self.origin,
                "scores": card.get("scores", {}),
            },
            *filter(None, map(read_json, self.folder.glob("versions/*/version.json"))),
        ]
        rows.sort(key=lambda row: row["version"])
        return [{**row, "current": row["version"] == current} for row in rows]

    def activate(self, version: int) -> None:
        """Let another version answer; 0 is the model that the server was started with.

        Raises:
            InputError: there is none of that number, or the folder cannot be written.
        """
        known = [row["version"] for row in self.versions()]
        if version not in known:
            raise InputError(f"version: {version}; there are {', '.join(map(str, known))}")
        with writing(self.folder):
            self._choose(version)

    def current(self) -> Path:
        """The artifact to answer with."""
        version = self._current()
        return self._version(version) / "model.onnx" if version else self.base

    def current_version(self) -> int:
        """The number of the version that answers."""
        return self._current()

    def _current(self) -> int:
        version = int(read_json(self.folder / "current.json").get("version", 0))
        return version if (self._version(version) / "model.onnx").is_file() else 0

    def _version(self, version: int) -> Path:
        return self.folder / "versions" / str(version)

    def _choose(self, version: int) -> None:
        if version or self.folder.is_dir():
            write_json(self.folder / "current.json", {"version": version})

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None


def _launch(job: Job, lock: int | None) -> subprocess.Popen[bytes]:
    """Start the process that trains; it holds the job's folder as long as it lives."""
    with job.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tenfold.training.retraining", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=() if lock is None else (lock,),
            start_new_session=True,
        )
