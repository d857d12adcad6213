"""Datasets in memory: arrays, tables, and objects of other libraries, as raw data."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_labels
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.foreign import Labelled, splits_of
from tenfold.data.image_files import without_alpha
from tenfold.data.items import images_of, is_image
from tenfold.data.multi_label import fit_names
from tenfold.data.raw_data import RawData, RawSplit, number_labels
from tenfold.data.raw_images import convert_images
from tenfold.data.tables.records import numbered
from tenfold.data.tables.splits import raw_data
from tenfold.data.tables.table import as_table

_TABLE = Path("the table")


def read_in_memory(source: Any, options: ReadOptions) -> RawData | None:
    """Return a dataset in memory as raw data, or None for an object of no known library.

    Raises:
        InputError: its images or labels are not found or cannot be used.
    """
    raw = stored_in_memory(source, options)
    return None if raw is None else convert_images(number_labels(raw, options.multi_label), options)


def stored_in_memory(source: Any, options: ReadOptions) -> RawData | None:
    """Return what `read_in_memory` does, with images and labels as they are."""
    found = splits_of(source)
    if not found:
        return None
    found = _with_equal_names(found)
    parts = {split: _read(part, split, options) for split, part in found.items()}
    splits = {split: part.splits["train"] for split, part in parts.items()}
    if len(parts) == 1:  # a column of a table can divide it
        splits = next(iter(parts.values())).splits
    names = next((part.names for part in found.values() if part.names), None)
    return RawData(
        splits,
        names if names and _fits(names, splits) else None,
        tuple(chain.from_iterable(part.unreadable for part in parts.values())),
        tuple(f"{split}: {part.note}" for split, part in found.items() if part.note),
        tuple(dict.fromkeys(chain.from_iterable(part.decisions for part in parts.values()))),
        format="dataset in memory",
    )


def _with_equal_names(found: dict[str, Labelled]) -> dict[str, Labelled]:
    """Name the label of each image where splits number their classes differently.

    So does an `ImageFolder` of torchvision of a split that lacks a class.
    """
    if len({part.names for part in found.values()}) < 2:
        return found
    unnamed = next((s for s, p in found.items() if p.names is None or np.ndim(p.labels) > 1), None)
    if len({part.names for part in found.values() if part.names}) < 2:
        return found  # the names of one split are those of all
    if unnamed is not None:
        raise InputError(
            f"the splits have different classes, and those of {unnamed} have no names; give labels "
            "as text"
        )
    return {
        split: replace(part, labels=np.array(part.names)[np.asarray(part.labels)], names=None)
        for split, part in found.items()
    }


def _fits(names: tuple[str, ...], splits: dict[str, RawSplit]) -> bool:
    return all(fit_names(split.labels, len(names)) for split in splits.values())


def _read(part: Labelled, split: str, options: ReadOptions) -> RawData:
    """Return one split as train, or the splits of a table."""
    decisions: tuple[str, ...] = ()
    if part.labels is None:
        frame, names = _numbered(part.images)
        table = as_table(frame, names, options.label_column, _TABLE)
        pixels = table.columns.pixels
        if len(pixels) != 1 or not is_image(table.cells(pixels[0]).iloc[0]):
            return raw_data({"train": table}, options)
        part = Labelled(images_of(table.cells(pixels[0]).tolist()), table.labels())
        decisions = (table.columns.decision,)
    origin = f"{split} split"
    labels = as_labels(np.asarray(part.labels), f"{origin}: labels")
    images = part.images
    if isinstance(images, list) and any(map(is_image, images)):
        items = (
            Encoded(f"{origin}, image {i}", label, None, partial(_pages, image))
            for i, (image, label) in enumerate(zip(images, labels, strict=True))
        )
        found, unreadable = decode_split(items, origin, options)
        return RawData({"train": found}, unreadable=tuple(unreadable), decisions=decisions)
    return RawData({"train": RawSplit(_stacked(images, origin), labels, origin)})


def _numbered(rows: Any) -> Any:
    import pandas as pd

    return numbered(pd.DataFrame(rows) if isinstance(rows, list) else rows)


def _stacked(images: Any, origin: str) -> Any:
    """Return images as one array; those in an array of objects, too."""
    is_nested = isinstance(images, np.ndarray) and images.dtype.kind == "O" and images.ndim == 1
    try:
        return np.stack(list(images)) if is_nested else np.asarray(images)
    except ValueError:
        raise InputError(f"{origin}: images differ in size; give them one") from None


def _pages(image: Any) -> list[Any]:
    if not is_image(image):
        raise InputError(f"no image, but {type(image).__name__}")
    return [without_alpha(image)]
