"""The arrays of a dataset: converted, consistent and read-only."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.core.image_shape import CHANNELS
from tenfold.data.array_types import Images, Labels
from tenfold.data.classes import number_classes
from tenfold.data.convert import as_labels, as_pixels
from tenfold.data.lazy_images import LazyImages
from tenfold.data.multi_label import fit_names, settled


def frozen(
    images: Any, labels: Any, class_names: tuple[str, ...], multi_label: bool | None
) -> tuple[Images, Labels, tuple[str, ...]]:
    """Return images, labels and class names as a dataset holds them; see there.

    Raises:
        InputError: an array has another type or shape, labels do not match images or class
            names, or class names repeat.
    """
    images = _frozen_images(images)
    labels, names = _frozen_labels(labels, class_names, multi_label)
    if len(images) != len(labels):
        raise InputError(
            f"there must be one label an image: {len(labels)} labels, {len(images)} images"
        )
    if len(labels) and not fit_names(labels, len(names)):
        if labels.ndim == 2:
            count = labels.shape[1]
            raise InputError(f"{count} columns of labels, but {len(names)} class names")
        raise InputError(
            f"labels must be 0 to {len(names) - 1} for {len(names)} class names; "
            f"they run from {labels.min()} to {labels.max()}"
        )
    if len(set(names)) < len(names):
        raise InputError(f"class names must be unique; received {list(names)}")
    return images, labels, names


def _frozen_images(images: Any) -> Images:
    if isinstance(images, LazyImages):
        return cast(Images, images)  # has the interface of an array
    array = np.asarray(images)
    if array.dtype != np.uint8 or not (array.ndim == 3 or array.shape[3:] == (CHANNELS,)):
        array = as_pixels(array, "images")
    return _read_only(array)


def _frozen_labels(
    labels: Any, class_names: tuple[str, ...], multi_label: bool | None
) -> tuple[Labels, tuple[str, ...]]:
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        array = as_labels(array, "labels")
    if array.ndim == 2 and not len(class_names):
        class_names = tuple(map(str, range(array.shape[1])))
    (array,), found = settled([array], "labels", multi_label, class_names)
    names = tuple(map(str, found))
    numbers, names = (array, names) if array.ndim == 2 else number_classes(array, names)
    return _read_only(numbers), names


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
