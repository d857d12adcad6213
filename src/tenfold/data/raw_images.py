"""Images of all splits of a file or folder, converted together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.channels import has_colour, to_colour, to_grey
from tenfold.data.convert import as_images, require_numbers
from tenfold.data.raw_data import RawData, RawSplit, words_of
from tenfold.data.value_range import Levels, ValueRange, decide, recognize

EMNIST_ADVICE = "the images in files of EMNIST are transposed; add --transpose"
_AS_PUBLISHED = ("IDX", "MAT", "CSV")  # formats of EMNIST


def convert_images(raw: RawData, options: ReadOptions) -> RawData:
    """Convert the images of a format to uint8 [n, height, width] or [n, height, width, 3].

    All splits decide together which values are black and white, and whether there are colours.

    Raises:
        InputError: as for `as_images`.
    """
    parts = [part for part in raw.splits.values() if part.images.size]
    for part in parts:
        require_numbers(part.images, part.origin)
    if not parts:
        return raw
    name = parts[0].origin
    exact = options.pixels is not None
    levels = [Levels.of([part.images], part.origin, exact) for part in parts]
    if not exact:
        _require_equal_ranges([part.origin for part in parts], levels)
    pixels = decide(Levels.joined(levels), name, options.pixels)
    splits = {split: _converted(part, pixels, options) for split, part in raw.splits.items()}
    height, width = next(iter(splits.values())).images.shape[1:3]
    decisions = [*raw.decisions, f"pixels {pixels} from black to white", f"{height}x{width}"]
    notes = raw.notes
    if options.transpose:
        decisions.append("transposed")
    elif raw.format in _AS_PUBLISHED and (
        raw.mapped or any("emnist" in words_of(p.origin) for p in parts)
    ):
        notes = (*notes, EMNIST_ADVICE)
    converted = replace(
        raw, splits=splits, pixels=str(pixels), decisions=tuple(decisions), notes=notes
    )
    return _with_equal_channels(converted, options.grey)


def _require_equal_ranges(origins: list[str], levels: list[Levels]) -> None:
    """Refuse splits of which one was scaled and another was not.

    Raises:
        InputError: each by itself would be read in another range.
    """
    first = recognize(levels[0])
    for origin, one in zip(origins, levels, strict=True):
        found = recognize(one)
        if found and first and not found.is_like(first):
            raise InputError(
                f"{origin} has pixels that are {one}, {origins[0]} {levels[0]}; scale both alike, "
                "or set --pixels (pixels= in Python) to the values of black and white of all"
            )


def _converted(part: RawSplit, pixels: ValueRange, options: ReadOptions) -> RawSplit:
    if not part.images.size:
        return part
    images = as_images(pixels.to_uint8(part.images), part.origin, options.resize)
    if options.transpose:
        images = np.ascontiguousarray(images.swapaxes(1, 2))
    return replace(part, images=images)


def _with_equal_channels(raw: RawData, grey: bool = False) -> RawData:
    """Make all splits coloured if one of them has colours, and grey otherwise.

    Args:
        raw: any splits.
        grey: make them grey in any case.
    """
    is_grey = grey or not any(has_colour(split.images) for split in raw.splits.values())
    convert = to_grey if is_grey else to_colour
    splits = {
        name: replace(split, images=convert(split.images)) for name, split in raw.splits.items()
    }
    return replace(raw, splits=splits)
