"""Value ranges: which values of an array of pixels are black and white.

One function, `decide`, answers this for datasets and for inputs of a network; `to_uint8` applies
the answer. It looks at all values: whole numbers 0 and 1 are a bitmap, and not two shades of black.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.lazy_images import release

_CHUNK_VALUES = 1 << 24
_SURE_BYTE = 64  # images from 0 to 255 that reach no more would be almost black
_SURE_WORD = 1 << 14  # images of 16 bits
_LIKE = 1.5  # ratio of the spans of two ranges below which both can be the same
_TOLERANCE = 1e-3  # of rounding, in float16 for instance, as a share of the range


@dataclass(frozen=True)
class ValueRange:
    """The values of black and white.

    Example:
        >>> str(ValueRange(0, 255)), str(ValueRange(-0.5, 0.5))
        ('0..255', '-0.5..0.5')
    """

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.6g}..{self.high:.6g}"

    def contains(self, levels: Levels) -> bool:
        """Whether all values are inside, but for rounding."""
        slack = _TOLERANCE * (self.high - self.low) * (not levels.whole)
        return self.low - slack <= levels.low and levels.high <= self.high + slack

    def is_like(self, other: ValueRange) -> bool:
        """Whether both can be ranges of the same data: 0..15 and 0..16, but not 0..1 and 0..255."""
        spans = sorted((self.high - self.low, other.high - other.low))
        return self.low == other.low and spans[1] < _LIKE * spans[0]

    def to_uint8(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Map values from black to white to 0 to 255, rounded."""
        if self == BYTE and pixels.dtype == np.uint8:
            return pixels
        if self == BYTE and pixels.dtype.kind in "ui":
            return pixels.astype(np.uint8)
        scaled = np.empty(pixels.shape, np.uint8)
        kind = np.float32 if pixels.dtype.itemsize <= 2 else np.float64
        for part, out in zip(_parts(pixels), _parts(scaled), strict=True):
            levels: NDArray[Any] = part.astype(kind)
            values = (levels - self.low) * (255 / (self.high - self.low))
            out[...] = np.rint(values).clip(0, 255)
        return scaled


BINARY = UNIT = ValueRange(0, 1)
BYTE = ValueRange(0, 255)
SIGNED = ValueRange(-1, 1)
WORD = ValueRange(0, 65535)
NAMES = {"binary": BINARY, "unit": UNIT, "signed": SIGNED, "byte": BYTE, "word": WORD}
"""Ranges by name; any other is written as LOW..HIGH."""

_WHOLE = (BINARY, ValueRange(0, 15), ValueRange(0, 16))
"""Ranges of whole numbers that their largest value tells: bitmaps, and optical digits."""

_CENTRED = (SIGNED, ValueRange(-0.5, 0.5))
"""Ranges of floats that are recognized if both ends occur."""


def parse(text: str | ValueRange) -> ValueRange:
    """Return the range that a name or LOW..HIGH describes.

    Raises:
        InputError: it is neither.

    Example:
        >>> parse("byte"), parse("0..16")
        (ValueRange(low=0, high=255), ValueRange(low=0.0, high=16.0))
    """
    if isinstance(text, ValueRange):
        return text
    if str(text) in NAMES:
        return NAMES[str(text)]
    match = re.fullmatch(r"(\S+)\.\.(\S+)", str(text))
    try:
        low, high = map(float, match.groups() if match else ())
    except ValueError:
        low = high = 0.0
    if not (low < high and np.isfinite(high - low)):
        raise InputError(
            f"pixels: {text!r}; give {', '.join(NAMES)}, or the values of black and white as in "
            "0..16"
        )
    return ValueRange(low, high)


@dataclass(frozen=True)
class Levels:
    """The values of arrays, in short.

    Attributes:
        low, high: the smallest and the largest.
        whole: whether all are whole numbers.
        boolean: whether the arrays are of truth values.
    """

    low: float
    high: float
    whole: bool
    boolean: bool = False

    @classmethod
    def of(cls, arrays: Iterable[NDArray[Any]], name: str, exact: bool = False) -> Levels:
        """Look at all values.

        Args:
            arrays: of numbers or truth values.
            name: of the arrays, for messages.
            exact: also look at the rest of bytes that certainly are from 0 to 255.

        Raises:
            InputError: a value is NaN or infinite, or there is none.
        """
        found = [_levels_of(array, name, exact) for array in arrays if array.size]
        if not found:
            raise InputError(f"{name} holds no images; at least one a class is needed")
        return cls.joined(found)

    @classmethod
    def joined(cls, found: Sequence[Levels]) -> Levels:
        """Return the levels of several arrays together."""
        return cls(
            min(levels.low for levels in found),
            max(levels.high for levels in found),
            all(levels.whole for levels in found),
            all(levels.boolean for levels in found),
        )

    def __str__(self) -> str:
        if self.boolean:
            return "truth values"
        kind = "whole numbers" if self.whole else "fractions"
        return f"{kind} from {self.low:.6g} to {self.high:.6g}"


