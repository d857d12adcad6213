"""Sets of named arrays: which are the images and the labels of which split.

NPZ, NPY, MAT and HDF5 files hold arrays whose names follow many customs: `x_train`, `train_images`,
`test/target`, `arr_0`. Where names do not tell, shapes do; what remains ambiguous is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data.classes import natural_key
from tenfold.data.convert import as_labels
from tenfold.data.dataset import SPLITS
from tenfold.data.mapping import named
from tenfold.data.multi_label import fit_names
from tenfold.data.raw_data import RawData, RawSplit, split_of, words_of

_IMAGES = frozenset(
    {"x", "image", "images", "img", "imgs", "data", "feature", "features", "fea", "pixel", "pixels"}
    | {"input", "inputs", "sample", "samples", "picture", "pictures", "pattern", "patterns"}
)
_LABELS = frozenset(
    {"y", "label", "labels", "lbl", "lbls", "target", "targets", "class", "classes", "gnd", "gt"}
)
_NAMES = frozenset({"names", "classnames", "list", "mapping", "categories"})
_IGNORED = frozenset(
    {"id", "ids", "index", "indices", "path", "paths", "file", "files", "filename", "filenames"}
    | {"writer", "writers", "mean", "std", "weight", "weights", "mask", "masks", "onehot"}
)
_SHORT = re.compile(r"(x|y)_?(tr|trn|train|v|val|valid|t|te|ts|tst|test)|(train|val|test)(x|y)")
_SHORT_SPLITS = {"tr": "train", "v": "validation", "t": "test", "te": "test", "ts": "test"}
_NUMBERED = re.compile(r"(train|test|val)[_-]?(\d+)")
_MAX_LISTED = 12


@dataclass(frozen=True)
class StoredArray:
    """An array in a file that is read when it is needed.

    Attributes:
        name: the path of the array within its file, and that of the file among several.
        shape: of the array.
        kind: NumPy's letter for the kind of its type.
        load: reads it.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    load: Callable[[], NDArray[Any]]

    @property
    def words(self) -> set[str]:
        """The words of its name, with those that `xtrain` and the like stand for."""
        return _words(self.name)

    @property
    def split(self) -> str | None:
        """The split that its name mentions."""
        words = self.words
        short = next((split for word, split in _SHORT_SPLITS.items() if word in words), None)
        return split_of(" ".join(words)) or short

    @property
    def role(self) -> str | None:
        """What it is by its name; see `role_of`."""
        return role_of(self.name)

    @property
    def is_vector(self) -> bool:
        """Whether it has one axis of more than one entry, as labels have."""
        return sum(size > 1 for size in self.shape) <= 1


def _words(name: str) -> set[str]:
    words: set[str] = set()
    for word in words_of(name):
        match = _SHORT.fullmatch(word)
        words |= {part for part in match.groups() if part} if match else {word}
    return words


def role_of(name: str) -> str | None:
    """Return what is in an array or file by its name: `images`, `labels`, `names` or `ignored`.

    Example:
        >>> [role_of(name) for name in ("x_train", "ytest", "class_names", "ids", "train")]
        ['images', 'labels', 'names', 'ignored', None]
    """
    words = _words(name)
    if words & _IGNORED:
        return "ignored"
    if words & _NAMES and (words & _LABELS or words & {"classnames", "mapping"}):
        return "names"
    if words & _LABELS:
        return "labels"
    return "images" if words & _IMAGES else None


def read_array_set(arrays: Sequence[StoredArray], path: str) -> RawData:
    """Read the images and labels of each split.

    Args:
        arrays: of one file, or of all files of a folder.
        path: of the file or folder, for messages.

    Raises:
        InputError: images or labels of train are missing, or several arrays could be them.
    """
    classes = _arrays_of_classes(arrays)
    if classes:
        return _read_classes(classes, path)
    pairs, notes = _pairs(arrays, path)
    splits = {split: _read_pair(images, labels, path) for split, (images, labels) in pairs.items()}
    raw = RawData(splits, _class_names(arrays, splits), notes=tuple(notes))
    mapping = next((a for a in arrays if "mapping" in a.words and len(a.shape) == 2), None)
    return named(raw, mapping.load().astype(int), mapping.name) if mapping else raw


