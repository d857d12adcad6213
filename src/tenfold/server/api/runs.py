"""The run behind what is served, finished or under way, as the page shows it."""

from __future__ import annotations

import csv
import hashlib
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.runs import Run, live, predictions
from tenfold.runs.layout import HISTORY
from tenfold.server.api.answers import as_json, png_text
from tenfold.server.api.data import Data
from tenfold.server.http.errors import ServiceError

Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class Shown:
    """What a run looked like: of which files, as JSON, by which tag, and the answers behind it."""

    stamp: Stamp
    content: bytes
    tag: str
    answers: Evaluation | None


class RunView:
    """Shows a run.

    Args:
        folder: of the run.
        data: what it is trained on.
    """

    def __init__(self, folder: Path, data: Data) -> None:
        self.folder, self._data = folder, data
        self._shown: Shown | None = None
        self._status: tuple[tuple[int, int] | None, str] = (None, "training")

    @property
    def status(self) -> str:
        """``training``, ``finished`` or ``diverged``."""
        stamp = _stamp(self.folder / "run.json")
        if stamp != self._status[0]:
            self._status = stamp, Run(self.folder).record.status
        return self._status[1]

    def shown(self) -> Shown:
        """What there is to see now.

        Raises:
            InputError: the run is damaged.
        """
        names = ("run.json", HISTORY, "predictions/test.npz", "predictions/validation.npz")
        stamp = tuple(_stamp(self.folder / name) for name in (*names, live.NAME))
        if self._shown is None or self._shown.stamp != stamp:
            answers = self._answers()
            content = as_json(_finite(self._describe(answers)))
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            self._shown = Shown(stamp, content, tag, answers)
        return self._shown

    def _answers(self) -> Evaluation | None:
        """What the networks answered: on test once it was opened, else on validation."""
        try:
            return Run(self.folder).saved_evaluation()[0]
        except InputError:
            return live.load(self.folder)

    def _describe(self, answers: Evaluation | None) -> dict[str, Any]:
        run = Run(self.folder)
        history = _history(self.folder / HISTORY)
        judged = None if answers is None else answers.accuracy[0].as_json()
        return {
            "title": run.record.title,
            "status": run.record.status,
            "epoch": max((int(row["epoch"]) for row in history), default=0),
            "epochs": run.recipe.epochs,
            "recipe": run.recipe.to_json(),
            "history": history,
            "split": None if answers is None else answers.split,
            "n": 0 if answers is None else len(answers.labels),
            "accuracy": judged,
            "confusion": None if answers is None else answers.confusion_matrix().tolist(),
            "class_names": list(run.class_names),
            "report": run.record.status == "finished" and answers is not None,
        }

    def cell(self, truth: int, predicted: int, limit: int) -> dict[str, Any]:
        """The images of a cell of the confusion matrix, the most confident first.

        Raises:
            ServiceError: there are no answers yet, or no such classes.
        """
        found = self.shown().answers
        if found is None:
            raise ServiceError("not_ready", "no epoch is judged yet; come again")
        classes = len(found.class_names)
        if not (truth < classes and predicted < classes):
            raise ServiceError("invalid", f"truth, predicted: classes are 0 to {classes - 1}")
        answered = found.predicted()
        places = np.flatnonzero((found.labels == truth) & (answered == predicted))
        chances = found.probabilities[0][places, predicted]
        order = np.argsort(-chances, kind="stable")
        images = self._images(found, places[order][:limit])
        return {
            "total": len(places),
            "images": [
                {
                    "index": int(places[i]),
                    "confidence": round(float(chances[i]), 6),
                    "image": png_text(images[int(places[i])]),
                }
                for i in order[:limit]
                if int(places[i]) in images
            ],
        }

    def report(self) -> str:
        """The report of the run as HTML, written anew where the run has changed since.

        Drawing takes libraries that this process does not load: it is done in one of its own.

        Raises:
            ServiceError: the run is not finished, or has no answers to show.
        """
        path = self.folder / "report.html"
        told = [self.folder / "run.json", *self.folder.glob("predictions/*.npz")]
        if not path.exists() or path.stat().st_mtime < max(one.stat().st_mtime for one in told):
            command = [sys.executable, "-m", "tenfold", "report", str(self.folder)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                raise ServiceError("not_ready", reason.removeprefix("tenfold: "))
        return path.read_text("utf-8")

    def _images(self, found: Evaluation, places: Any) -> dict[int, Any]:
        """Images of the split by their place: of the data, else those that the run has kept."""
        try:
            images = self._data.split(found.split).images
            return {int(place): images[place] for place in places}
        except InputError:
            kept = predictions.load(self.folder, found.split)
            if kept is None:
                return {}
            return dict(zip(kept[1].indices.tolist(), kept[1].images, strict=True))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _history(path: Path) -> list[dict[str, float]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                {name: float(value or "nan") for name, value in row.items()}
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error})") from None


def _finite(value: Any) -> Any:
    """A value with None where a number is not finite, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
