"""Datasets in memory: arrays, and objects of other libraries, as raw data."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_labels
from tenfold.data.decoding import Encoded, decode_split
from tenfold.data.foreign import Labelled, is_image, splits_of
from tenfold.data.image_files import without_alpha
from tenfold.data.raw_data import RawData, RawSplit, Unreadable, number_labels
from tenfold.data.raw_images import convert_images


def read_in_memory(source: Any, options: ReadOptions) -> RawData | None:
    """Return a dataset in memory as raw data, or None for an object of no known library.

    Raises:
        InputError: its images or labels are not found or cannot be used.
    """
    found = splits_of(source)
    if not found:
        return None
    splits: dict[str, RawSplit] = {}
    unreadable: list[Unreadable] = []
    for split, part in found.items():
        splits[split], failures = _raw_split(part, f"{split} split", options)
        unreadable += failures
    names = next((part.names for part in found.values() if part.names), None)
    labels = np.concatenate([split.labels for split in splits.values()])
    is_numbered = names and labels.dtype.kind == "i" and len(labels) and labels.min() >= 0
    fits = is_numbered and names and labels.max() < len(names)
    notes = tuple(f"{split}: {part.note}" for split, part in found.items() if part.note)
    raw = RawData(
        splits, names if fits else None, tuple(unreadable), notes, format="dataset in memory"
    )
    return convert_images(number_labels(raw), options)


def _raw_split(
    part: Labelled, origin: str, options: ReadOptions
) -> tuple[RawSplit, list[Unreadable]]:
    labels = as_labels(np.asarray(part.labels), f"{origin}: labels")
    images = part.images
    if isinstance(images, list) and any(map(is_image, images)):
        items = (
            Encoded(f"{origin}, image {i}", label, None, partial(_pages, image))
            for i, (image, label) in enumerate(zip(images, labels, strict=True))
        )
        return decode_split(items, origin, options)
    try:
        stack = np.asarray(images)
    except ValueError:
        raise InputError(f"{origin}: images differ in size; give them one") from None
    return RawSplit(stack, labels, origin), []


def _pages(image: Any) -> list[Any]:
    if not is_image(image):
        raise InputError(f"no image, but {type(image).__name__}")
    return [without_alpha(image)]
