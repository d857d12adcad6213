"""The data of ``fit``: training and validation images with the weights of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.backend import keras
from tenfold.core.errors import InputError
from tenfold.data import Dataset
from tenfold.engine.arrays import ArrayData, as_array_data
from tenfold.engine.inputs import input_shape, output_shape, several_outputs
from tenfold.networks.recipes import Recipe

Weights = npt.NDArray[np.float32] | None
Images = Dataset | ArrayData


@dataclass(frozen=True)
class FitData:
    """Images to train and validate on, with their weights in the loss.

    Attributes:
        train: to train on.
        validation: to evaluate on; None for none.
        weights: float32 ``[n]`` of the training images; None for equal ones.
        test_weights: likewise of the validation images.
    """

    train: Images
    validation: Images | None
    weights: Weights
    test_weights: Weights

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of an image."""
        return self.train.image_shape

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.train.class_names)

    @property
    def encoding(self) -> str:
        """In which the labels were given."""
        return self.train.encoding

    def with_validation(self, n: int) -> FitData:
        """The same with the first n of the images to validate on."""
        held, weights = self.validation, self.test_weights
        return replace(
            self,
            validation=None if held is None else held[:n],
            test_weights=None if weights is None else weights[:n],
        )


def prepare_data(
    model: keras.Model,
    x: Any,
    y: Any,
    validation: Any,
    validation_split: float,
    class_weight: Any,
    sample_weight: Any,
) -> FitData:
    """Check and convert the data that ``fit`` is given; see there for the arguments.

    Raises:
        InputError: they do not belong together, or one is out of range.
    """
    if len(getattr(model, "outputs", None) or [None]) > 1:
        raise several_outputs()
    train = _images(x, y, "x")
    if isinstance(train, ArrayData) and train.encoding == "index":
        train = _with_classes_of(model, train)
    weights = _sample_weights(sample_weight, len(train))
    held_out, test_weights = None, None
    if validation is not None:
        held_out, test_weights = _validation(validation, train)
    elif validation_split:
        if not 0 < validation_split < 1:
            raise InputError(
                f"validation_split: {validation_split}; give a share from 0 to under 1"
            )
        count = int(len(train) * (1 - validation_split))
        held_out, train = train[count:], train[:count]
        if weights is not None:
            test_weights, weights = weights[count:], weights[:count]
    if class_weight is not None:
        if weights is not None:
            raise InputError("class_weight and sample_weight: give one of them, as in Keras")
        weights = class_weights(class_weight, train)
    if len(train) == 0 or (held_out is not None and len(held_out) == 0):
        raise InputError("x: no images to train or to validate on; give at least one")
    return FitData(train, held_out, weights, test_weights)


def recipe_weights(recipe: Recipe, train: Dataset) -> Weights:
    """The weight in the loss of each training image by a recipe; None for equal ones.

    Raises:
        InputError: a class is unknown.
    """
    return None if recipe.class_weight == "none" else class_weights(recipe.class_weight, train)


def class_weights(class_weight: Any, train: Images) -> Weights:
    """The weight of each image by its class.

    Args:
        class_weight: weights by number or name of the class, 1 for others; or ``balanced``:
            inversely proportional to the frequency of the class, with a mean of 1.
        train: the images.

    Raises:
        InputError: a class is unknown, or the images have several.
    """
    if train.labels.ndim != 1:
        raise InputError("class_weight: not with several labels an image; sample_weight of fit is")
    names = list(train.class_names)
    if class_weight == "balanced":
        counts = np.bincount(train.labels, minlength=len(names))
        table = len(train) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return table[train.labels].astype(np.float32)
    if not isinstance(class_weight, Mapping):
        raise InputError("class_weight: give a dictionary of weights by class, or 'balanced'")
    table = np.ones(len(names))
    for key, weight in class_weight.items():
        number = int(key) if isinstance(key, str) and key.isdecimal() else key
        index = names.index(key) if key in names else number
        if not isinstance(index, (int, np.integer)) or not 0 <= index < len(names):
            raise InputError(
                f"class_weight: class {key!r} is unknown; there are {', '.join(names)}"
            )
        table[index] = weight
    present = np.unique(train.labels)
    if not (table[present] >= 0).all() or not table[present].any():
        raise InputError(f"class_weight: {class_weight}; give weights from 0, one above it")
    return table[train.labels].astype(np.float32)


def _images(x: Any, y: Any, name: str, like: Images | None = None) -> Images:
    if isinstance(x, Dataset):
        if y is not None:
            raise InputError("y: a Dataset has its own labels; give x alone")
        return x
    if isinstance(like, Dataset):
        data = as_array_data(x, y, like.class_names)
        if data.images.dtype == np.uint8 and data.labels.ndim == like.labels.ndim:
            return Dataset(
                data.images.reshape(len(data), *like.images.shape[1:]),
                data.labels,
                like.class_names,
                multi_label=like.multi_label,
            )
        raise InputError(f"{name}: give a Dataset, as the training images are one")
    if hasattr(x, "train") and hasattr(x, "class_names"):
        raise InputError("x: got Splits; give its part, such as data.train")
    return as_array_data(x, y, None if like is None else like.class_names)


def _validation(validation: Any, train: Images) -> tuple[Images, Weights]:
    if isinstance(validation, Dataset):
        if isinstance(train, Dataset):
            return validation, None
        validation = (_like(validation, train.images.dtype), validation.labels)
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise InputError(
            f"validation_data: got {type(validation).__name__}; give a Dataset, (x, y) or "
            "(x, y, sample_weight)"
        )
    held_out = _images(validation[0], validation[1], "validation_data", train)
    if isinstance(train, ArrayData) and isinstance(held_out, ArrayData):
        if held_out.images.dtype != train.images.dtype:
            raise InputError(
                f"validation_data: images of {held_out.images.dtype}, those of x are "
                f"{train.images.dtype}; give both in one type and range"
            )
        if held_out.images.shape[1:] != train.images.shape[1:]:
            raise InputError(
                f"validation_data: images of shape {list(held_out.images.shape[1:])}, those of x "
                f"are {list(train.images.shape[1:])}; give both in one shape"
            )
        if (train.encoding == "given") != (held_out.encoding == "given"):
            raise InputError("validation_data: give its labels in the encoding of y")
    weights = validation[2] if len(validation) == 3 else None
    return held_out, _sample_weights(weights, len(held_out))


def _like(dataset: Dataset, dtype: Any) -> npt.NDArray[Any]:
    """Images of a Dataset in the type of arrays: uint8 as they are, floats in [0, 1]."""
    return dataset.images if dtype == np.uint8 else dataset.scaled()


def _with_classes_of(model: keras.Model, data: ArrayData) -> ArrayData:
    """Numbers as labels do not tell how many classes there are: the model does."""
    shape = input_shape(model, tuple(data.images.shape[1:]))
    outputs = output_shape(model, shape)
    known = len(data.class_names)
    if not data.class_names[0].isdigit() or len(outputs) != 1 or outputs[0] <= known:
        return data
    return replace(data, class_names=tuple(map(str, range(outputs[0]))))


def _sample_weights(weights: Any, n: int) -> Weights:
    if weights is None:
        return None
    array = np.asarray(weights, np.float32)
    if array.shape != (n,):
        raise InputError(
            f"sample_weight: shape {list(array.shape)}; give one weight an image, [{n}]"
        )
    return array
