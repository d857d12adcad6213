"""The items of datasets in memory: images, labels and pairs of them; tensors as arrays.

Types of other libraries are recognized by the attributes they have.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data.array_sets import StoredArray
from tenfold.data.classes import natural_key

ROLES = ("images", "labels")


def bounded(source: Any) -> Iterable[Any]:
    """Return the elements of a `tf.data` dataset that ends.

    Raises:
        InputError: it repeats without end.
    """
    cardinality = getattr(source, "cardinality", lambda: 0)()
    if int(plain(cardinality)) == -1:  # tf.data.INFINITE_CARDINALITY
        raise InputError("the dataset repeats without end; pass it without repeat()")
    elements: Iterable[Any] = source.as_numpy_iterator()
    return elements


def items_of(source: Any) -> Iterator[Any]:
    """Yield the items of a dataset: by index where it has a length, as PyTorch reads it."""
    if hasattr(source, "__len__") and hasattr(source, "__getitem__"):
        return (source[i] for i in range(len(source)))
    return iter(source)


def unbatched(items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield images with labels from elements that are pairs, dictionaries or batches of them."""
    for item in items:
        image, label = pair_of(item)
        if is_image(image):
            yield image, label
            continue
        image, label = plain(image), plain(label)
        is_batch = np.ndim(label) > 0 and np.ndim(image) > 2 and len(image) == len(label)
        if is_batch:
            yield from zip(image, label, strict=True)
        else:
            yield image, label


def pair_of(item: Any) -> tuple[Any, Any]:
    """Return the image and the label of an item: a pair, or a dictionary that names both.

    Raises:
        InputError: the item is neither.
    """
    if isinstance(item, Mapping):
        found = {role: [k for k in item if role_of(str(k)) == role] for role in ROLES}
        if all(len(keys) == 1 for keys in found.values()):
            return item[found["images"][0]], item[found["labels"][0]]
    elif isinstance(item, (tuple, list)) and len(item) >= 2:
        return item[0], item[1]
    raise InputError(
        f"the items of a dataset are an image and a label; received {type(item).__name__}"
    )


def is_item(value: Any) -> bool:
    """Whether a value is an image with its label."""
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return False
    image, label = value
    is_label = isinstance(label, (str, int, np.integer)) or np.ndim(plain(label)) == 0
    return is_label and (is_image(image) or np.ndim(plain(image)) in (2, 3))


def is_column(value: Any) -> bool:
    """Whether a value is labels: an array, a series, or a list of numbers or texts."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(np.ndim(plain(label)) == 0 for label in value)
    return hasattr(value, "__array__") and np.ndim(plain(value)) in (1, 2)


def images_of(images: Sequence[Any]) -> Any:
    """Return a list of images, with encoded ones decoded."""
    return [_opened(image) if is_image(image) else plain(image) for image in images]


def _opened(image: Any) -> Any:
    content = image.get("bytes") if isinstance(image, Mapping) else image
    if not isinstance(content, bytes):
        return content
    from PIL import Image

    return Image.open(io.BytesIO(content))


def is_image(value: Any) -> bool:
    """Whether a value is a Pillow image, or an encoded one."""
    is_encoded = isinstance(value, bytes) or (isinstance(value, Mapping) and "bytes" in value)
    return is_encoded or (hasattr(value, "getpixel") and hasattr(value, "mode"))


def labels_of(labels: Sequence[Any]) -> Any:
    """Return a list of labels as an array."""
    return np.array([plain(label) for label in labels])


def plain(value: Any) -> Any:
    """Return a tensor as an array; anything else as it is."""
    if isinstance(value, (list, np.ndarray, str, bytes, int, float)) or is_image(value):
        return value
    if is_frame(value):
        return _pixels_of(value)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "numpy"):
        return np.asarray(value.numpy())
    return np.asarray(value) if hasattr(value, "__array__") else value


def is_frame(value: Any) -> bool:
    """Whether a value is a table of pandas."""
    return hasattr(value, "iloc") and hasattr(value, "columns")


def _pixels_of(frame: Any) -> Any:
    """Return the columns of a table in the order of the numbers in their names, as an array."""
    names = [str(name) for name in frame.columns]
    order = list(range(len(names)))
    if all(re.fullmatch(r"\D*\d+", name) for name in names):  # pixel10 after pixel2
        order.sort(key=lambda i: natural_key(names[i]))
    return frame.iloc[:, order].to_numpy()


def role_of(name: str) -> str | None:
    """Return which of `ROLES` the name of a column or key says, if any."""
    return StoredArray(name, (), "", lambda: np.empty(0)).role
