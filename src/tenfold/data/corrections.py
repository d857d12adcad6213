"""Corrections: a table of images to relabel or to drop, applied as data are loaded."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.dataset import Dataset, Labels

COLUMNS = ("image", "split", "index", "given", "action", "label")
ACTIONS = ("keep", "relabel", "drop")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Correction:
    """What is to be done with the images of one digest and one label.

    Attributes:
        row: the line of the file, counted from 1, the header being the first.
        image: the digest, as `Dataset.digests` has it.
        given: the class name that the data give.
        action: "keep", "relabel" or "drop".
        label: the class name to give instead, where the action is "relabel".
    """

    row: int
    image: str
    given: str
    action: str
    label: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells images apart: the digest and the given class name."""
        return self.image, self.given

    @property
    def verdict(self) -> tuple[str, str]:
        """The action, with the label where there is one to give."""
        return self.action, self.label if self.action == "relabel" else ""


@dataclass(frozen=True)
class Corrections:
    """The rows of a file of corrections. They change no file: `apply` returns new data.

    Attributes:
        path: the file.
        rows: in its order.
    """

    path: Path
    rows: tuple[Correction, ...]

    @classmethod
    def read(cls, path: str | Path) -> Corrections:
        """Read a CSV file with the columns image, split, index, given, action and label.

        Split and index are for people; an image is known by its digest and its given label.

        Raises:
            InputError: there is no such file, it is no such table, an action is unknown, or two
                rows say different things of the same image.

        Examples:
            >>> import tempfile
            >>> path = Path(tempfile.mkdtemp()) / "corrections.csv"
            >>> _ = path.write_text(
            ...     "image,split,index,given,action,label\\n6732afca7d626dd6,test,0,7,relabel,1\\n")
            >>> Corrections.read(path).rows[0].verdict
            ('relabel', '1')
        """
        path = Path(path).expanduser()
        rows = tuple(_correction(path, row, fields) for row, fields in _table(path))
        _refuse_contradictions(path, rows)
        return cls(path, rows)

    def verify(self, datasets: Iterable[Dataset], name: str) -> None:
        """Check that each row speaks of an image and of classes that the data have.

        Args:
            datasets: all splits that the corrections are for.
            name: what to call the data in errors.

        Raises:
            InputError: an image is in none of them, has another label, or a class is unknown.
        """
        given: dict[str, set[str]] = {}
        names: tuple[str, ...] = ()
        for data in datasets:
            names = data.class_names
            for digest, label in zip(data.digests.tolist(), data.labels.tolist(), strict=True):
                given.setdefault(digest, set()).add(names[label])
        self._refuse_unknown_images(given, name)
        for row in self.rows:
            _refuse_unknown_classes(self.path, row, names, name)
            if row.given not in given[row.image]:
                raise InputError(
                    f"{self.path}: row {row.row} says that image {row.image} is given as "
                    f"{row.given!r}, {name} gives {_listed(sorted(given[row.image]))}; make the "
                    "corrections from these data"
                )

    def _refuse_unknown_images(self, known: dict[str, set[str]], name: str) -> None:
        unknown = [row for row in self.rows if row.image not in known]
        if unknown:
            raise InputError(
                f"{self.path}: {len(unknown)} of {len(self.rows)} images are not in {name}, the "
                f"first is {unknown[0].image} in row {unknown[0].row}; make the corrections from "
                "these data"
            )

    def apply(self, dataset: Dataset) -> Dataset:
        """Return a dataset with other labels where they say so, and without what they drop.

        Rows for images that are not in it do nothing.

        Raises:
            InputError: nothing would be left.
        """
        labels, kept = self.apply_to(dataset.labels, dataset.digests, dataset.class_names)
        if len(kept) and not kept.any():
            raise InputError(f"{self.path}: drops all {len(kept):,} images of a split; keep some")
        images = dataset.images if kept.all() else dataset.images[kept]
        return Dataset(images, labels[kept], dataset.class_names, dataset.name)

    def apply_to(
        self, labels: Labels, digests: NDArray[np.str_], class_names: Sequence[str]
    ) -> tuple[Labels, NDArray[np.bool_]]:
        """Return the corrected labels, and a mask of the images that are kept.

        Args:
            labels: int64 [n].
            digests: str [n], as `Dataset.digests` has them.
            class_names: in the order of the labels.

        Returns:
            int64 [n], and bool [n].

        Raises:
            InputError: a row names a class that is not among the class names.
        """
        for row in self.rows:
            _refuse_unknown_classes(self.path, row, class_names, "the data")
        numbers = {name: number for number, name in enumerate(class_names)}
        wanted = {row.key: row for row in self.rows}
        corrected, kept = labels.copy(), np.ones(len(labels), bool)
        for place in np.flatnonzero(np.isin(digests, [row.image for row in self.rows])):
            found = wanted.get((str(digests[place]), class_names[labels[place]]))
            if found is not None and found.action == "relabel":
                corrected[place] = numbers[found.label]
            kept[place] = found is None or found.action != "drop"
        return corrected, kept


def _table(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows below the header of a CSV file, each with the number of its line."""
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the file corrections.csv")
    if not path.is_file():
        raise InputError(f"{path}: no such file; tenfold audit makes the page that saves one")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, fields) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a CSV file ({error})") from None
    header = ",".join(COLUMNS)
    if not lines:
        raise InputError(f"{path}: is empty; its first line must be {header}")
    if tuple(lines[0][1]) != COLUMNS:
        found = ",".join(lines[0][1])[:80]
        raise InputError(f"{path}: its first line is {found!r}; it must be {header}")
    return lines[1:]


def _correction(path: Path, row: int, fields: Sequence[str]) -> Correction:
    if len(fields) != len(COLUMNS):
        raise InputError(f"{path}: row {row} has {len(fields)} fields, it must have {len(COLUMNS)}")
    image, _, _, given, action, label = fields
    if not _DIGEST.fullmatch(image):
        raise InputError(
            f"{path}: row {row}, image {image[:40]!r}; needed are 16 digits 0-9 and a-f, which a "
            "spreadsheet must keep as text"
        )
    if action not in ACTIONS:
        raise InputError(f"{path}: row {row}, action {action[:40]!r}; give {', '.join(ACTIONS)}")
    return Correction(row, image, given, action, label)


def _refuse_contradictions(path: Path, rows: Sequence[Correction]) -> None:
    seen: dict[tuple[str, str], Correction] = {}
    for row in rows:
        first = seen.setdefault(row.key, row)
        if first.verdict != row.verdict:
            raise InputError(
                f"{path}: rows {first.row} and {row.row} say {' '.join(first.verdict).strip()!r} "
                f"and {' '.join(row.verdict).strip()!r} of the same image; leave one of them"
            )


def _refuse_unknown_classes(path: Path, row: Correction, names: Sequence[str], what: str) -> None:
    wanted = {"given": row.given} | ({"label": row.label} if row.action == "relabel" else {})
    for column, value in wanted.items():
        if value not in names:
            raise InputError(
                f"{path}: row {row.row}, {column} {value[:40]!r} is no class of {what}; there are "
                f"{', '.join(names[:40])}"
            )


def _listed(values: Sequence[str]) -> str:
    return " and ".join(repr(value) for value in values)