def _read_pair(images: StoredArray, labels: StoredArray, path: str) -> RawSplit:
    classes = as_labels(labels.load(), f"{path}: {labels.name}")
    pixels = samples_first(images.load(), len(classes))
    return RawSplit(pixels, classes, f"{path}: {images.name}")


def samples_first(images: NDArray[Any], count: int) -> NDArray[Any]:
    """Move the last axis to the front if it is that of the images, as in files of MATLAB."""
    if images.ndim > 1 and images.shape[0] != count == images.shape[-1]:
        return np.moveaxis(images, -1, 0)
    return images


def _pairs(
    arrays: Sequence[StoredArray], path: str
) -> tuple[dict[str, tuple[StoredArray, StoredArray]], list[str]]:
    """Return the images and labels of each split, and notes on what was assumed."""
    named = [array for array in arrays if array.role not in ("ignored", "names")]
    if len(named) > 1 and not any(array.role or array.split for array in named):
        return _pairs_by_order(named, path)
    groups: dict[str | None, list[StoredArray]] = {}
    for array in named:
        groups.setdefault(array.split, []).append(array)
    notes = []
    if None in groups:
        rest = groups.pop(None)
        if "train" not in groups:
            groups["train"] = rest
        else:
            notes.append(f"{', '.join(array.name for array in rest)}: of no split, left out")
    if "train" not in groups and len(groups) == 1:
        groups = {"train": next(iter(groups.values()))}
    pairs = {}
    for split in (split for split in SPLITS if split in groups):
        images, labels = _pair(groups[split], split, path)
        if images and labels:
            pairs[split] = (images, labels)
        elif images and split == "test":
            notes.append(f"{images.name} has no labels, left out")
        elif images or labels:
            raise _incomplete(images, labels, groups[split], path)
    if "train" not in pairs:
        raise _nothing(arrays, path)
    return pairs, notes


def _pair(
    group: list[StoredArray], split: str, path: str
) -> tuple[StoredArray | None, StoredArray | None]:
    """Return the images and the labels among the arrays of a split."""
    labels = [array for array in group if array.role == "labels"]
    images = [array for array in group if array.role == "images"]
    unnamed = [array for array in group if array.role is None]
    if not labels and (images or len(unnamed) > 1):
        labels = [array for array in unnamed if array.is_vector]
    if not images:
        images = [array for array in unnamed if not array.is_vector]
    if len(images) > 1:  # scikit-learn has images [n, 8, 8] and the same as data [n, 64]
        deepest = max(len(array.shape) for array in images)
        images = [array for array in images if len(array.shape) == deepest]
    for found, role in ((images, "images"), (labels, "labels")):
        if len(found) > 1:
            names = ", ".join(array.name for array in found)
            raise InputError(f"{path} has several arrays of {split} {role} ({names}); keep one")
    return images[0] if images else None, labels[0] if labels else None


def _pairs_by_order(
    arrays: list[StoredArray], path: str
) -> tuple[dict[str, tuple[StoredArray, StoredArray]], list[str]]:
    """Pair arrays without telling names, such as arr_0 to arr_3: the n-th images and labels."""
    labels = [array for array in arrays if array.is_vector]
    images = [array for array in arrays if not array.is_vector]
    if not labels:  # one-hot
        images, labels = _widest_first(images)
    splits = {1: ("train",), 2: ("train", "test"), 3: SPLITS}.get(len(images))
    fits = all(x.shape[0] in y.shape for x, y in zip(images, labels, strict=False))
    if splits is None or len(images) != len(labels) or not fits:
        raise _nothing(arrays, path)
    pairs = dict(zip(splits, zip(images, labels, strict=True), strict=True))
    notes = [f"{split} is {x.name} with {y.name}" for split, (x, y) in pairs.items()]
    return pairs, notes


