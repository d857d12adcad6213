"""Results as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenfold.datasets import Dataset, Report, Source
    from tenfold.evaluation import Evaluation
    from tenfold.reproduction import Reproduction

SHOWN = 10


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


def describe_source(source: Source) -> str:
    """One line on a named dataset."""
    return (
        f"{source.title}: {source.train:,} + {source.test:,} images, "
        f"{len(source.class_names)} classes, {source.licence}"
    )


def describe_evaluation(result: Evaluation) -> str:
    """Accuracy and loss with their spread, and what was recognised of each class."""
    if len(result.probabilities) == 1:
        loss = result.log_loss[0].as_text()
    else:
        loss = result.over_seeds()["log_loss"].as_text()
    rows = [
        (name, f"{right:,}", f"{total:,}", f"{right / total:.1%}" if total else "")
        for name, (right, total) in result.per_class().items()
    ]
    first = "" if len(result.probabilities) == 1 else " (first seed)"
    header = ["class" + first, "recognised", "images", "share"]
    return f"accuracy  {result.headline()}\nloss      {loss}\n\n{table(rows, header)}"


def describe_report(report: Report) -> str:
    """What `check` found, problems and warnings first."""
    lines = [f"{report.source}: {report.kind}, {len(report.class_names)} classes"]
    lines += [f"problem   {text}" for text in report.problems]
    lines += [f"unreadable  {bad.path}: {bad.reason}" for bad in report.unreadable]
    lines += [f"warning   {text}" for text in report.warnings]
    for name, split in report.splits.items():
        lines.append(
            f"{name:<10}{split.images:,} images, pixels {split.pixels[0]} to {split.pixels[1]}, "
            f"mean {split.mean:.1f}, {split.polarity}, {split.duplicates:,} exact duplicates, "
            f"{split.blank:,} blank"
        )
    lines += [f"{pair:<10}{count:,} images in both" for pair, count in report.across.items()]
    names = list(report.splits)
    rows = [
        [label, *(f"{report.splits[name].counts.get(label, 0):,}" for name in names)]
        for label in report.class_names
    ]
    lines += ["", table(rows, ["class", *names])]
    lines += ["", "usable" if report.usable else "not usable as it is: see the problems above"]
    return "\n".join(lines)


def describe_reproductions(rows: Sequence[Reproduction]) -> str:
    """Published figures, ours, and the verdict, a network a row."""
    header = ["recipe", "published train / test", "ours train", "ours test", "verdict"]
    lines = []
    for row in rows:
        published = row.recipe.published
        figures = (published.train, published.test) if published else (None, None)
        text = " / ".join("none" if f is None else f"{f:.2%}" for f in figures)
        ours = (f"{s.mean:.2%} ± {s.sd or 0:.2%}" for s in (row.train, row.test))
        lines.append([row.recipe.name, text, *ours, row.verdict])
    return table(lines, header)
