"""Reproductions as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenfold.experiments.reproduction import Reproduction

_COLUMNS = "{:<10}  {:>7}  {:>7}  {:>14}  {:>14}  {}"


def reproductions_header(seeds: int) -> str:
    """The head of the table of reproductions, whose rows come one by one."""
    published, ours = f"{' published ':-^16}", f"{f' ours, {seeds} seeds ':-^30}"
    names = _COLUMNS.format("recipe", "train", "test", "train", "test", "verdict")
    return f"{'':<10}  {published}  {ours}\n{names}"


def reproduction_row(row: Reproduction) -> str:
    """Published figures, ours, and the verdict."""
    published = row.recipe.published
    figures = (published.train, published.test) if published else (None, None)
    known = ("-" if figure is None else f"{100 * figure:.2f} %" for figure in figures)
    ours = (replace(figure, low=None).as_percent() for figure in (row.train, row.test))
    return _COLUMNS.format(row.recipe.name, *known, *ours, row.verdict)


def describe_differences(rows: Sequence[Reproduction]) -> str:
    """Where and how far ours differ from the published, and the seconds of it all."""
    lines = []
    for row in rows:
        if row.verdict == "differs":
            far = (f"{name} {value * 100:+.2f} points" for name, value in row.differences.items())
            lines.append(f"{row.recipe.name}: {', '.join(far)} from the published figure")
    seconds = sum(row.seconds for row in rows)
    return "\n".join([*lines, f"{len(rows)} recipes trained in {seconds:.0f} s"])
