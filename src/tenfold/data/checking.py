"""`check`: class counts, grey levels, polarity, duplicates and damage of a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.image_shape import is_colour
from tenfold.core.read_options import ReadOptions
from tenfold.data import dataset_cache
from tenfold.data.array_types import Images
from tenfold.data.formats import read_raw
from tenfold.data.lazy_images import in_chunks
from tenfold.data.loading import resolve, without_unreadable
from tenfold.data.multi_label import class_counts, label_texts
from tenfold.data.polarity import describe_polarity, ink_contrast
from tenfold.data.raw_data import RawData, RawSplit, Unreadable, validate_raw
from tenfold.data.sources import Source

_MAX_EXAMPLES = 10


@dataclass(frozen=True)
class SplitReport:
    """Statistics of one split.

    Attributes:
        images: number of images.
        counts: number of images of each class, by class name.
        pixels: the smallest and the largest grey level, 0 to 255.
        mean: the mean grey level.
        polarity: "light ink on dark" as in MNIST, "dark ink on light", "mixed", "unclear" or
            "in colour".
        light: share of images whose centre is lighter than their border.
        blank: number of images with a single grey level.
        duplicates: number of images that equal an earlier one of this split.
    """

    images: int
    counts: dict[str, int]
    pixels: tuple[int, int]
    mean: float
    polarity: str
    light: float
    blank: int
    duplicates: int


@dataclass(frozen=True)
class DuplicateGroup:
    """Images with equal pixels: (split, index in it, class name) of each."""

    images: tuple[tuple[str, int, str], ...]

    @property
    def contradicts(self) -> bool:
        """Whether their labels differ."""
        return len({name for _, _, name in self.images}) > 1

    def count(self, split: str) -> int:
        """Return the number of images of a split."""
        return sum(name == split for name, _, _ in self.images)


@dataclass(frozen=True)
class Report:
    """The report of `check`.

    Attributes:
        source: name or path of the dataset.
        kind: the format, or the title and homepage of a named dataset.
        class_names: in the order of the labels.
        splits: by name, as the data have them, before anything is held out.
        across: by "train/test" and the like, how many images of the second are in the first.
        contradictions: number of groups of equal images with different labels.
        examples: the first groups of equal images: contradictions, then across splits, then
            within a split.
        unreadable: image files that cannot be read.
        problems: why `load` rejects the data, one line each.
        warnings: findings that need attention, one line each.
        decisions: how the data were understood, such as which column holds the labels.
    """

    source: str
    kind: str
    class_names: tuple[str, ...]
    splits: dict[str, SplitReport]
    across: dict[str, int]
    contradictions: int
    examples: tuple[DuplicateGroup, ...]
    unreadable: tuple[Unreadable, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    decisions: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether `load` accepts the data."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return {**asdict(self), "usable": self.usable}


def check(source: str | Path, **options: Any) -> Report:
    """Inspect a dataset: classes, grey levels, polarity, duplicates, unreadable files.

    Errors that `load` would raise are in `problems`; the report covers all data that can be read.

    Args:
        source: a name or a path, as for `load`.
        **options: how to read the files, as for `load`.

    Raises:
        InputError: there is no such dataset, file or folder.

    Examples:
        >>> report = check("mnist")
        >>> report.splits["train"].polarity, report.splits["train"].duplicates, report.across
        ('light ink on dark', 0, {'train/test': 0})
    """
    reading = ReadOptions.of(options)
    named, path = resolve(source)
    problems: list[str] = []
    if named is not None:
        raw, name = _read_named(named), named.name
        if not dataset_cache.is_genuine(named):
            folder = dataset_cache.folder(named)
            problems.append(f"{folder} is damaged; remove it, and the next load rebuilds it")
    else:
        raw, name = _read_leniently(path, reading, problems), str(path)
    groups = _duplicate_groups(raw)
    splits = {
        split: _split_report(part, raw.class_names, _duplicates_within(groups, split))
        for split, part in raw.splits.items()
    }
    return Report(
        source=name,
        kind=raw.format,
        class_names=raw.class_names,
        splits=splits,
        across=_duplicates_across(groups, list(splits)),
        contradictions=sum(group.contradicts for group in groups),
        examples=_examples(groups),
        unreadable=raw.unreadable,
        problems=tuple(problems),
        warnings=(*raw.notes, *_split_warnings(splits), *_duplicate_warnings(groups, splits)),
        decisions=raw.decisions,
    )


def _read_named(source: Source) -> RawData:
    splits = {
        split: RawSplit(images, labels, f"{source.title} {split}")
        for split, (images, labels) in dataset_cache.load_arrays(source).items()
    }
    return RawData(splits, source.class_names, format=f"{source.title}, {source.homepage}")


def _read_leniently(path: Path, options: ReadOptions, problems: list[str]) -> RawData:
    """Read as much as possible; append to `problems` the errors that `load` would raise."""
    try:
        raw = read_raw(path, options)
    except InputError as error:
        problems.append(str(error))
        if options.resize or "--resize" not in str(error):
            return RawData({}, format="unreadable")
        return _read_leniently(path, replace(options, resize=True), problems)
    for validate in (lambda raw: without_unreadable(raw, options), validate_raw):
        try:
            raw = validate(raw) or raw
        except InputError as error:
            problems.append(str(error))
    complete = {
        split: part
        for split, part in raw.splits.items()
        if 0 < len(part.images) == len(part.labels)
    }
    return replace(raw, splits=complete)


def _split_report(split: RawSplit, class_names: tuple[str, ...], duplicates: int) -> SplitReport:
    counts = class_counts(split.labels, len(class_names))
    chunks = [_GreyLevels.of(images) for images in in_chunks(split.images)]
    lighter, clear = sum(c.lighter for c in chunks), sum(c.clear for c in chunks)
    light = lighter / clear if clear else 0.0
    return SplitReport(
        images=len(split.images),
        counts=dict(zip(class_names, counts.tolist(), strict=True)),
        pixels=(min(c.low for c in chunks), max(c.high for c in chunks)),
        mean=round(sum(c.total for c in chunks) / split.images.size, 2),
        polarity=_polarity(split, light if clear else None),
        light=round(light, 4),
        blank=sum(c.blank for c in chunks),
        duplicates=duplicates,
    )


def _polarity(split: RawSplit, light: float | None) -> str:
    if is_colour(split.images.shape[1:]):
        return "in colour"
    return "unclear" if light is None else describe_polarity(light)


@dataclass(frozen=True)
class _GreyLevels:
    """Grey levels of a chunk of images.

    Attributes:
        low, high, total: smallest and largest grey level, and the sum of all.
        blank: number of images with a single grey level.
        clear: number of images whose centre and border differ in mean grey level.
        lighter: number of these whose centre is lighter.
    """

    low: int
    high: int
    total: int
    blank: int
    clear: int
    lighter: int

    @classmethod
    def of(cls, images: Images) -> _GreyLevels:
        flat = images.reshape(len(images), -1)
        contrast = ink_contrast(images)
        return cls(
            low=int(flat.min()),
            high=int(flat.max()),
            total=int(flat.sum(dtype=np.int64)),
            blank=int((images == images[:, :1, :1]).reshape(flat.shape).all(axis=1).sum()),
            clear=int((contrast != 0).sum()),
            lighter=int((contrast > 0).sum()),
        )


def _duplicate_groups(raw: RawData) -> list[DuplicateGroup]:
    """Return every group of equal images, over all splits, by digests of 16 bytes an image."""
    digests = bytearray()
    members = []  # split, index and class name of each image
    for name, split in raw.splits.items():
        names = label_texts(split.labels, raw.class_names)
        members += [(name, i, class_name) for i, class_name in enumerate(names)]
        for images in in_chunks(split.images):
            for image in images:
                digests += hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    keys = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    order = np.lexsort(keys.T)
    is_new = np.ones(len(order), bool)
    is_new[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    bounds = np.append(np.flatnonzero(is_new), len(order))
    several = np.flatnonzero(np.diff(bounds) > 1)
    groups = sorted(order[bounds[i] : bounds[i + 1]].tolist() for i in several)
    return [DuplicateGroup(tuple(members[image] for image in group)) for group in groups]


def _duplicates_within(groups: list[DuplicateGroup], split: str) -> int:
    return sum(max(0, group.count(split) - 1) for group in groups)


def _duplicates_across(groups: list[DuplicateGroup], splits: Sequence[str]) -> dict[str, int]:
    """Return, for each two splits, how many images of the second are in the first as well."""
    return {
        f"{first}/{second}": sum(group.count(second) for group in groups if group.count(first))
        for first, second in combinations(splits, 2)
    }


def _examples(groups: list[DuplicateGroup]) -> tuple[DuplicateGroup, ...]:
    def rank(group: DuplicateGroup) -> tuple[bool, bool]:
        return not group.contradicts, len({split for split, _, _ in group.images}) == 1

    return tuple(sorted(groups, key=rank)[:_MAX_EXAMPLES])


def _split_warnings(splits: dict[str, SplitReport]) -> list[str]:
    lines = []
    for split, report in splits.items():
        if report.polarity in ("dark ink on light", "mixed"):
            lines.append(f"{split}: {report.polarity}; MNIST has light ink on dark")
        if report.pixels[1] <= 1:
            lines.append(f"{split}: grey levels reach only {report.pixels[1]} of 255")
        if report.blank:
            lines.append(f"{split}: {report.blank} blank images")
        empty = [name for name, count in report.counts.items() if not count]
        if empty:
            lines.append(f"{split}: no images of {', '.join(empty)}")
    return lines


def _duplicate_warnings(groups: list[DuplicateGroup], splits: dict[str, SplitReport]) -> list[str]:
    lines = []
    for pair, count in _duplicates_across(groups, list(splits)).items():
        if count:
            first, second = pair.split("/")
            lines.append(f"{count} images of {second} are in {first} as well")
    contradictions = sum(group.contradicts for group in groups)
    if contradictions:
        lines.append(f"groups of equal images with different labels: {contradictions}")
    return lines
