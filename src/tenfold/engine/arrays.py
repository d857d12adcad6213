"""Arrays as ``keras.Model.fit`` takes them, with labels of any encoding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class ArrayData:
    """Images and labels that are fed as they are.

    Attributes:
        images: uint8 or float32 ``[n, ...]``, in the range that the model is fed.
        labels: int64 ``[n]``; or float32 ``[n, classes]`` of several classes an image.
        class_names: of the labels.
        encoding: in which the labels were given: ``index``, ``one-hot``, or ``given`` if they
            are not one class an image.
    """

    images: Array
    labels: Array
    class_names: tuple[str, ...]
    encoding: str = "index"

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of an image."""
        return tuple(self.images.shape[1:])

    def __getitem__(self, index: slice) -> ArrayData:
        return ArrayData(self.images[index], self.labels[index], self.class_names, self.encoding)


def as_array_data(x: Any, y: Any, class_names: tuple[str, ...] | None = None) -> ArrayData:
    """Convert what ``keras.Model.fit`` takes as ``x`` and ``y``.

    Args:
        x: numbers ``[n, ...]``: an array, a DataFrame, a tensor or a list; or a dictionary of one.
        y: labels ``[n]``, numbers or words; or ``[n, classes]``, one-hot or of several classes.
        class_names: of other data with the same classes; None to find them in the labels.

    Raises:
        InputError: ``y`` is missing, or one of them is not as above.
    """
    if y is None and not hasattr(x, "__array__") and not isinstance(x, (list, tuple)):
        raise InputError(
            f"x: received {type(x).__name__}; give arrays x and y or a Dataset, not batches of a "
            "generator; for augmentation, see augmentation="
        )
    if y is None:
        raise InputError("y: missing; give the labels, or a Dataset as x")
    x, y = _without_structure(x, y)
    images, labels = _as_array(x, "x"), _as_array(y, "y")
    if images.dtype.kind not in "uibf" or images.ndim < 2:
        raise InputError(
            f"x: received {images.dtype} of shape {list(images.shape)}; give numbers [n, ...]"
        )
    if len(images) != len(labels):
        raise InputError(f"x has {len(images)} images, y {len(labels)} labels; give one each")
    if images.dtype != np.uint8:
        images = images.astype(np.float32)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim == 2 and labels.dtype.kind in "uibf":
        return _of_rows(images, labels)
    if labels.ndim != 1:
        raise InputError(f"y: received shape {list(labels.shape)}; give [n] or [n, classes]")
    if labels.dtype.kind == "f" and np.array_equal(labels, np.rint(labels)):
        labels = labels.astype(np.int64)
    if labels.dtype.kind in "uib":
        return _of_numbers(images, labels.astype(np.int64), class_names)
    names, found = np.unique(labels.astype(str), return_inverse=True)
    if class_names is not None:
        names, found = np.array(class_names), _positions(labels, class_names)
    return ArrayData(images, found.astype(np.int64), tuple(map(str, names)))


def _without_structure(x: Any, y: Any) -> tuple[Any, Any]:
    """The arrays of dictionaries or lists of one, as models take it whose inputs are named."""
    pair = {"x": x, "y": y}
    for name, value in pair.items():
        if isinstance(value, Mapping):
            if len(value) != 1:
                raise InputError(
                    f"{name}: {len(value)} arrays ({', '.join(map(str, value))}); tenfold trains "
                    "models of one input and one output"
                )
            pair[name] = next(iter(value.values()))
    x, y = pair.values()
    is_list = all(isinstance(value, (list, tuple)) and len(value) == 1 for value in (x, y))
    if is_list and np.ndim(x[0]) > 1 and np.shape(x[0])[:1] == np.shape(y[0])[:1]:
        return x[0], y[0]
    return x, y


def _as_array(values: Any, name: str) -> Array:
    if type(values).__module__.split(".")[0] in ("tensorflow", "grain") or callable(
        getattr(values, "__next__", None)
    ):
        raise InputError(f"{name}: received {type(values).__name__}; give an array or a Dataset")
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{name}: cannot be made an array ({' '.join(str(error).split())[:120]})"
        ) from None


def _of_rows(images: Array, labels: Array) -> ArrayData:
    """Labels ``[n, classes]``: one-hot ones as numbers, others as they are."""
    names = tuple(map(str, range(labels.shape[1])))
    rows = labels.astype(np.float32)
    if np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) == 1).all():
        return ArrayData(images, rows.argmax(axis=1), names, "one-hot")
    return ArrayData(images, rows, names, "given")


def _of_numbers(images: Array, labels: Array, class_names: tuple[str, ...] | None) -> ArrayData:
    if labels.min(initial=0) < 0:
        raise InputError(f"y: labels from {labels.min()}; give whole numbers from 0")
    count = int(labels.max(initial=0)) + 1
    names = class_names or tuple(map(str, range(count)))
    if count > len(names):
        raise InputError(f"y: a label of {count - 1}; there are {len(names)} classes")
    return ArrayData(images, labels, names)


def _positions(labels: Array, class_names: tuple[str, ...]) -> Array:
    index = {name: i for i, name in enumerate(class_names)}
    unknown = sorted(set(map(str, labels)) - set(index))
    if unknown:
        raise InputError(f"y: label {unknown[0]!r} is not among the classes of the training labels")
    return np.array([index[str(label)] for label in labels])
