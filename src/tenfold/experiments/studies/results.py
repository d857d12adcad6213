"""A study folder: its table, its figure and its best run."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.core.mirror import mirror_of
from tenfold.core.places import place
from tenfold.data import Splits
from tenfold.evaluation import Evaluation
from tenfold.experiments.studies.plan import NAME, Plan, Setting
from tenfold.metrics import table_metrics
from tenfold.networks.fields import to_text
from tenfold.runs import Run
from tenfold.runs.layout import HISTORY, RECORD
from tenfold.runs.ledger import openings
from tenfold.runs.record import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

TABLE, FIGURE = "table.csv", "study.png"
FAILURES, PRUNED = "failures", "pruned"
ENDED = ("finished", "diverged", "pruned")
_WAITING = "waiting"
_OPENED_BY = "study"


class Study:
    """The results of a study.

    Args:
        path: the study folder, as ``tenfold study`` printed it; or its URL, of which this is a
            copy that ``pull`` brings up to date.

    Attributes:
        path: of the folder or URL.
        folder: its files on this machine: ``path``, or a copy of it while this process lives.

    Raises:
        InputError: the folder is not a study, or it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = place(path)
        self.mirror = mirror_of(self.path)
        self.folder = self.mirror.folder
        with self.mirror.named():
            self.pull()
            self.plan = Plan.load(self.folder)

    def pull(self) -> None:
        """Copy the states of the settings from a URL."""
        self.mirror.pull(wanted=_is_state)

    def rows(self) -> list[dict[str, Any]]:
        """The settings with their scores, the best first and those without scores last.

        The best has the highest mean accuracy on the validation images; ties go to fewer
        parameters. ``low`` and ``high`` are the 95 % interval of the mean over seeds, or with one
        seed the Wilson interval over images. Missing scores are None.
        """
        return sorted(map(self.row, self.plan.settings), key=_rank)

    def row(self, setting: Setting) -> dict[str, Any]:
        """Values, status and scores of one setting."""
        folder = self.folder / setting.folder
        record = Record.load(folder) if (folder / RECORD).exists() else None
        row = {
            "setting": setting.name,
            **setting.values,
            "parameters": setting.parameters,
            "status": self._status(setting, record),
            **dict.fromkeys(["accuracy", "sd", "low", "high", *_other_metrics(), "seconds"]),
            "run": str(self.path / setting.folder),
        }
        if record is not None:
            row["seconds"] = record.seconds
        return row | _scores(record) if record and record.status == "finished" else row

    def _status(self, setting: Setting, record: Record | None) -> str:
        status = _WAITING if record is None else record.status
        if status not in ENDED and self.pruning(setting).exists():
            return "pruned"
        return "failed" if status not in ENDED and self.failure(setting).exists() else status

    def progress(self, setting: Setting) -> str:
        """Why a setting failed, when it was pruned, or how many epochs are trained; "" for none."""
        for file in (self.failure(setting), self.pruning(setting)):
            if file.exists():
                return file.read_text("utf-8")
        history = self.folder / setting.folder / HISTORY
        if not history.exists():
            return ""
        rows = history.read_text("utf-8").splitlines()
        return f"epoch {rows[-1].partition(',')[0]} of {setting.recipe.epochs}"

    def pruning(self, setting: Setting) -> Path:
        """Path of the file that says when a setting was pruned; it exists if it was."""
        return self.folder / PRUNED / f"{setting.folder}.txt"

    def failure(self, setting: Setting) -> Path:
        """Path of the file that says why a setting failed; it exists if it did."""
        return self.folder / FAILURES / f"{setting.folder}.txt"

    @property
    def table(self) -> DataFrame:
        """The rows as a pandas DataFrame, the best first, with layers joined by ``+``."""
        import pandas as pd

        rows = [
            {name: to_text(v) if isinstance(v, list) else v for name, v in row.items()}
            for row in self.rows()
        ]
        return pd.DataFrame(rows)

    @property
    def best(self) -> Run:
        """The run of the setting with the highest mean accuracy on validation images.

        Raises:
            InputError: no setting is trained, or all diverged.
        """
        folder = self._folder_of(self._best_row())
        self.mirror.pull(folder)
        return Run(self.folder / folder)

    def _best_row(self) -> dict[str, Any]:
        first = self.rows()[0]
        if first["status"] != "finished":
            raise InputError(
                f"{self.path}: no setting of this study is trained to its end, so none is the best"
            )
        return first

    def _folder_of(self, row: dict[str, Any]) -> str:
        return next(s.folder for s in self.plan.settings if s.name == row["setting"])

    @property
    def test(self) -> Evaluation | None:
        """Evaluation of the best run on the test set; None if the test set was not opened."""
        best = self.best
        opened = any(opening["by"] == _OPENED_BY for opening in openings(best.path))
        return best.saved_evaluation("test")[0] if opened else None

    def open_test(self, splits: Splits) -> Evaluation | None:
        """Open the test set for the best run, once.

        Args:
            splits: the dataset of the study.

        Returns:
            The evaluation, or None without a test split or a finished setting.
        """
        if splits.test is None or self.rows()[0]["status"] != "finished":
            return None
        best = self.best
        evaluation = self.test or best.evaluate("test", data=splits, by=_OPENED_BY)
        self.mirror.push(best.path.name, last=RECORD)
        return evaluation

    def plot(self) -> Figure:
        """Plot the best settings with their intervals, at most 60; the best is highlighted.

        Raises:
            InputError: no setting is trained.
        """
        self._best_row()
        trained = [row for row in self.rows() if row["status"] == "finished"]
        shown = trained[: figures.INTERVALS_LIMIT]
        columns = [[row[name] for row in shown] for name in ("accuracy", "low", "high")]
        return figures.intervals(
            [row["setting"] for row in shown],
            *columns,
            title=self.plan.title,
            xlabel="validation accuracy, 95 % interval",
            highlight=0,
        )

    def write(self) -> None:
        """Write ``table.csv``, and ``study.png`` if a setting is trained."""
        with atomic_write(self.folder / TABLE, "w") as file:
            self.table.to_csv(file, index=False)
        self.mirror.push(TABLE)
        if self.rows()[0]["status"] == "finished":
            with figures.warn_if_not_drawn(FIGURE):
                figures.save(self.plot(), self.folder / FIGURE)
            self.mirror.push(FIGURE)

    def remark(self) -> str:
        """How to read the scores of the best setting, in a sentence."""
        k = sum(row["status"] == "finished" for row in self.rows())
        if k < 2:
            return f"{k} of {len(self.plan.settings)} settings gave a score: nothing was chosen"
        return (
            f"chosen as the highest of {k} settings, its validation accuracy is optimistic; "
            "the test set, opened for it alone, had no part in the choice"
        )

    def to_json(self) -> dict[str, Any]:
        """Plan, rows, and the best run with its test scores, as plain JSON types."""
        rows = self.rows()
        finished = rows[0]["status"] == "finished"
        test = self.test if finished else None
        return {
            "path": str(self.path),
            "recipe": self.plan.recipe,
            "data": self.plan.data.name,
            "vary": dict(self.plan.vary),
            "seeds": self.plan.seeds,
            "settings": rows,
            "best": rows[0]["setting"] if finished else None,
            "test": None if test is None else test.to_json(),
            "remark": self.remark(),
        }

    def headline(self) -> str:
        """The best setting in a line, or the number of trained settings."""
        rows = self.rows()
        done = sum(row["status"] in ENDED for row in rows)
        if rows[0]["status"] == "finished":
            run = Run(self.folder / self._folder_of(rows[0]))
            return f"{rows[0]['setting']}: {run.headline()}"
        return f"{done} of {len(rows)} settings trained"

    def __repr__(self) -> str:
        return f"<Study {self.path}: {self.plan.title}: {self.headline()}>"

    def _repr_html_(self) -> str:
        line = f"<p>{html.escape(self.plan.title)}: {html.escape(self.headline())}</p>"
        if self.rows()[0]["status"] == "finished":
            line += figures.to_html(self.plot())
        return line + str(self.table.drop(columns="run").to_html(index=False, na_rep="-"))


def _is_state(name: str) -> bool:
    """Whether a file of a study says what is planned, done, failed or pruned."""
    folder, _, file = name.partition("/")
    return name == NAME or folder in (FAILURES, PRUNED) or file in (RECORD, HISTORY)


def _other_metrics() -> list[str]:
    """The metrics besides the accuracy that have a column, for the mean over seeds."""
    return [metric.name for metric in table_metrics() if metric.name != "accuracy"]


def _rank(row: dict[str, Any]) -> tuple[bool, float, int]:
    accuracy = row["accuracy"]
    return accuracy is None, -(accuracy or 0.0), row["parameters"]


def _scores(record: Record) -> dict[str, Any]:
    over_seeds = record.scores["over_seeds"]
    mean, single = over_seeds["accuracy"], record.scores["accuracy"][0]
    ends = mean if len(record.seeds) > 1 else single
    return {
        "accuracy": mean["mean"],
        "sd": mean["sd"],
        "low": ends["low"],
        "high": ends["high"],
        **{name: over_seeds.get(name, {}).get("mean") for name in _other_metrics()},
    }
