"""`check`: what is in a dataset, before anything is trained on it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data import named
from tenfold.data.dataset import Images
from tenfold.data.formats.detect import read
from tenfold.data.formats.parts import Part, Parts, Unreadable, verify
from tenfold.data.loading import resolve
from tenfold.data.sources import Source
from tenfold.data.stored_images import in_chunks

EXAMPLES = 10
_BORDER = 2
_MOST = 0.9


@dataclass(frozen=True)
class SplitReport:
    """What one split holds.

    Attributes:
        images: how many.
        counts: images a class, by class name.
        pixels: the least and the greatest grey level, 0 to 255.
        mean: the mean grey level.
        polarity: "light ink on dark", as MNIST has it, "dark ink on light", "mixed" or "unclear".
        light: the share of images whose middle is lighter than their border.
        blank: images of one grey level.
        duplicates: images that are equal to an earlier one of this split.
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
    """Images that are equal pixel by pixel: (split, position in it, class name) of each."""

    images: tuple[tuple[str, int, str], ...]

    @property
    def contradicts(self) -> bool:
        """Whether they bear different labels."""
        return len({name for _, _, name in self.images}) > 1


@dataclass(frozen=True)
class Report:
    """What `check` found. `as_dict()` is plain JSON.

    Attributes:
        source: what was checked.
        kind: the format, or where a named dataset comes from.
        class_names: one a class.
        splits: by name, as the data have them, before anything is held out.
        across: by "train/test" and the like, how many images of the second are in the first.
        contradictions: groups of equal images with different labels.
        examples: the first groups of equal images: contradictions, then across, then within.
        unreadable: image files that cannot be read.
        problems: what keeps `load` from taking the data, one line each.
        warnings: what deserves a look, one line each.
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

    @property
    def usable(self) -> bool:
        """Whether `load` takes the data."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return the report as dicts, lists, strings and numbers."""
        return {**asdict(self), "usable": self.usable}


def check(source: str | Path, *, resize: bool = False) -> Report:
    """Look a dataset over: classes, grey levels, polarity, duplicates, unreadable files.

    Takes what `load` takes. What `load` would refuse stands in `problems`, and as much as can be
    read is reported all the same.

    Raises:
        InputError: there is no such dataset, file or folder.

    Examples:
        >>> report = check("mnist")
        >>> report.splits["train"].polarity, report.splits["train"].duplicates, report.across
        ('light ink on dark', 0, {'train/test': 0})
    """
    row, path = resolve(source)
    problems: list[str] = []
    if row is not None:
        parts, label = _named_parts(row), row.name
        if not named.is_genuine(row):
            problems.append(f"{named.folder(row)} is damaged; remove it, and it is made again")
    else:
        parts, label = _read(path, resize, problems), str(path)
    names = parts.names()
    groups = _duplicates(parts, names)
    splits = {
        split: _look(part, names, _repeats(groups, split)) for split, part in parts.parts.items()
    }
    return Report(
        source=label,
        kind=parts.kind,
        class_names=names,
        splits=splits,
        across=_across(list(parts.parts), groups),
        contradictions=sum(group.contradicts for group in groups),
        examples=_examples(groups),
        unreadable=parts.unreadable,
        problems=tuple(problems),
        warnings=tuple(_warnings(parts, splits, groups)),
    )


def _named_parts(row: Source) -> Parts:
    data = named.arrays(row)
    parts = {
        split: Part(
            data[f"{split}-images"],
            data[f"{split}-labels"].astype(np.int64),
            f"{row.title} {split}",
        )
        for split in ("train", "test")
    }
    return Parts(f"{row.title}, {row.homepage}", parts, row.class_names)


def _read(path: Path, resize: bool, problems: list[str]) -> Parts:
    """Read what can be read; put what `load` would say into `problems`."""
    try:
        parts = read(path, resize)
    except InputError as error:
        problems.append(str(error))
        if resize or "--resize" not in str(error):
            return Parts("unreadable", {})
        return _read(path, True, problems)
    if parts.unreadable:
        count = len(parts.unreadable)
        problems.append(f"{count} image file{'s' * (count > 1)} cannot be read")
    try:
        verify(parts)
    except InputError as error:
        problems.append(str(error))
    whole = {s: part for s, part in parts.parts.items() if len(part.images) == len(part.labels)}
    kept = {split: part for split, part in whole.items() if len(part.images)}
    return Parts(parts.kind, kept, parts.class_names, parts.unreadable, parts.notes)


