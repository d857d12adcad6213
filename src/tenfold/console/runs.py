"""Recipes, runs and what they answer, as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenfold.console.text import table, wrapped

if TYPE_CHECKING:
    from tenfold.doctor import Check
    from tenfold.recipes import Recipe
    from tenfold.runs import Run


def describe_recipes(recipes: Iterable[Recipe]) -> str:
    """The recipes, one a line."""
    rows = [
        (
            recipe.name,
            recipe.epochs,
            recipe.batch_size,
            recipe.optimizer if isinstance(recipe.optimizer, str) else "its own",
        )
        for recipe in recipes
    ]
    lines = table(rows, ["recipe", "epochs", "batch", "optimizer"]).splitlines()
    width = len(lines[0]) + 2
    summaries = ["", *(recipe.summary for recipe in recipes)]
    return "\n".join(
        (f"{line:<{width}}" + wrapped(text, width)).rstrip()
        for line, text in zip(lines, summaries, strict=True)
    )


def describe_run(run: Run) -> str:
    """What a training gave, where it is, and what to type next."""
    record = run.record
    epochs = f"{record.recipe.epochs} epoch{'s' * (record.recipe.epochs > 1)}"
    networks = f", {len(run.seeds)} networks at once" if len(run.seeds) > 1 else ""
    return (
        f"{record.recipe.name} on {record.data.name}: {run.headline()}\n"
        f"run   {run.path}  ({epochs} in {record.seconds:.1f} s{networks})\n"
        f"next  tenfold evaluate {shlex.quote(str(run.path))}"
    )


def describe_check(check: Check) -> str:
    """One check of `doctor`; what it found goes on below where it is long."""
    state = "ok  " if check.passed else "FAIL"
    return f"{state}  {check.name:<8}  {wrapped(check.found, 16)}"
