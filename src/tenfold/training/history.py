"""The history of a training, ``history.csv``: one row an epoch and seed."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenfold.core.files import atomic_write
from tenfold.runs.layout import HISTORY


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Replace ``history.csv`` atomically.

    It has the format of pandas, whose import would take as long as an epoch of training.
    """
    with atomic_write(folder / HISTORY, "w") as file:
        writer = csv.DictWriter(file, list(columns(history)), lineterminator="\n")
        writer.writeheader()
        for row in history:
            writer.writerow({k: "" if math.isnan(v) else v for k, v in row.items()})


def columns(history: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The rows as columns; a value that a row does not have is NaN."""
    names = dict.fromkeys(name for row in history for name in row)
    return {name: [row.get(name, math.nan) for row in history] for name in names}
