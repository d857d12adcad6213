"""What the arrays that scores are made of must look like; each error is one line."""

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
    """Return values as float64; raise InputError, naming them, for what are no real numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be an array, and its rows of one length") from None
    if array.dtype.kind in "cOSUMm":
        raise InputError(f"{name} must be real numbers, got {array.dtype}")
    return array.astype(np.float64)


def probability_rows(probabilities: npt.ArrayLike) -> FloatArray:
    """Return probabilities [n, classes] as float64; raise InputError for NaN and other shapes."""
    array = numbers("probabilities", probabilities)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(f"probabilities must have the shape [n, classes], got {array.shape}")
    bad = int((~np.isfinite(array)).any(axis=1).sum())
    if bad:
        raise InputError(f"probabilities must be finite, {bad} of {len(array)} rows are not")
    return array


def distributions(probabilities: npt.ArrayLike) -> FloatArray:
    """Return `probability_rows`; raise InputError unless each row is from 0 to 1 with sum 1."""
    checked = probability_rows(probabilities)
    _check_distributions(checked)
    return checked


def _check_distributions(probabilities: FloatArray) -> None:
    off_range = (probabilities < 0).any(axis=1) | (probabilities > 1 + _SUM_TOLERANCE).any(axis=1)
    off_sum = np.abs(probabilities.sum(axis=1) - 1) > _SUM_TOLERANCE
    bad = int((off_range | off_sum).sum())
    if bad:
        raise InputError(
            f"probabilities must be from 0 to 1 with sum 1, {bad} of {len(probabilities)} rows "
            "are not; does the network end in a softmax?"
        )


def class_indices(name: str, values: npt.ArrayLike, classes: int) -> IntArray:
    """Return integers [n] from 0 to classes - 1 as int64; raise InputError for all else."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be a row of integers [n]") from None
    if array.ndim == 2:
        raise InputError(
            f"{name} must be integers [n], got shape {array.shape}; of one-hot labels take "
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
    """Return probabilities [n, classes] and labels [n], checked each and against one another."""
    checked = probability_rows(probabilities)
    truth = class_indices("labels", labels, checked.shape[1])
    if len(checked) != len(truth):
        raise InputError(f"probabilities has {len(checked)} rows, labels has {len(truth)}")
    return checked, truth


def distributions_and_labels(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[FloatArray, IntArray]:
    """Return `probabilities_and_labels`; raise InputError as `distributions` does."""
    checked, truth = probabilities_and_labels(probabilities, labels)
    _check_distributions(checked)
    return checked, truth


def booleans(name: str, values: npt.ArrayLike, shape: str) -> BoolArray:
    """Return values as bool; raise InputError unless they are, with the axes of `shape` filled.

    shape: the axes' names with commas between, such as "networks, n".
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
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise InputError(f"{name} must be an integer of at least {least}, got {value!r}")


def between_0_and_1(name: str, value: float) -> None:
    """Raise InputError unless 0 < value < 1."""
    if not 0 < value < 1:
        raise InputError(f"{name} must be between 0 and 1, got {value}")