def _look(part: Part, names: tuple[str, ...], repeats: int) -> SplitReport:
    counts = np.bincount(part.labels, minlength=len(names))
    found = [_Levels.of(images) for images in in_chunks(part.images)]
    lighter, told = sum(levels.lighter for levels in found), sum(levels.told for levels in found)
    light = lighter / told if told else 0.0
    return SplitReport(
        images=len(part.images),
        counts=dict(zip(names, counts.tolist(), strict=True)),
        pixels=(min(levels.low for levels in found), max(levels.high for levels in found)),
        mean=round(sum(levels.total for levels in found) / part.images.size, 2),
        polarity=_polarity(light) if told else "unclear",
        light=round(light, 4),
        blank=sum(levels.blank for levels in found),
        duplicates=repeats,
    )


@dataclass(frozen=True)
class _Levels:
    """Grey levels of some images: their ends and sum, and how many images are of which kind.

    ``blank`` are of one level, ``told`` differ between middle and border, and ``lighter`` have
    the lighter middle.
    """

    low: int
    high: int
    total: int
    blank: int
    told: int
    lighter: int

    @classmethod
    def of(cls, images: Images) -> _Levels:
        flat = images.reshape(len(images), -1)
        difference = _middle_over_border(images)
        return cls(
            low=int(flat.min()),
            high=int(flat.max()),
            total=int(flat.sum(dtype=np.int64)),
            blank=int((flat == flat[:, :1]).all(axis=1).sum()),
            told=int((difference != 0).sum()),
            lighter=int((difference > 0).sum()),
        )


def _middle_over_border(images: Images) -> npt.NDArray[np.float64]:
    """By how much the middle of each image is lighter than its border."""
    _, height, width = images.shape
    inner = images[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    total = images.sum(axis=(1, 2), dtype=np.int64)
    middle = inner.sum(axis=(1, 2), dtype=np.int64)
    area = inner[0].size
    difference: npt.NDArray[np.float64] = middle / area - (total - middle) / (height * width - area)
    return difference


def _polarity(light: float) -> str:
    """Return in words which is lighter, middle or border, by the share of lighter middles."""
    if light >= _MOST:
        return "light ink on dark"
    return "dark ink on light" if light <= 1 - _MOST else "mixed"


def _duplicates(parts: Parts, names: tuple[str, ...]) -> list[DuplicateGroup]:
    """Return every group of equal images, over all splits, by digests of 16 bytes an image."""
    sizes = [len(part.labels) for part in parts.parts.values()]
    digests = bytearray()
    for part in parts.parts.values():
        for images in in_chunks(part.images):
            for image in images:
                digests += hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    keys = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    order = np.lexsort(keys.T)
    new = np.ones(len(order), bool)
    new[1:] = (keys[order[1:]] != keys[order[:-1]]).any(axis=1)
    starts = np.append(np.flatnonzero(new), len(order))
    several = np.flatnonzero(np.diff(starts) > 1)
    groups = sorted(order[starts[i] : starts[i + 1]].tolist() for i in several)
    splits, ends = list(parts.parts), np.cumsum(sizes)

    def place(image: int) -> tuple[str, int, str]:
        i = int(np.searchsorted(ends, image, "right"))
        position = image - int(ends[i] - sizes[i])
        return splits[i], position, names[parts.parts[splits[i]].labels[position]]

    return [DuplicateGroup(tuple(map(place, group))) for group in groups]


def _repeats(groups: list[DuplicateGroup], split: str) -> int:
    """Return how many images of a split are equal to an earlier one of it."""
    sizes = (sum(place == split for place, _, _ in group.images) for group in groups)
    return sum(size - 1 for size in sizes if size)


def _across(splits: list[str], groups: list[DuplicateGroup]) -> dict[str, int]:
    """Return, for each two splits, how many images of the second are in the first as well."""
    counts = {}
    for position, first in enumerate(splits):
        for second in splits[position + 1 :]:
            both = (
                [place for place, _, _ in group.images]
                for group in groups
                if {first, second} <= {place for place, _, _ in group.images}
            )
            counts[f"{first}/{second}"] = sum(places.count(second) for places in both)
    return counts


def _examples(groups: list[DuplicateGroup]) -> tuple[DuplicateGroup, ...]:
    def rank(group: DuplicateGroup) -> tuple[bool, bool]:
        return (not group.contradicts, len({place for place, _, _ in group.images}) == 1)

    return tuple(sorted(groups, key=rank)[:EXAMPLES])


def _warnings(
    parts: Parts, splits: dict[str, SplitReport], groups: list[DuplicateGroup]
) -> list[str]:
    """Return what deserves a look, in words."""
    lines = list(parts.notes)
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
    for pair, count in _across(list(splits), groups).items():
        if count:
            first, second = pair.split("/")
            lines.append(f"{count} images of {second} are in {first} as well")
    contradictions = sum(group.contradicts for group in groups)
    if contradictions:
        lines.append(f"{contradictions} groups of equal images bear different labels")
    return lines
