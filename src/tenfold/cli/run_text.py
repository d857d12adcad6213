"""Console text of recipes, runs and checks."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tenfold.cli.text import table, wrapped
from tenfold.core.image_shape import size_text
from tenfold.metrics import Score

if TYPE_CHECKING:
    from tenfold.cli.doctor_checks import Check
    from tenfold.networks.recipes import Recipe
    from tenfold.runs import Run


def describe_recipes(recipes: Iterable[Recipe]) -> str:
    """The recipes, one per line."""
    rows = [
        (
            recipe.name,
            recipe.epochs,
            recipe.batch_size,
            recipe.optimizer if isinstance(recipe.optimizer, str) else "custom",
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
    """The result of a training, its folder, and the next command."""
    record = run.record
    epochs = f"{record.recipe.epochs} epoch{'s' * (record.recipe.epochs > 1)}"
    networks = f", {len(run.seeds)} networks at once" if len(run.seeds) > 1 else ""
    lines = [
        f"{record.recipe.name} on {record.data.name}: {run.headline()}",
        *(_gains(record.continued) if record.continued else ()),
        f"run   {run.path}  ({epochs} in {record.seconds:.1f} s{networks})",
        *([f"note  {wrapped(record.refit_note, 6)}"] if record.refit_note else ()),
        f"next  tenfold evaluate {shlex.quote(str(run.path))}",
    ]
    return "\n".join(lines)


def describe_imported(run: Run) -> str:
    """What was imported, the folder of its run, and the next command."""
    data = run.record.data
    other = "" if "test" in data.sizes else " --data DATA"
    size = size_text(run.image_shape)
    return "\n".join(
        [
            f"{run.recipe.name}: images {size}, {len(data.class_names)} classes, data: {data.name}",
            f"run   {run.path}",
            f"next  tenfold evaluate {shlex.quote(str(run.path))}{other}",
        ]
    )


# By the kind of images in run.json.
_GAIN_LABELS = {
    "own": "{name}, held out",
    "known": "{name}, validation",
    "no digit": "synthetic non-digits",
}


def _gains(continued: Mapping[str, Any]) -> list[str]:
    """Accuracy before and after fine-tuning, by kind of images, and how they were held out."""
    start, how = continued["start"]["name"], continued["held_out"]
    rows = [
        (
            _GAIN_LABELS[part["kind"]].format(**part),
            part["n"],
            Score(**part["before"]).as_percent(),
            Score(**part["after"]).as_percent(),
            _points(part["difference"]),
        )
        for part in continued["gains"]
    ]
    columns = [f"from {start}", "images", "before", "after", "points"]
    lines = [table(rows, columns), f"held out of your images: {how}"]
    if not any(part["kind"] == "own" for part in continued["gains"]):
        lines.append("so the gain on them could not be measured; collect more images")
    return "\n".join(lines).splitlines()


def _points(difference: Mapping[str, float]) -> str:
    value, low, high = (f"{100 * difference[end]:+.2f}" for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def describe_check(check: Check) -> str:
    """One check of `doctor`, with its result wrapped."""
    state = "ok  " if check.passed else "FAIL"
    return f"{state}  {check.name:<8}  {wrapped(check.details, 16)}"
