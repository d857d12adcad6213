"""Console text about datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenfold.cli.text import table, wrapped

if TYPE_CHECKING:
    from tenfold.data import Dataset, Report, Source, Splits

SHOWN_LABELS = 10


def describe_splits(splits: Splits) -> str:
    """Return name, source and sizes of splits."""
    sizes = ", ".join(f"{name} {len(split):,}" for name, split in splits.present().items())
    return f"data    {wrapped(f'{splits.name}, {splits.source}', 8)}\nsizes   {sizes}"


def describe_dataset(dataset: Dataset) -> str:
    """Return shapes, types, range, the first labels, and the first image as numbers."""
    separator = "; " if dataset.multi_label else " "
    names = separator.join(dataset.label_texts(slice(SHOWN_LABELS)))
    image = dataset.images[0]
    numbers = "\n".join(" ".join(f"{value:>3}" for value in row) for row in image)
    return (
        f"images  {dataset.images.dtype} {list(dataset.images.shape)}, "
        f"values {dataset.images.min()} to {dataset.images.max()}\n"
        f"labels  {dataset.labels.dtype} {list(dataset.labels.shape)}, the first: {names}\n"
        f"image 0, a {dataset.label_texts([0])[0]}, as numbers:\n{numbers}"
    )


def describe_sources(sources: Sequence[Source]) -> str:
    """Return a table of named datasets."""
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


def describe_report(report: Report) -> str:
    """Return a report of `check`: problems and warnings, then statistics."""
    lines = [f"{report.source}: {report.kind}, {len(report.class_names)} classes"]
    lines += [f"read as     {'; '.join(report.decisions)}"] * bool(report.decisions)
    lines += [f"problem     {text}" for text in report.problems]
    lines += [f"unreadable  {file.path}: {file.reason}" for file in report.unreadable]
    lines += [f"warning     {text}" for text in report.warnings]
    for name, split in report.splits.items():
        statistics = (
            f"{split.images:,} images, pixels {split.pixels[0]} to {split.pixels[1]}, mean "
            f"{split.mean:.1f}, {split.polarity}, {split.duplicates:,} exact duplicates, "
            f"{split.blank:,} blank"
        )
        lines.append(f"{name:<12}{wrapped(statistics, 12)}")
    for pair, count in report.across.items():
        lines.append(f"{pair:<16} {count:,} images in both")
    names = list(report.splits)
    rows = [
        [label, *(f"{report.splits[name].counts.get(label, 0):,}" for name in names)]
        for label in report.class_names
    ]
    lines += ["", table(rows, ["class", *names])] if rows else []
    lines += ["", "usable" if report.usable else "not usable: see the problems above"]
    return "\n".join(lines)
