"""Corrections: a table of images to relabel or drop, applied when data are loaded."""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.array_types import Labels
from tenfold.data.dataset import Dataset

COLUMNS = ("image", "split", "index", "given", "action", "label")
ACTIONS = ("keep", "relabel", "drop")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Correction:
    """A row: what to do with the images that have a digest and a label.

    Attributes:
        row: line in the file; the header is line 1.
        image: digest, as in `Dataset.digests`.
        given: class name in the data.
        action: "keep", "relabel" or "drop".
        label: new class name if the action is "relabel".
    """

    row: int
    image: str
    given: str
    action: str
    label: str

    @property
    def key(self) -> tuple[str, str]:
        """The digest and the class name in the data, which identify the images."""
        return self.image, self.given

    @property
    def outcome(self) -> tuple[str, str]:
        """The action, and the new class name or an empty string."""
        return self.action, self.label if self.action == "relabel" else ""


@dataclass(frozen=True)
class Corrections:
    """The rows of a file of corrections.

    Attributes:
        path: the file.
        rows: in the order of the file.
    """

    path: Path
    rows: tuple[Correction, ...]

    @classmethod
    def read(cls, path: str | Path) -> Corrections:
        """Read a CSV file with the columns image, split, index, given, action and label.

        Split and index are for people; digest and given label identify an image.

        Raises:
            InputError: there is no such file, it has other columns, an action is unknown, or two
                rows contradict each other.

        Examples:
            >>> import tempfile
            >>> path = Path(tempfile.mkdtemp()) / "corrections.csv"
            >>> _ = path.write_text(
            ...     "image,split,index,given,action,label\\n6732afca7d626dd6,test,0,7,relabel,1\\n")
            >>> Corrections.read(path).rows[0].outcome
            ('relabel', '1')
        """
        path = Path(path).expanduser()
        rows = tuple(_correction(path, row, fields) for row, fields in _table(path))
        _validate_consistency(path, rows)
        return cls(path, rows)

    def verify(self, datasets: Iterable[Dataset], name: str) -> None:
        """Check that the data have the image and the classes of each row.

        Args:
            datasets: all splits.
            name: of the data, for error messages.

        Raises:
            InputError: an image is in no split or has another label, or a class is unknown.
        """
        given: dict[str, set[str]] = {}
        names: tuple[str, ...] = ()
        for data in datasets:
            names = data.class_names
            for digest, label in zip(data.digests.tolist(), data.labels.tolist(), strict=True):
                given.setdefault(digest, set()).add(names[label])
        self._validate_images(given, name)
        for row in self.rows:
            _validate_classes(self.path, row, names, name)
            if row.given not in given[row.image]:
                raise InputError(
                    f"{self.path}: row {row.row}: image {row.image} has the label "
                    f"{row.given!r} there and {' and '.join(map(repr, sorted(given[row.image])))} "
                    f"in {name}; make the corrections from these data"
                )

    def _validate_images(self, digests: Container[str], name: str) -> None:
        missing = [row for row in self.rows if row.image not in digests]
        if missing:
            raise InputError(
                f"{self.path}: {len(missing)} of {len(self.rows)} images are not in {name}, the "
                f"first is {missing[0].image} in row {missing[0].row}; make the corrections from "
                "these data"
            )

    def apply(self, dataset: Dataset) -> Dataset:
        """Return a dataset with new labels and without the dropped images.

        Rows for images of other datasets have no effect.

        Raises:
            InputError: all images would be dropped, or a class is unknown.
        """
        labels, kept = self.apply_to(dataset.labels, dataset.digests, dataset.class_names)
        if len(kept) and not kept.any():
            raise InputError(f"{self.path}: drops all {len(kept):,} images of a split; keep some")
        images = dataset.images if kept.all() else dataset.images[kept]
        return Dataset(images, labels[kept], dataset.class_names, dataset.name)

    def apply_to(
        self, labels: Labels, digests: NDArray[np.str_], class_names: Sequence[str]
    ) -> tuple[Labels, NDArray[np.bool_]]:
        """Return the corrected labels, and a mask of the images that are not dropped.

        Args:
            labels: int64 [n].
            digests: str [n], as in `Dataset.digests`.
            class_names: in the order of the labels.

        Returns:
            int64 [n], and bool [n].

        Raises:
            InputError: a row has a class that is not among the class names.
        """
        for row in self.rows:
            _validate_classes(self.path, row, class_names, "the data")
        rows = {row.key: row for row in self.rows}
        corrected, kept = labels.copy(), np.ones(len(labels), bool)
        for i in np.flatnonzero(np.isin(digests, [row.image for row in self.rows])):
            match = rows.get((str(digests[i]), class_names[labels[i]]))
            if match is not None and match.action == "relabel":
                corrected[i] = class_names.index(match.label)
            kept[i] = match is None or match.action != "drop"
        return corrected, kept


def _table(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file without its header, each with its line number."""
    if path.is_dir():
        raise InputError(f"{path}: a folder; give the file corrections.csv")
    if not path.is_file():
        raise InputError(f"{path}: no such file; the page of tenfold audit saves one")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, fields) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a CSV file ({error})") from None
    needed = ",".join(COLUMNS)
    if not lines:
        raise InputError(f"{path}: is empty; its first line must be {needed}")
    header = ",".join(lines[0][1])
    if header != needed:
        raise InputError(f"{path}: its first line is {header[:80]!r}; it must be {needed}")
    return lines[1:]


def _correction(path: Path, row: int, fields: Sequence[str]) -> Correction:
    if len(fields) != len(COLUMNS):
        raise InputError(f"{path}: row {row} has {len(fields)} fields, it must have {len(COLUMNS)}")
    image, _, _, given, action, label = fields
    if not _DIGEST.fullmatch(image):
        raise InputError(
            f"{path}: row {row}, image {image[:40]!r}; needed are 16 digits 0-9 and a-f; in a "
            "spreadsheet, format the column as text"
        )
    if action not in ACTIONS:
        raise InputError(f"{path}: row {row}, action {action[:40]!r}; give {', '.join(ACTIONS)}")
    return Correction(row, image, given, action, label)


def _validate_consistency(path: Path, rows: Sequence[Correction]) -> None:
    first_rows: dict[tuple[str, str], Correction] = {}
    for row in rows:
        first = first_rows.setdefault(row.key, row)
        if first.outcome != row.outcome:
            raise InputError(
                f"{path}: rows {first.row} and {row.row} give {' '.join(first.outcome).strip()!r} "
                f"and {' '.join(row.outcome).strip()!r} for the same image; remove one of them"
            )


def _validate_classes(path: Path, row: Correction, names: Sequence[str], data: str) -> None:
    columns = {"given": row.given} | ({"label": row.label} if row.action == "relabel" else {})
    for column, value in columns.items():
        if value not in names:
            raise InputError(
                f"{path}: row {row.row}, {column} {value[:40]!r} is not a class of {data}, which "
                f"has {', '.join(names[:40])}"
            )
