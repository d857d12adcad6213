"""Labels of the classes of a network, for images that have the same classes in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.dataset import Dataset
from tenfold.data.formats.class_folders import folder_name


def relabelled(
    data: Dataset, class_names: tuple[str, ...], where: str, multi_label: bool = False
) -> Dataset:
    """Return the same images with the labels of a network's classes.

    Args:
        data: images with classes of the same names, or some of them, in any order.
        class_names: of the network.
        where: the data, for the error.
        multi_label: whether the network gives an image any number of labels.

    Raises:
        InputError: the network does not have one of the classes, or gives an image one, and the
            data several.
    """
    if not multi_label:
        data.require_one_class(where)
    indices = {folder_name(name): i for i, name in enumerate(class_names)}
    indices |= {name: i for i, name in enumerate(class_names)}
    used = [name for name, count in data.counts().items() if count]
    unknown = [name for name in used if name not in indices]
    if unknown:
        raise InputError(
            f"{where}: class {unknown[0]!r} is not one of the network's classes, which are "
            f"{', '.join(class_names)}; leave it out, or train a new network"
        )
    new_labels = np.array([indices.get(name, 0) for name in data.class_names], np.int64)
    if not multi_label:
        return Dataset(data.images, new_labels[data.labels], class_names, data.name)
    rows: NDArray[Any] = np.zeros((len(data), len(class_names)), np.uint8)
    given = data.one_hot()
    for column, label in enumerate(new_labels):
        rows[:, label] |= given[:, column].astype(np.uint8)
    return Dataset(data.images, rows, class_names, data.name, multi_label=True)
