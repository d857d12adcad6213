"""What each column of a table is: an id, a path, a split, the label or a pixel.

Names decide where there are names, and values elsewhere. Where two columns could be the label, the
table is refused: `--label-column` decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core import limits
from tenfold.core.errors import InputError
from tenfold.core.image_shape import CHANNELS
from tenfold.data.channels import is_flat_colour
from tenfold.data.raw_data import split_of
from tenfold.data.tables.names import (
    ID_NAMES,
    LABEL_NAMES,
    PATH_NAMES,
    SPLIT_NAMES,
    STRING_NAMES,
    families,
    numbers_in,
    plain,
)

if TYPE_CHECKING:
    import pandas as pd

_MIN_SIDE = 4
_MAX_SPLITS = 3


@dataclass(frozen=True)
class Columns:
    """The columns of a table, by their number.

    Attributes:
        label: of the labels; None if there is none.
        pixels: in the order of the rows of an image.
        shape: height and width of the images; None if strings hold the pixels.
        split: of the split of each row, or None.
        path: of file names, or None.
        decision: how the columns were recognized, in words.
    """

    label: int | None
    pixels: tuple[int, ...]
    shape: tuple[int, ...] | None
    split: int | None = None
    path: int | None = None
    decision: str = ""

    def without_label(self) -> Columns:
        """Return the same columns, of which none is a label."""
        return replace(self, label=None)


def classify(
    frame: pd.DataFrame, names: Sequence[str] | None, label_column: str | int | None, where: str
) -> Columns:
    """Return what each column of a table is.

    Args:
        frame: its columns are numbered.
        names: of all columns by number; None without a header.
        label_column: the user's choice: a name, ``first``, ``last`` or an index; None to
            recognize it.
        where: the file, for messages.

    Raises:
        InputError: there is no such column, no pixels, or no certain label.
    """
    table = _Table(frame, names, where)
    chosen = None if label_column is None else table.find(label_column)
    numbers = [c for c in table.columns if c != chosen and table.is_numeric(c)]
    texts = [c for c in table.columns if c != chosen and not table.is_numeric(c)]
    strings = [c for c in texts if table.has_pixel_strings(c)]
    split = next((c for c in table.columns if c != chosen and table.is_split(c)), None)
    if strings:
        label = chosen if chosen is not None else table.label_among(strings, split)
        return Columns(label, (strings[0],), None, split, None, table.describe(label, "strings"))
    return table.with_pixels(chosen, numbers, texts, split)


def pixel_columns(frame: pd.DataFrame, names: Sequence[str]) -> list[int]:
    """Return the columns whose names differ in their numbers only, if they are pixels."""
    groups = families([int(c) for c in frame.columns], names).values()
    largest = max(groups, key=len, default=[])
    return largest if len(largest) >= _MIN_SIDE**2 else []


class _Table:
    def __init__(self, frame: pd.DataFrame, names: Sequence[str] | None, where: str) -> None:
        self._frame, self._names, self._where = frame, names, where
        self.columns: list[int] = [int(c) for c in frame.columns]
        self._families = families(self.columns, names) if names else {}

    def name(self, column: int) -> str:
        return "" if self._names is None else self._names[column]

    def named(self, column: int, known: Sequence[str]) -> bool:
        return self._names is not None and plain(self._names[column]) in known

    def is_split(self, column: int) -> bool:
        """Whether a column has a name of splits, or without a header the values of several."""
        if self._names is not None:
            return self.named(column, SPLIT_NAMES)
        values = self._frame[column].unique() if not self.is_numeric(column) else ()
        return 2 <= len(values) <= _MAX_SPLITS and all(split_of(str(v)) for v in values)

    def is_numeric(self, column: int) -> bool:
        return bool(self._frame[column].dtype.kind in "iufb")

    def is_text(self, column: int) -> bool:
        """Whether a column is text, and not of numbers with a wrong cell."""
        import pandas as pd

        values = pd.to_numeric(self._frame[column].head(100), errors="coerce")
        return not self.is_numeric(column) and bool(values.isna().mean() > 0.5)

    def has_pixel_strings(self, column: int) -> bool:
        """Whether a cell holds all pixels of an image: as text, or as a list."""
        first = self._frame[column].iloc[0]
        if not isinstance(first, (str, int, float, type(None))):
            return not isinstance(first, np.generic)
        first = str(first)
        pieces = re.findall(r"[-+.\w]+", first)
        return len(pieces) >= _MIN_SIDE**2 and not re.search(r"[A-DF-Za-df-z/\\]", first)

    def find(self, column: str | int) -> int:
        """Return the column that the user names."""
        text = str(column)
        matches = [c for c in self.columns if self._names and self.name(c) == text]
        if not matches and self._names:
            matches = [c for c in self.columns if plain(self.name(c)) == plain(text)]
        if len(matches) == 1:
            return matches[0]
        if text in ("first", "last"):
            return self.columns[0 if text == "first" else -1]
        if re.fullmatch(r"-?\d+", text) and -len(self.columns) <= int(text) < len(self.columns):
            return self.columns[int(text)]
        raise InputError(
            f"{self._where}: --label-column {text}: there is no such column; give first, last, an "
            f"index from 0 to {len(self.columns) - 1}{self._listed()}"
        )

    def _listed(self) -> str:
        if self._names is None:
            return ""
        names = [self.name(c)[:20] for c in self.columns]
        shown = names if len(names) <= 6 else [*names[:3], "...", *names[-2:]]
        return f" or a name ({', '.join(shown)})"

    def label_among(self, pixels: Sequence[int], split: int | None) -> int | None:
        """Return the label: the column with a name of labels, or the only one left."""
        others = [c for c in self.columns if c not in pixels and c != split]
        named = [c for c in others if self.named(c, LABEL_NAMES)]
        rest = [c for c in others if not self.named(c, (*ID_NAMES, *PATH_NAMES))]
        rest = [c for c in rest if not self._is_unnamed(c)]
        for candidates in (named, rest):
            if len(candidates) > 1:
                candidates = self._of_equal_meaning(candidates)
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                listed = " or ".join(
                    repr(self.name(c)) if self._names else str(c) for c in candidates[:4]
                )
                raise InputError(
                    f"{self._where}: the label could be the column {listed}; say which with "
                    "--label-column"
                )
        return None

    def _is_unnamed(self, column: int) -> bool:
        return bool(re.fullmatch(r"unnamed(: \d+|)|level \d+", plain(self.name(column))))

    def _of_equal_meaning(self, candidates: list[int]) -> list[int]:
        """Keep one of two columns that number and name the same classes: the names."""
        pairs = self._frame[candidates].drop_duplicates()
        if any(len(pairs) != pairs[c].nunique() for c in candidates):
            return candidates
        texts = [c for c in candidates if not self.is_numeric(c)]
        return (texts or candidates)[:1]

    def with_pixels(
        self, chosen: int | None, numbers: list[int], texts: list[int], split: int | None
    ) -> Columns:
        groups = ([c for c in f if c != chosen] for f in self._families.values())
        family = max(groups, key=len, default=[])
        if len(family) >= _MIN_SIDE**2:
            return self._with_family(chosen, family, split)
        if len(numbers) < _MIN_SIDE**2:
            return self._with_paths(chosen, numbers, texts, split)
        return self._by_position(chosen, numbers, texts)

    def _with_family(self, chosen: int | None, family: list[int], split: int | None) -> Columns:
        label = chosen
        if label is None:
            label = self.label_among(family, split)
        pixels, shape = self._ordered(family)
        if shape is None and label is None:  # the names number the label as well
            return self._by_position(None, pixels, [])
        if shape is None:
            raise InputError(self._no_square(len(family)))
        return Columns(label, tuple(pixels), shape, split, None, self.describe(label, "names"))

    def _ordered(self, family: list[int]) -> tuple[list[int], tuple[int, ...] | None]:
        """Return pixels in the order of the numbers in their names, and the shape."""
        keys = {c: numbers_in(self.name(c)) for c in family}
        ordered = sorted(family, key=lambda c: keys[c])
        values = [keys[c] for c in ordered]
        if len(set(values)) < len(values):
            raise InputError(f"{self._where}: two pixel columns have the same number in their name")
        if len(values[0]) == 2:
            rows, columns = ({key[i] for key in values} for i in (0, 1))
            if len(rows) * len(columns) != len(values):
                raise InputError(self._no_square(len(family)))
            return ordered, (len(rows), len(columns))
        if values[-1][0] - values[0][0] + 1 != len(values):
            raise InputError(
                f"{self._where}: pixel columns are missing: the numbers in their names run from "
                f"{values[0][0]} to {values[-1][0]}, and there are {len(values)}; put them back"
            )
        return ordered, _square(len(family))

    def _with_paths(
        self, chosen: int | None, numbers: list[int], texts: list[int], split: int | None
    ) -> Columns:
        known = [c for c in self.columns if self.named(c, (*PATH_NAMES, *STRING_NAMES))]
        known += [c for c in self.columns if self.named(c, ID_NAMES)]
        known += [c for c in texts if re.search(r"[/\\]|\.\w{2,4}$", str(self._frame[c].iloc[0]))]
        path = next((c for c in known if c not in (chosen, split)), None)
        if path is None:
            raise InputError(self._no_square(0 if self._names else len(numbers)))
        label = chosen if chosen is not None else self.label_among([path], split)
        return Columns(label, (), None, split, path, self.describe(label, "files"))

    def _by_position(self, chosen: int | None, numbers: list[int], texts: list[int]) -> Columns:
        """Recognize the columns by their values alone."""
        ids = [c for c in numbers if self.named(c, ID_NAMES) or self._is_counter(c, numbers)]
        wrong = [c for c in texts if not self.is_text(c)]
        if wrong and self._names is None:
            numbers, texts = sorted([*numbers, *wrong]), [c for c in texts if c not in wrong]
        if chosen is None and len(texts) == 1 and texts[0] in (self.columns[0], self.columns[-1]):
            chosen = texts[0]
        if chosen is not None:
            found = [numbers, [c for c in numbers if c not in ids]]
            pixels = next((p for p in found if _square(len(p))), None)
            if pixels is None:
                raise InputError(self._no_square(len(numbers)))
            return self._positional(chosen, pixels)
        if _square(len(numbers)):
            return self._positional(None, numbers)
        rest = next((r for r in (numbers, numbers[1:]) if _square(len(r) - 1)), None)
        if rest is None or (len(rest) < len(numbers) and numbers[0] not in ids):
            raise InputError(self._no_square(len(numbers)))
        likely = [c for c in (rest[0], rest[-1]) if self._can_be_label(c)]
        if len(likely) != 1:
            which = "both the first and the last" if likely else "neither the first nor the last"
            raise InputError(
                f"{self._where}: no column is called label, and {which} column could be one by "
                "its values; say which with --label-column first, last or an index from 0"
            )
        return self._positional(likely[0], [c for c in rest if c != likely[0]])

    def _positional(self, label: int | None, pixels: list[int]) -> Columns:
        how = self.describe(label, "position")
        return Columns(label, tuple(pixels), _square(len(pixels)), decision=how)

    def _is_counter(self, column: int, numbers: list[int]) -> bool:
        """Whether the first column numbers the rows."""
        values = self._values(column)
        return column == numbers[0] and len(values) > 2 and bool((np.diff(values) == 1).all())

    def _can_be_label(self, column: int) -> bool:
        """Whether values are classes: whole numbers from 0 or 1 without gaps, each repeated."""
        values = self._values(column)
        if not np.isfinite(values).all() or (values != np.floor(values)).any():
            return False
        classes = np.unique(values)
        dense = classes[0] in (0, 1) and classes[-1] - classes[0] + 1 == len(classes)
        return bool(
            dense and 2 <= len(classes) <= min(limits.MAX_CLASSES, max(2, len(values) // 2))
        )

    def _values(self, column: int) -> NDArray[Any]:
        import pandas as pd

        values: NDArray[Any] = pd.to_numeric(self._frame[column], errors="coerce").to_numpy()
        return values

    def describe(self, label: int | None, by: str) -> str:
        if label is None:
            return "no labels"
        name = repr(self.name(label)[:40]) if self._names else ""
        if name and by != "position":
            return f"labels in column {name}"
        place = {self.columns[0]: "the first column", self.columns[-1]: "the last column"}
        return f"labels in {place.get(label, f'column {name or label}')}"

    def _no_square(self, count: int) -> str:
        found = f"{count:,} pixel columns" if count else "no pixel columns"
        return (
            f"{self._where}: {len(self.columns):,} columns, {found}; give a label and 784 pixels "
            "(28x28, or another square number) a line, or file names and labels; --label-column "
            "says which is the label"
        )


def _square(count: int) -> tuple[int, ...] | None:
    """The shape of a square image of so many values, grey or of three colours."""
    side = isqrt(count) if count > 0 else 0
    if side >= _MIN_SIDE and side * side == count:
        return (side, side)
    side = isqrt(max(0, count) // CHANNELS)
    return (side, side, CHANNELS) if is_flat_colour(count, _MIN_SIDE) else None
