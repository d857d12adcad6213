"""Validation of the arrays that metrics take; each error is one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SUM_TOLERANCE = 1e-2  # a row of ten bfloat16 probabilities can miss 1 by this much


def numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return values as float64.

    Raises:
        InputError: they are not real numbers; the message begins with `name`.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be an array, and its rows of one length") from None
    if array.dtype.kind in "cOSUMm":
        raise InputError(f"{name} must be real numbers, got {array.dtype}")
    return array.astype(np.float64)


def probability_rows(probabilities: npt.ArrayLike) -> FloatArray:
    """Return finite numbers ``[n, classes]`` as float64.

    Raises:
        InputError: the shape differs, or a value is NaN or infinite.
    """
    array = numbers("probabilities", probabilities)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(f"probabilities must have the shape [n, classes], got {array.shape}")
    bad = int((~np.isfinite(array)).any(axis=1).sum())
    if bad:
        raise InputError(f"probabilities must be finite, {bad} of {len(array)} rows are not")
    return array


def distributions(probabilities: npt.ArrayLike) -> FloatArray:
    """Return probabilities ``[n, classes]`` as float64.

    Raises:
        InputError: as `probability_rows`; a value is outside [0, 1] or a row does not sum to 1.
    """
    checked = probability_rows(probabilities)
    off_range = (checked < 0).any(axis=1) | (checked > 1 + _SUM_TOLERANCE).any(axis=1)
    off_sum = np.abs(checked.sum(axis=1) - 1) > _SUM_TOLERANCE
    bad = int((off_range | off_sum).sum())
    if bad:
        raise InputError(
            f"probabilities must be from 0 to 1 with sum 1, {bad} of {len(checked)} rows "
            "are not; does the network end in a softmax?"
        )
    return checked


def class_indices(name: str, values: npt.ArrayLike, classes: int) -> IntArray:
    """Return class indices ``[n]`` as int64.

    Raises:
        InputError: the array is empty, or not integers ``[n]`` from 0 to classes - 1.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be a row of integers [n]") from None
    if array.ndim == 2:
        raise InputError(
            f"{name} must be integers [n], got shape {array.shape}; convert one-hot labels by "
            ".argmax(axis=1)"
        )
    if array.ndim != 1:
        raise InputError(f"{name} must be integers [n], got shape {array.shape}")
    if array.size == 0:
        raise InputError(f"{name} is empty: there are no images to score")
    if array.dtype.kind not in "iu":
        raise InputError(f"{name} must be integers, got {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise InputError(f"{name} must be from 0 to {classes - 1}, got {low} to {high}")
    return array.astype(np.int64)


def probabilities_and_labels(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, IntArray]:
    """Return finite numbers ``[n, classes]`` and class indices ``[n]``.

    Raises:
        InputError: as `probability_rows` and `class_indices`; the lengths differ.
    """
    checked = probability_rows(probabilities)
    indices = class_indices("labels", labels, checked.shape[1])
    if len(checked) != len(indices):
        raise InputError(f"probabilities has {len(checked)} rows, labels has {len(indices)}")
    return checked, indices


def distributions_and_labels(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, IntArray]:
    """Return probabilities ``[n, classes]`` and class indices ``[n]``.

    Raises:
        InputError: as `probabilities_and_labels` and `distributions`.
    """
    checked, indices = probabilities_and_labels(probabilities, labels)
    return distributions(checked), indices


def booleans(name: str, values: npt.ArrayLike, shape: str) -> BoolArray:
    """Return values as bool.

    Args:
        name: the array's name in messages.
        values: the array.
        shape: names of its axes, separated by commas, such as "networks, n".

    Raises:
        InputError: the array is empty, of another type or of another number of axes.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be bool [{shape}], and its rows of one length") from None
    if array.ndim != shape.count(",") + 1:
        raise InputError(f"{name} must have the shape [{shape}], got {array.shape}")
    if array.size == 0:
        raise InputError(f"{name} is empty: there are no images to score")
    if array.dtype != np.bool_:
        raise InputError(f"{name} must be bool, got {array.dtype}")
    return array


def at_least(name: str, value: int, least: int) -> None:
    """Raise InputError unless value is an integer of `least` or more."""
    integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not integer or value < least:
        raise InputError(f"{name} must be an integer of at least {least}, got {value!r}")


def between_0_and_1(name: str, value: float) -> None:
    """Raise InputError unless 0 < value < 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} must be above 0 and below 1, got {value}")
