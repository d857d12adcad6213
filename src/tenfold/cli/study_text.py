"""Console output of studies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tenfold.cli.text import table, wrapped
from tenfold.metrics import Metric, SeedSummary, table_metrics

if TYPE_CHECKING:
    from tenfold.experiments.studies import Study


def describe_study(study: Study) -> str:
    """A table of the settings, the best first; then scores of the best setting and the folders."""
    metrics = [metric for metric in table_metrics() if metric.name != "accuracy"]
    cells = [
        (
            row["setting"],
            _accuracy(row, study.plan.seeds),
            *(_mean(row, metric) for metric in metrics),
            f"{row['parameters']:,}",
        )
        for row in study.rows()
    ]
    header = ["setting", "validation", *(metric.label for metric in metrics), "parameters"]
    lines = [
        study.plan.title,
        "",
        table(cells, header),
        "",
    ]
    return "\n".join([*lines, *_best(study), f"study  {study.path}  (table.csv, study.png)"])


def describe_status(study: Study) -> str:
    """How many settings have which status, and each that has not ended, with what is known."""
    from tenfold.experiments.studies.results import ENDED

    rows = study.rows()
    counts = Counter(str(row["status"]) for row in rows)
    lines = [study.plan.title, ", ".join(f"{n:,} {status}" for status, n in counts.items()), ""]
    for setting in study.plan.settings:
        status, remark = study.row(setting)["status"], study.progress(setting)
        if status not in ENDED:
            lines.append(f"{setting.name}: {status}{f', {remark}' if remark else ''}")
    return "\n".join(lines).rstrip()


def _accuracy(row: dict[str, Any], seeds: int) -> str:
    if row["accuracy"] is None:
        return str(row["status"])
    return SeedSummary(row["accuracy"], row["sd"], row["low"], row["high"], seeds).as_percent()


def _mean(row: dict[str, Any], metric: Metric) -> str:
    value = row[metric.name]
    return "-" if value is None else metric.format(SeedSummary(value, None, None, None, 1))


def _best(study: Study) -> list[str]:
    if study.rows()[0]["status"] != "finished":
        return ["best   none: no setting was trained to its end"]
    row, test = study.rows()[0], study.test
    tested = "not opened: these data have no test split" if test is None else test.headline()
    return [
        f"best   {row['setting']}",
        f"       {study.best.headline()}",
        f"test   {tested}",
        f"note   {wrapped(study.remark(), 7)}",
        f"run    {row['run']}",
    ]
