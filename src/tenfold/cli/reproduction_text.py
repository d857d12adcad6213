"""Console text of reproductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.experiments.reproduction import Reproduction

_COLUMNS = "{:<10}  {:>7}  {:>7}  {:>14}  {:>14}  {}"


def reproductions_header(seeds: int) -> str:
    """The header of the table of reproductions, whose rows are printed one by one."""
    published, ours = f"{' published ':-^16}", f"{f' ours, {seeds} seeds ':-^30}"
    names = _COLUMNS.format("recipe", "train", "test", "train", "test", "verdict")
    return f"{'':<10}  {published}  {ours}\n{names}"


def reproduction_row(row: Reproduction) -> str:
    """Published accuracies, ours, and the verdict."""
    published = row.recipe.published
    values = (published.train, published.test) if published else (None, None)
    theirs = ("-" if value is None else f"{100 * value:.2f} %" for value in values)
    ours = (replace(summary, low=None).as_percent() for summary in (row.train, row.test))
    return _COLUMNS.format(row.recipe.name, *theirs, *ours, row.verdict)


def describe_differences(rows: Sequence[Reproduction]) -> str:
    """The differences from published accuracies, and the total time."""
    lines = []
    for row in rows:
        if row.verdict == "differs":
            differences = (
                f"{name} {value * 100:+.2f} points" for name, value in row.differences.items()
            )
            lines.append(f"{row.recipe.name}: {', '.join(differences)} from the published accuracy")
    seconds = sum(row.seconds for row in rows)
    return "\n".join([*lines, f"{len(rows)} recipes trained in {seconds:.0f} s"])
