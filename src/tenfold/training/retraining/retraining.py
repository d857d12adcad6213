"""Retraining of a served model: start, progress, accept or discard, versions and rollback."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from tenfold.core.errors import InputError
from tenfold.core.files import sha256
from tenfold.data.samples import Samples
from tenfold.export import model_card as cards
from tenfold.training.retraining.job import Job, explain_write_error, read_json, write_json

STOP_TIMEOUT = 10.0
"""Seconds after which a worker that was terminated is killed."""

NO_CANDIDATE = "no retrained model waits to be accepted; start a retraining, and let it finish"


class Retraining:
    """Retraining of one model, with all its state on disk.

    Several processes may use it at once, and each may end at any time: a running job continues
    without the server that started it. Each job fine-tunes the model that the server was started
    with, on all samples, so that the versions do not drift.

    Args:
        folder: for versions and jobs; they are stored in a subfolder for this model.
        base: the model file that the server was started with, version 0.
        origin: the pretrained networks, as for ``tenfold train --from``; None for the base.

    Raises:
        InputError: the base is not a model file.
    """

    def __init__(
        self, folder: str | Path, base: str | Path, origin: str | Path | None = None
    ) -> None:
        self.base = Path(base)
        self.card = cards.read(self.base)[1]
        self.origin = str(base if origin is None else origin)
        self.folder = Path(folder) / sha256(self.base)[:12]
        self._worker: subprocess.Popen[bytes] | None = None

    @property
    def job(self) -> Job:
        """The running job, or the last one."""
        return Job(self.folder / "candidate")

    def start(self, samples: str | Path, epochs: int | None = None) -> dict[str, Any]:
        """Start a job: fine-tune the model on samples in a worker process.

        Args:
            samples: the folder of samples; the worker trains on a copy.
            epochs: None for the default of fine-tuning.

        Returns:
            As ``progress``.

        Raises:
            InputError: a job is running, there are no samples, a sample has another class, or the
                folder cannot be written.
        """
        source = self._checked_samples(samples)
        job = self.job
        with explain_write_error(self.folder):
            job.folder.mkdir(parents=True, exist_ok=True)
            with job.locked("a retraining is running; wait for it, or cancel it first") as lock:
                job.clear()
                shutil.copytree(source, job.samples, ignore=shutil.ignore_patterns(".*"))
                job.write_request(self.origin, self.current_model(), epochs)
                self._worker = job.launch("tenfold.training.retraining", lock)
        return self.progress()

    def _checked_samples(self, folder: str | Path) -> Path:
        names = self.card["class_names"]
        samples = Samples(folder, names)
        counts = samples.counts()
        if not counts:
            raise InputError(f"{samples.folder}: no samples yet; correct a prediction first")
        unknown = sorted(set(counts) - set(names))
        if unknown:
            raise InputError(
                f"{samples.folder}: samples of class {unknown[0]!r}, which the model does not "
                f"have; it has {', '.join(names)}"
            )
        return samples.folder

    def progress(self) -> dict[str, Any]:
        """Return ``state``, ``epoch``, ``epochs``, ``seconds``, ``error`` and ``comparison``.

        ``state`` is ``idle``, ``running``, ``finished``, ``failed`` or ``cancelled``. A finished
        job has a ``comparison`` with the current model and waits to be accepted or discarded.
        """
        self._reap()
        return self.job.progress()

    def cancel(self) -> dict[str, Any]:
        """Stop a running job and remove its files."""
        job = self.job
        if job.is_running():
            job.stop(STOP_TIMEOUT, self._reap)
            with explain_write_error(self.folder):
                job.clear()
                job.write_result("cancelled")
        return self.progress()

    def discard(self) -> dict[str, Any]:
        """Cancel a running job, or remove the candidate of a finished one."""
        if self.cancel()["state"] in ("finished", "failed"):
            with explain_write_error(self.folder):
                self.job.clear()
        return self.progress()

    def candidate(self) -> tuple[Path, Path, Path]:
        """Return the model it is compared with, the candidate, and the folder of its samples.

        Raises:
            InputError: there is no candidate.
        """
        job = self.job
        if self.progress()["state"] != "finished":
            raise InputError(NO_CANDIDATE)
        return Path(job.request()["current"]), job.version / "model.onnx", job.samples

    def accept(self) -> int:
        """Make the candidate the current version, and return its number.

        Raises:
            InputError: there is no candidate, or the folder cannot be written.
        """
        job = self.job
        if not job.folder.is_dir():
            raise InputError(NO_CANDIDATE)
        with explain_write_error(self.folder), job.locked(NO_CANDIDATE):
            if job.progress(running=False)["state"] != "finished":
                raise InputError(NO_CANDIDATE)
            result = job.result()
            version = 1 + max(int(row["version"]) for row in self.versions())
            description = {
                "version": version,
                "made": result["made"],
                "source": f"{self.origin} and {result['samples']} samples",
                "scores": result["comparison"],
            }
            write_json(job.version / "version.json", description)
            (self.folder / "versions").mkdir(exist_ok=True)
            job.version.rename(self._version(version))
            self._activate(version)
            job.clear()
        return version

    def versions(self) -> list[dict[str, Any]]:
        """Return ``version``, ``made``, ``source``, ``scores`` and ``current`` of each version."""
        base = {
            "version": 0,
            "made": self.card.get("trained"),
            "source": self.origin,
            "scores": self.card.get("scores", {}),
        }
        accepted = map(read_json, self.folder.glob("versions/*/version.json"))
        rows = sorted([base, *filter(None, accepted)], key=lambda row: row["version"])
        current = self.current_version()
        return [{**row, "current": row["version"] == current} for row in rows]

    def activate(self, version: int) -> None:
        """Make another version the current one; 0 is the model the server was started with.

        Raises:
            InputError: there is no such version, or the folder cannot be written.
        """
        numbers = [row["version"] for row in self.versions()]
        if version not in numbers:
            raise InputError(f"version: {version}; there are {', '.join(map(str, numbers))}")
        with explain_write_error(self.folder):
            self._activate(version)

    def current_model(self) -> Path:
        """Return the model file of the current version."""
        version = self.current_version()
        return self._version(version) / "model.onnx" if version else self.base

    def current_version(self) -> int:
        """Return the number of the current version."""
        version = int(read_json(self.folder / "current.json").get("version", 0))
        return version if (self._version(version) / "model.onnx").is_file() else 0

    def _version(self, version: int) -> Path:
        return self.folder / "versions" / str(version)

    def _activate(self, version: int) -> None:
        if version or self.folder.is_dir():
            write_json(self.folder / "current.json", {"version": version})

    def _reap(self) -> None:
        if self._worker is not None and self._worker.poll() is not None:
            self._worker = None
