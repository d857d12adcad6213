"""Results as text for a terminal."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.datasets import Dataset, Report, Source, Splits
    from tenfold.doctor import Check
    from tenfold.evaluation import Evaluation
    from tenfold.recipes import Recipe
    from tenfold.reproduction import Reproduction
    from tenfold.runs import Run

SHOWN = 10
WIDTH = 80


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    """Rows under a header, in columns: the first to the left, the others to the right.

    Example:
        >>> print(table([["seven", 7], ["ten", 10]], ["word", "n"]))
        word    n
        seven   7
        ten    10
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def describe_splits(splits: Splits) -> str:
    """Name, source and sizes of splits."""
    sizes = ", ".join(f"{name} {len(split):,}" for name, split in splits.present().items())
    return f"data    {_wrapped(f'{splits.name}, {splits.source}', 8)}\nsizes   {sizes}"


def describe_dataset(dataset: Dataset) -> str:
    """Shapes, types, range, first labels, and the first image as numbers."""
    names = " ".join(dataset.class_names[label] for label in dataset.labels[:SHOWN])
    image = dataset.images[0]
    numbers = "\n".join(" ".join(f"{value:>3}" for value in row) for row in image)
    return (
        f"images  {dataset.images.dtype} {list(dataset.images.shape)}, "
        f"values {dataset.images.min()} to {dataset.images.max()}\n"
        f"labels  {dataset.labels.dtype} {list(dataset.labels.shape)}, the first: {names}\n"
        f"image 0, a {dataset.class_names[dataset.labels[0]]}, as numbers:\n{numbers}"
    )


def describe_sources(sources: Sequence[Source]) -> str:
    """The named datasets, one a line."""
    rows = [
        (
            source.name,
            f"{source.train:,}",
            f"{source.test:,}",
            len(source.class_names),
            source.licence.partition(";")[0],
        )
        for source in sources
    ]
    return table(rows, ["dataset", "train", "test", "classes", "licence"])


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
        (f"{line:<{width}}" + _wrapped(text, width)).rstrip()
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
    return f"{state}  {check.name:<8}  {_wrapped(check.found, 16)}"


def _wrapped(text: str, indent: int) -> str:
    """Text that goes on under its own beginning, at a column."""
    lines = textwrap.wrap(text, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{'':{indent}}".join(lines)


def describe_report(report: Report) -> str:
    """What `check` found, problems and warnings first."""
    lines = [f"{report.source}: {report.kind}, {len(report.class_names)} classes"]
    lines += [f"problem     {text}" for text in report.problems]
    lines += [f"unreadable  {bad.path}: {bad.reason}" for bad in report.unreadable]
    lines += [f"warning     {text}" for text in report.warnings]
    for name, split in report.splits.items():
        found = (
            f"{split.images:,} images, pixels {split.pixels[0]} to {split.pixels[1]}, mean "
            f"{split.mean:.1f}, {split.polarity}, {split.duplicates:,} exact duplicates, "
            f"{split.blank:,} blank"
        )
        lines.append(f"{name:<12}{_wrapped(found, 12)}")
    for pair, count in report.across.items():
        lines.append(f"{pair:<12}{count:,} images in both")
    names = list(report.splits)
    rows = [
        [label, *(f"{report.splits[name].counts.get(label, 0):,}" for name in names)]
        for label in report.class_names
    ]
    lines += ["", table(rows, ["class", *names])]
    lines += ["", "usable" if report.usable else "not usable as it is: see the problems above"]
    return "\n".join(lines)


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