def _widest_first(arrays: list[StoredArray]) -> tuple[list[StoredArray], list[StoredArray]]:
    def is_wide(array: StoredArray) -> bool:
        return len(array.shape) > 2

    return [a for a in arrays if is_wide(a)], [a for a in arrays if not is_wide(a)]


def _arrays_of_classes(arrays: Sequence[StoredArray]) -> dict[str, list[tuple[str, StoredArray]]]:
    """Return the arrays of each split by class, if there is one array a class.

    They are called train0 to train9 and test0 to test9, or, as the files of Quick, Draw!, by
    names that say neither images, labels nor split.
    """
    splits: dict[str, list[tuple[str, StoredArray]]] = {}
    for array in arrays:
        match = _NUMBERED.fullmatch(array.name.rpartition("/")[2].lower())
        if match and not array.is_vector:
            splits.setdefault(split_of(match[1]) or "train", []).append((match[2], array))
    if splits:
        return splits if "train" in splits else {}
    is_plain = all(not a.role and not a.split and not a.is_vector for a in arrays)
    has_telling_names = not any(re.fullmatch(r"arr_\d+", a.name) for a in arrays)
    if (
        len(arrays) > 1
        and is_plain
        and has_telling_names
        and len({a.shape[1:] for a in arrays}) == 1
    ):
        names = _without_common_start([array.name for array in arrays])
        return {"train": list(zip(names, arrays, strict=True))}
    return {}


def _without_common_start(names: list[str]) -> list[str]:
    """Return the ends of names such as ``full_numpy_bitmap_cat`` where these tell them apart."""
    last = [re.split(r"_bitmap_|/", name)[-1] for name in names]
    return last if len(set(last)) == len(names) else names


def _read_classes(classes: dict[str, list[tuple[str, StoredArray]]], path: str) -> RawData:
    names = sorted({name for arrays in classes.values() for name, _ in arrays}, key=natural_key)
    splits = {}
    for split, arrays in classes.items():
        images = [array.load() for _, array in arrays]
        labels = np.repeat([names.index(name) for name, _ in arrays], [len(i) for i in images])
        splits[split] = RawSplit(np.concatenate(images), labels, f"{path}: {split}")
    return RawData(splits, tuple(names), notes=("each array is a class",))


def _class_names(
    arrays: Sequence[StoredArray], splits: dict[str, RawSplit]
) -> tuple[str, ...] | None:
    """Return the names of the classes if an array of text lists them in the order of labels."""
    for array in arrays:
        if array.role == "names" and array.kind in "USO":
            names = as_labels(array.load(), array.name).tolist()
            if all(isinstance(n, str) for n in names) and len(set(names)) == len(names):
                fits = all(fit_names(split.labels, len(names)) for split in splits.values())
                return tuple(names) if fits else None
    return None


def _incomplete(
    images: StoredArray | None, labels: StoredArray | None, group: list[StoredArray], path: str
) -> InputError:
    present, absent = (images, "labels") if images else (labels, "images")
    name = present.name if present else ""
    others = ", ".join(array.name for array in group if array.name != name)
    beside = f" ({others} {'is' if len(group) == 2 else 'are'} neither)" if others else ""
    return InputError(f"{path} has {name}, but no {absent} with it{beside}; save both")


def _nothing(arrays: Iterable[StoredArray], path: str) -> InputError:
    names = [array.name for array in arrays]
    listed = ", ".join(names[:_MAX_LISTED]) + ", ..." * (len(names) > _MAX_LISTED)
    return InputError(
        f"{path} holds {listed or 'nothing'}; needed are x_train and y_train (with x_test, y_test "
        "if any), train_images and train_labels, or x and y"
    )