def recognize(levels: Levels) -> ValueRange | None:
    """Return the range that values are in, or None if they could be in several.

    Example:
        >>> ends = (0, 1), (0, 16), (0, 200), (-1, 1)
        >>> print(*(recognize(Levels(low, high, whole=True)) for low, high in ends))
        0..1 0..16 0..255 -1..1
        >>> recognize(Levels(0, 7, whole=True)), recognize(Levels(-0.4, 2.8, whole=False))
        (None, None)
    """
    if levels.boolean:
        return BINARY
    if levels.low == levels.high == 0:
        return BYTE
    for candidate in _CENTRED:
        ends = ValueRange(levels.low, levels.high)
        slack = _TOLERANCE * candidate.high
        if abs(ends.low - candidate.low) <= slack and abs(ends.high - candidate.high) <= slack:
            return candidate
    if levels.low < 0 and not UNIT.contains(levels):
        return None
    if levels.whole:
        exact = next((known for known in _WHOLE if known.high == levels.high), None)
        if exact is None and _SURE_BYTE <= levels.high <= BYTE.high:
            exact = BYTE
        return WORD if exact is None and _SURE_WORD <= levels.high <= WORD.high else exact
    if UNIT.contains(levels):
        return UNIT if levels.high > 1 / 16 else None
    return BYTE if levels.high >= _SURE_BYTE and BYTE.contains(levels) else None


def decide(
    levels: Levels,
    name: str,
    given: str | ValueRange | None = None,
    trained: ValueRange | None = None,
) -> ValueRange:
    """Return the range of pixels.

    Args:
        levels: of all arrays that belong together, such as all splits of a dataset.
        name: of the arrays, for messages.
        given: what the user says; None to recognize it.
        trained: the range that a network was trained on, for inputs of the network. It decides
            where the values alone do not.

    Raises:
        InputError: the values are outside of the given range, or no range is certain.
    """
    if given is not None:
        chosen = parse(given)
        if not chosen.contains(levels):
            raise InputError(
                f"{name}: pixels are {levels}, not all in {chosen}; set --pixels (pixels= in "
                "Python and JSON) to the values of black and white, as in 0..16"
            )
        return chosen
    found = recognize(levels)
    if found is None and trained is not None and trained.contains(levels):
        is_visible = levels.high - trained.low > (trained.high - trained.low) / 16
        found = trained if is_visible else None
    if found is None:
        raise InputError(_unclear(levels, name))
    return found


def contradicts(found: ValueRange, levels: Levels, trained: ValueRange) -> bool:
    """Whether a network's input is in another range than that it was trained on, by surprise.

    Bytes, fractions from 0 to 1 and truth values say their range by themselves; few whole numbers
    do not.

    Example:
        >>> bitmap = Levels(0, 1, whole=True)
        >>> contradicts(BINARY, bitmap, BYTE), contradicts(BINARY, bitmap, BINARY)
        (True, False)
    """
    plain = levels.boolean or found in (BYTE, WORD) or (found == UNIT and not levels.whole)
    return found != trained and not plain


def to_uint8(
    values: NDArray[Any],
    name: str,
    given: str | None = None,
    trained: ValueRange | None = None,
) -> tuple[NDArray[np.uint8], str]:
    """Map one array of pixels to 0 to 255.

    Args:
        values: numbers or truth values.
        name: of the array, for messages.
        given, trained: as for `decide`.

    Returns:
        uint8 of the same shape, and a warning if the range is unlike that of the training images,
        else "".

    Raises:
        InputError: as for `decide`; or a value is NaN or infinite, or there is none.

    Example:
        >>> to_uint8(np.array([[0, 1]]), "image", trained=BYTE)[0].tolist()
        [[0, 255]]
    """
    if given in ("byte", str(BYTE)) and values.dtype == np.uint8:
        return values, ""
    levels = Levels.of([values], name, exact=given is not None)
    found, warning = decide(levels, name, given, trained), ""
    if given is None and trained is not None and contradicts(found, levels, trained):
        warning = (
            f"{name}: pixels are {levels}, read as {found} from black to white, and the network "
            f"was trained on {trained}; set --pixels (pixels= in Python and JSON) if that is wrong"
        )
    return found.to_uint8(values), warning


def _unclear(levels: Levels, name: str) -> str:
    low, high = f"{min(levels.low, 0):.6g}", f"{levels.high:.6g}"
    shown = f"{name}: pixels are {levels}"
    if levels.low < 0 and BYTE.contains(Levels(0, levels.high, levels.whole)) and levels.whole:
        shown += ", perhaps bytes read as signed"
    elif not levels.whole and levels.low >= 0 and levels.high <= 1:
        shown += ", perhaps divided by 255 twice"
    elif not levels.whole and levels.low < 0:
        shown += ", perhaps standardized"
    or_byte = " or byte" if levels.low >= 0 and levels.high <= BYTE.high else ""
    return (
        f"{shown}; set --pixels (pixels= in Python and JSON) to the values of black and white, "
        f"such as {low}..{high}{or_byte}"
    )


def _levels_of(array: NDArray[Any], name: str, exact: bool) -> Levels:
    low, high, whole = np.inf, -np.inf, True
    for part in _parts(array):
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        if not np.isfinite(low + high):
            raise InputError(f"{name} has pixels that are NaN or infinite; remove or repair them")
        if array.dtype == np.uint8 and high >= _SURE_BYTE and not exact:
            return Levels(0, BYTE.high, True)
        whole = whole and (part.dtype.kind != "f" or bool((part == np.rint(part)).all()))
    return Levels(low, high, whole, array.dtype.kind == "b")


def _parts(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield views of consecutive rows, of at most 16 million values each."""
    rows = max(1, _CHUNK_VALUES // max(1, array[:1].size))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
        release(array)
