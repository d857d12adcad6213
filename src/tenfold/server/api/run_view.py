"""The served run, finished or in training, as the page shows it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from tenfold.core.errors import InputError
from tenfold.evaluation import Evaluation
from tenfold.runs import Run, live, predictions
from tenfold.runs.layout import HISTORY, read_file
from tenfold.server.api.answers import encode_png_base64
from tenfold.server.api.headline import Headline, of_evaluation
from tenfold.server.api.schemas import Count, Probability
from tenfold.server.api.training_data import TrainingData
from tenfold.server.http.errors import ServiceError
from tenfold.server.http.responses import JSON, Content
from tenfold.server.target import is_outdated, run_command

FileState = tuple[int, int] | None
"""Modification time in nanoseconds and size in bytes; None if the file is missing."""


class RunState(BaseModel):
    """A run: learning curves, scores and confusion matrix."""

    model_config = ConfigDict(extra="allow")

    title: str
    status: Literal["training", "finished", "diverged"]
    epoch: Count = Field(description="The last epoch.")
    epochs: Count = Field(description="Number of epochs in the recipe.")
    recipe: dict[str, Any]
    history: list[dict[str, float | None]]
    split: str | None = Field(description="Of the confusion matrix; null before the first epoch.")
    n: Count = Field(description="Number of images in the confusion matrix.")
    accuracy: Headline | None
    confusion: list[list[int]] | None = Field(
        description="Rows are labels, columns predictions; null with several labels an image."
    )
    class_names: list[str]
    report: bool = Field(description="Whether /report is available.")


class CellImage(BaseModel):
    """An image of a cell of the confusion matrix."""

    index: Count = Field(description="Of the image in the split.")
    confidence: Probability
    image: str = Field(description="As base64 of a PNG file.")


class Cell(BaseModel):
    """The images of a cell of the confusion matrix, most confident first."""

    total: Count
    images: list[CellImage]


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        files: states of the files that it was read from.
        content: the ``RunState`` as JSON.
        evaluation: behind the confusion matrix; None before the first epoch.
    """

    files: tuple[FileState, ...]
    content: Content
    evaluation: Evaluation | None


class RunView:
    """Reads a run, and reads it again when its files have changed.

    Args:
        folder: of the run.
        data: its training data; None to show what is stored in the run.
    """

    def __init__(self, folder: Path, data: TrainingData | None = None) -> None:
        self.folder, self._data = folder, data
        self._snapshot: Snapshot | None = None
        self._status: tuple[FileState, str] = (None, "training")

    @property
    def status(self) -> str:
        """``training``, ``finished`` or ``diverged``."""
        state = _file_state(self.folder / "run.json")
        if state != self._status[0]:
            self._status = state, Run(self.folder).record.status
        return self._status[1]

    def data_name(self) -> str:
        """Return the name of the data that the run was trained on."""
        return Run(self.folder).record.data.name

    def headline(self) -> Headline | None:
        """Return the accuracy of the run, or None before the first epoch."""
        evaluation = self.snapshot().evaluation
        return None if evaluation is None else of_evaluation(evaluation)

    def snapshot(self) -> Snapshot:
        """Return the current state.

        Raises:
            InputError: the run is damaged.
        """
        names = ("run.json", HISTORY, "predictions/test.npz", "predictions/validation.npz")
        files = tuple(_file_state(self.folder / name) for name in (*names, live.NAME))
        if self._snapshot is None or self._snapshot.files != files:
            evaluation = self._evaluation()
            content = Content(self._describe(evaluation).model_dump_json().encode(), JSON)
            self._snapshot = Snapshot(files, content, evaluation)
        return self._snapshot

    def _evaluation(self) -> Evaluation | None:
        """Return the evaluation on the test split if it was opened, otherwise on validation."""
        try:
            return Run(self.folder).saved_evaluation()[0]
        except InputError:
            return live.load(self.folder)

    def _describe(self, evaluation: Evaluation | None) -> RunState:
        run = Run(self.folder)
        history = read_history(self.folder / HISTORY)
        one_class = None if evaluation is None or evaluation.multi_label else evaluation
        return RunState.model_validate(
            {
                "title": run.record.title,
                "status": run.record.status,
                "epoch": max((int(row["epoch"]) for row in history), default=0),
                "epochs": run.recipe.epochs,
                "recipe": run.recipe.to_json(),
                "history": history,
                "split": evaluation and evaluation.split,
                "n": len(evaluation.labels) if evaluation else 0,
                "accuracy": evaluation and of_evaluation(evaluation),
                "confusion": one_class and one_class.confusion_matrix().tolist(),
                "class_names": run.class_names,
                "report": run.record.status == "finished" and evaluation is not None,
            }
        )

    def cell(self, truth: int, predicted: int, limit: int) -> dict[str, Any]:
        """Return the images of a cell of the confusion matrix as a ``Cell``.

        Args:
            truth: index of the label.
            predicted: index of the predicted class.
            limit: largest number of images.

        Raises:
            ServiceError: there is no evaluation yet, or no such class.
        """
        evaluation = self.snapshot().evaluation
        if evaluation is None:
            raise ServiceError("not_ready", "no epoch is evaluated yet; try again later")
        if evaluation.multi_label:
            raise ServiceError("invalid", "several labels an image have no confusion matrix")
        classes = len(evaluation.class_names)
        if not (truth < classes and predicted < classes):
            raise ServiceError("invalid", f"truth, predicted: give classes 0 to {classes - 1}")
        in_cell = (evaluation.labels == truth) & (evaluation.predicted() == predicted)
        indices = np.flatnonzero(in_cell)
        confidence = evaluation.probabilities[0][indices, predicted]
        order = np.argsort(-confidence, kind="stable")[:limit]
        images = self._images(evaluation.split, indices[order])
        return {
            "total": len(indices),
            "images": [
                {
                    "index": index,
                    "confidence": round(float(value), 6),
                    "image": encode_png_base64(images[index]),
                }
                for index, value in zip(indices[order].tolist(), confidence[order], strict=True)
                if index in images
            ],
        }

    def report(self) -> str:
        """Return the report of the run as HTML, written anew if the run has changed.

        The report needs libraries that this process does not load: a process of its own does it.

        Raises:
            ServiceError: the run is not finished, or has no predictions.
        """
        path = self.folder / "report.html"
        sources = [self.folder / "run.json", *self.folder.glob("predictions/*.npz")]
        if is_outdated(path, sources):
            try:
                run_command("report", self.folder)
            except InputError as error:
                raise ServiceError("not_ready", str(error)) from None
        return path.read_text("utf-8")

    def _images(
        self, split: str, indices: npt.NDArray[np.int64]
    ) -> dict[int, npt.NDArray[np.uint8]]:
        """Return images by their index: of the data, or else those stored in the run."""
        try:
            if self._data is not None:
                images = self._data.split(split).images
                return {index: images[index] for index in indices.tolist()}
            raise InputError("no data")
        except InputError:
            stored = predictions.load(self.folder, split)
            if stored is None:
                return {}
            return dict(zip(stored[1].indices.tolist(), stored[1].images, strict=True))


def _file_state(path: Path) -> FileState:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def read_history(path: Path) -> list[dict[str, float]]:
    """Return the rows of a history; empty before the first epoch."""

    def rows(path: Path) -> list[dict[str, float]]:
        table = csv.DictReader(path.read_text("utf-8").splitlines())
        return [{name: float(value or "nan") for name, value in row.items()} for row in table]

    history: list[dict[str, float]] = read_file(path, rows) if path.exists() else []
    return history
