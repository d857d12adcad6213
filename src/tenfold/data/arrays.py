"""Arrays in memory as raw data: ``(x, y)``, or one such pair a split."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import as_images
from tenfold.data.dataset import Dataset
from tenfold.data.in_memory import read_in_memory
from tenfold.data.raw_data import RawData, RawSplit


def read_arrays(source: Any, options: ReadOptions | None = None) -> RawData:
    """Return arrays in memory as raw data, with uint8 images.

    Args:
        source: a `Dataset`, or whatever `read_in_memory` reads, such as ``(x, y)``.
        options: how to read them; None for the defaults.

    Raises:
        InputError: it is something else, or an array has another type, shape or range.

    Example:
        >>> x, y = np.zeros((4, 28, 28), np.uint8), np.array(["on", "off", "on", "on"])
        >>> raw = read_arrays((x, y))
        >>> raw.names, raw.splits["train"].labels.tolist()
        (('off', 'on'), [1, 0, 1, 1])
    """
    options = options or ReadOptions()
    if isinstance(source, Dataset):
        images = as_images(source.images, "images", options.resize)
        split = RawSplit(images, source.labels, "data")
        return RawData({"train": split}, source.class_names, format="dataset in memory")
    raw = read_in_memory(source, options)
    if raw is None:
        _refuse_unequal_lengths(source)
        raise InputError(
            f"a dataset is a name, a path, a Dataset or arrays (x, y); received {_describe(source)}"
        )
    return raw


def _refuse_unequal_lengths(source: Any) -> None:
    if is_pair(source) and len(source[0]) != len(source[1]):
        raise InputError(
            f"there must be one label an image: {len(source[0])} images, {len(source[1])} labels"
        )


def is_pair(value: Any) -> bool:
    """Whether a value is images and labels: a tuple or list of two of the same length.

    Example:
        >>> is_pair((np.zeros((2, 28, 28)), [0, 1])), is_pair("ab")
        (True, False)
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return False
    x, y = value
    if isinstance(y, (tuple, list)) and y and np.ndim(y[0]) > 1:
        return False  # a pair of pairs
    return hasattr(x, "__len__") and hasattr(y, "__len__") and not isinstance(x, (str, bytes))


def _describe(source: Any) -> str:
    if isinstance(source, (tuple, list)):
        kinds = ", ".join(
            f"{type(part).__name__} {list(part.shape) if hasattr(part, 'shape') else ''}".strip()
            for part in source[:4]
        )
        return f"a {type(source).__name__} of {len(source)} ({kinds})"
    return type(source).__name__
