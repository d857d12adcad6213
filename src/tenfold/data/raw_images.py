"""Images of all splits of a file or folder, converted together."""

from __future__ import annotations

from dataclasses import replace

from tenfold.core.read_options import ReadOptions
from tenfold.data.channels import with_equal_channels
from tenfold.data.convert import as_images, require_numbers
from tenfold.data.raw_data import RawData
from tenfold.data.value_range import Levels, decide


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
    levels = Levels.of((part.images for part in parts), name, exact=options.pixels is not None)
    pixels = decide(levels, name, options.pixels)
    splits = {
        split: replace(
            part, images=as_images(pixels.to_uint8(part.images), part.origin, options.resize)
        )
        if part.images.size
        else part
        for split, part in raw.splits.items()
    }
    height, width = next(iter(splits.values())).images.shape[1:3]
    decisions = (*raw.decisions, f"pixels {pixels} from black to white", f"{height}x{width}")
    converted = replace(raw, splits=splits, pixels=str(pixels), decisions=decisions)
    return with_equal_channels(converted, options.grey)
