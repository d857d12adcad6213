"""Recipes, runs and what they answer, as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tenfold.console.text import table, wrapped

if TYPE_CHECKING:
    from tenfold.doctor import Check
    from tenfold.evaluation import Evaluation
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


def describe_evaluation(result: Evaluation, seeds: Sequence[int]) -> str:
    """Accuracy and loss with their spread, and what was recognised of each class."""
    several = len(seeds) > 1
    loss = result.over_seeds()["log_loss"] if several else result.log_loss[0]
    spread = "mean ± standard deviation (95 % interval of the mean)"
    lines = [
        f"accuracy  {result.headline()}",
        f"log loss  {loss.as_text()}",
        f"{'':10}{spread if several else '(95 % interval)'}",
        "",
    ]
    if several:
        figures = zip(seeds, result.accuracy, result.log_loss, strict=True)
        rows = [(seed, right.as_percent(), lost.as_text()) for seed, right, lost in figures]
        lines += [table(rows, ["seed", "accuracy", "log loss"]), ""]
    counts = [
        (name, f"{right:,}", f"{total:,}", f"{100 * right / total:.1f} %" if total else "")
        for name, (right, total) in result.per_class().items()
    ]
    first = f" (seed {seeds[0]})" if several else ""
    lines.append(table(counts, ["class" + first, "recognised", "images", "share"]))
    return "\n".join(lines)


def describe_openings(openings: Sequence[Mapping[str, Any]]) -> str:
    """How often the test set was opened for a run."""
    times = "once" if len(openings) == 1 else f"{len(openings)} times"
    return f"\nthe test set was opened {times} for this run"


def describe_answers(answers: Sequence[tuple[str, float]]) -> str:
    """Classes with their probabilities, the most probable first."""
    return "  ".join(f"{name} {100 * chance:.1f} %" for name, chance in answers)


def describe_inverted(inverted: int, total: int, was_inverted: bool) -> str:
    """Images that are the other way about than those the network was trained on."""
    which = "the image has" if total == 1 else f"{inverted} of {total} images have"
    advice = "leave out --invert" if was_inverted else "try --invert"
    return (
        f"{which} a light border where the training images are dark, or the reverse; the answer "
        f"means little, {advice}"
    )


def describe_check(check: Check) -> str:
    """One check of `doctor`; what it found goes on below where it is long."""
    state = "ok  " if check.passed else "FAIL"
    return f"{state}  {check.name:<8}  {wrapped(check.found, 16)}"
