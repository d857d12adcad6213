"""Datasets of other libraries, in memory: their images, labels and class names.

They are recognized by the attributes they have, so none of the libraries is imported: datasets and
loaders of PyTorch and torchvision, `tf.data` and `tfds`, Hugging Face `datasets`, pandas, bunches
of scikit-learn, and lists of Pillow images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath
from typing import Any

import numpy as np

from tenfold.core.errors import InputError
from tenfold.data.dataset import SPLITS, Dataset
from tenfold.data.items import (
    ROLES,
    bounded,
    images_of,
    is_column,
    is_frame,
    is_item,
    items_of,
    labels_of,
    pair_of,
    plain,
    role_of,
    unbatched,
)
from tenfold.data.raw_data import split_of

_MAX_IMAGES = 10_000_000


@dataclass(frozen=True)
class Labelled:
    """Images and labels of one split.

    Attributes:
        images: an array, a list of arrays or Pillow images, or a table of pandas with the labels.
        labels: an array or a list; None of a table.
        names: of the classes; None if the data do not tell.
        note: an assumption, for the record.
    """

    images: Any
    labels: Any
    names: tuple[str, ...] | None = None
    note: str = ""


def splits_of(source: Any) -> dict[str, Labelled] | None:
    """Return the images and labels of each split, or None for an object of no known library.

    Raises:
        InputError: the object is known, and its images or labels are not found.
    """
    if isinstance(source, Mapping) and not _is_bunch(source):
        return _splits_of_mapping(source)
    if isinstance(source, (tuple, list)):
        return _splits_of_sequence(source)
    found = _labelled(source)
    return None if found is None else {"train": found}


def _splits_of_mapping(source: Mapping[Any, Any]) -> dict[str, Labelled]:
    """Read ``{"train": ..., "test": ...}``, ``{"x_train": ...}`` or images by class."""
    keys = [str(key) for key in source]
    parts = {split_of(key): value for key, value in source.items() if split_of(str(key))}
    if parts and not any(role_of(key) for key in keys):
        found = {split: _labelled(parts[split]) for split in SPLITS if split in parts}
        splits = {split: part for split, part in found.items() if part is not None}
        if "train" not in splits and len(splits) == 1:
            return {"train": next(iter(splits.values()))}
        if "train" in splits:
            return splits
        path = next((part for part in parts.values() if isinstance(part, (str, PurePath))), None)
        if path is not None:
            raise InputError(
                f"{str(path)[:100]}: a path among splits in memory; give the folder that holds the "
                "files of all splits, or load each with tenfold.load and give its .train"
            )
        raise InputError(f"the keys {', '.join(keys[:8])} name no train split with labels")
    by_split: dict[str, dict[str, Any]] = {}
    for key, value in source.items():
        role = role_of(str(key))
        if role in ROLES:
            by_split.setdefault(split_of(str(key)) or "train", {})[role] = value
    if by_split:
        return {s: _from_roles(by_split[s], s, keys) for s in SPLITS if s in by_split}
    if any(
        isinstance(part, (str, bytes)) or not hasattr(part, "__len__") for part in source.values()
    ):
        raise InputError(f"the keys {', '.join(keys[:8])} name no images with labels"[:200])
    counts = [len(images) for images in source.values()]
    labels = np.repeat(np.array(keys), counts)
    return {"train": Labelled([image for images in source.values() for image in images], labels)}


def _from_roles(roles: dict[str, Any], split: str, keys: list[str]) -> Labelled:
    missing = [role for role in ROLES if role not in roles]
    if missing:
        raise InputError(f"no {missing[0]} of {split} among {', '.join(keys[:8])}")
    return Labelled(plain(roles["images"]), plain(roles["labels"]))


def _in_pairs(source: Sequence[Any]) -> Sequence[Any]:
    """Pair four arrays: x, y, x, y, or x, x, y, y as `train_test_split` returns them."""
    source = [part.toarray() if hasattr(part, "getnnz") else part for part in source]
    if len(source) != 4 or not all(hasattr(part, "shape") for part in source):
        return source
    first, second, third, fourth = source
    if is_column(second) and len(first) == len(second) and len(third) == len(fourth):
        return (first, second), (third, fourth)
    if is_column(third) and len(first) == len(third) and len(second) == len(fourth):
        return (first, third), (second, fourth)
    return source


def _splits_of_sequence(source: Sequence[Any]) -> dict[str, Labelled] | None:
    """Read (image, label) pairs, one dataset a split, or a `tfds` dataset with its info."""
    source = _in_pairs(source)
    if len(source) == 2 and hasattr(source[1], "features") and hasattr(source[1], "splits"):
        splits = splits_of(source[0])
        names = _names_of_feature(getattr(source[1], "features", {}), "label")
        return {s: replace(part, names=names) for s, part in (splits or {}).items()}
    if source and all(isinstance(item, Mapping) and not _is_bunch(item) for item in source):
        pairs = [pair_of(item) for item in source]
        return {"train": _from_items(iter(pairs), source)}
    if source and all(is_item(item) for item in source):
        images, labels = zip(*source, strict=True)
        return {"train": Labelled(images_of(images), labels_of(labels))}
    if len(source) == 2 and is_column(source[1]) and len(source[0]) == len(source[1]):
        paths = source[0] if isinstance(source[0], (list, tuple)) else ()
        if paths and all(isinstance(path, (str, PurePath)) for path in paths):
            rows = zip(map(str, paths), source[1], strict=True)
            return {"train": Labelled([{"file": name, "label": y} for name, y in rows], None)}
        return {"train": Labelled(plain(source[0]), plain(source[1]))}
    shape: tuple[int, ...] = getattr(source[1], "shape", ()) if len(source) == 2 else ()
    if len(shape) == 2 and shape[1] == len(source[0]):
        return {"train": Labelled(plain(source[0]), plain(source[1]).T)}  # one-hot, [classes, n]
    names = {2: ("train", "test"), 3: SPLITS}.get(len(source), ())
    parts = [splits_of(part) for part in source] if names else []
    if not parts or any(part is None or len(part) > 1 for part in parts):
        return None
    found = [next(iter(part.values())) for part in parts if part]
    return dict(zip(names, found, strict=True))


def _labelled(source: Any) -> Labelled | None:
    """Return the images and labels of one object."""
    if isinstance(source, (tuple, list, Mapping)) and not _is_bunch(source):
        parts = splits_of(source)
        return parts["train"] if parts and len(parts) == 1 else None
    if isinstance(source, Dataset):
        return Labelled(source.images, source.labels, source.class_names)
    for read in (_from_bunch, _from_frame, _from_torch, _from_hugging_face):
        found = read(source)
        if found is not None:
            return found
    if hasattr(source, "as_numpy_iterator"):  # tf.data
        return _from_items(unbatched(bounded(source)), source)
    is_iterable = hasattr(source, "__iter__") or hasattr(source, "__getitem__")
    if not is_iterable or isinstance(source, (str, bytes)) or hasattr(source, "__array__"):
        return None
    return _from_items(unbatched(items_of(source)), source)


def _is_bunch(source: Any) -> bool:
    return isinstance(source, Mapping) and "data" in source and "target" in source


def _from_bunch(source: Any) -> Labelled | None:
    """Read what `sklearn.datasets.load_digits` and `fetch_openml` return."""
    if not _is_bunch(source):
        return None
    target = np.asarray(source["target"])
    images = source["images"] if "images" in source else source["data"]
    listed = source.get("target_names")
    names = () if listed is None or target.dtype.kind not in "iu" else tuple(map(str, listed))
    fits = len(names) > 1 and len(target) > 0 and len(names) > target.max()
    return Labelled(plain(images), target, names if fits else None)


def _from_frame(source: Any) -> Labelled | None:
    """Read a table of pandas or polars, whose columns are recognized later."""
    if hasattr(source, "to_pandas") and not hasattr(source, "features"):
        source = source.to_pandas()
    return Labelled(source, None) if is_frame(source) else None


def _from_torch(source: Any) -> Labelled | None:
    """Read the arrays behind a dataset of PyTorch or torchvision, or behind its loader."""
    if hasattr(source, "batch_sampler") and hasattr(source, "dataset"):
        return _labelled(source.dataset)
    if hasattr(source, "dataset") and hasattr(source, "indices"):
        whole = _labelled(source.dataset)
        return None if whole is None else _selected(whole, np.asarray(source.indices))
    if hasattr(source, "tensors") and len(source.tensors) == 2:
        return Labelled(plain(source.tensors[0]), plain(source.tensors[1]))
    labels = next((getattr(source, n) for n in ("targets", "labels") if hasattr(source, n)), None)
    images = getattr(source, "data", None)
    if images is None or labels is None or not hasattr(images, "__len__"):
        return None
    if len(images) != len(labels):
        return None
    note = "its transform is not applied" if getattr(source, "transform", None) else ""
    return Labelled(plain(images), plain(labels), _names(source), note)


def _selected(whole: Labelled, indices: Any) -> Labelled:
    images = whole.images
    chosen = images[indices] if hasattr(images, "shape") else [images[i] for i in indices]
    return replace(whole, images=chosen, labels=np.asarray(whole.labels)[indices])


def _from_hugging_face(source: Any) -> Labelled | None:
    """Read a `datasets.Dataset`."""
    if not (hasattr(source, "features") and hasattr(source, "column_names")):
        return None
    columns = list(source.column_names)
    found = {role: [name for name in columns if role_of(name) == role] for role in ROLES}
    for role, names in found.items():
        if len(names) != 1:
            raise InputError(f"one column of {role} is needed; there are {', '.join(columns[:8])}")
    image, label = found["images"][0], found["labels"][0]
    rows = [(row[image], row[label]) for row in items_of(source)]
    class_names = _names_of_feature(source.features, label)
    return Labelled(images_of([x for x, _ in rows]), labels_of([y for _, y in rows]), class_names)


def _from_items(items: Iterator[tuple[Any, Any]], source: Any) -> Labelled:
    pairs = list(islice(items, _MAX_IMAGES))
    return Labelled(
        images_of([image for image, _ in pairs]), labels_of([y for _, y in pairs]), _names(source)
    )


def _names(source: Any) -> tuple[str, ...] | None:
    names = getattr(source, "classes", None)
    if isinstance(names, (list, tuple)) and names and all(isinstance(n, str) for n in names):
        return tuple(names)
    return None


def _names_of_feature(features: Any, label: str) -> tuple[str, ...] | None:
    try:
        names = features[label].names
    except (KeyError, AttributeError, TypeError):
        return None
    return tuple(map(str, names)) if names else None
