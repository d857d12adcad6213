"""Prediction sets by split conformal prediction: they hold the label as often as requested.

Source of all: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded
error levels", Journal of the American Statistical Association 114 (2019).
"""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import (
    BoolArray,
    between_0_and_1,
    booleans,
    class_indices,
    distributions,
    distributions_and_labels,
)
from tenfold.metrics.score import Score, mean_score, proportion

_ROUNDING = 1e-9  # (n + 1) · level that is an integer in exact arithmetic must not be rounded up


def conformal_quantile(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, level: float = 0.99
) -> float:
    """Return the quantile of 1 - p(label) that gives prediction sets a coverage of `level`.

    It is the ⌈(n + 1) · level⌉-th smallest of 1 - p_i[label_i], or 1.0, which admits every class,
    where n is too small for the level. The set of a further image from the same distribution
    then holds its label with a probability of at least `level`, on average over the n images.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1, of images that the network was neither
            trained on nor will be evaluated on.
        labels: integers ``[n]``.
        level: the coverage, between 0 and 1.

    Raises:
        InputError: as `log_loss`; level is not between 0 and 1.

    >>> round(conformal_quantile([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]], [0, 0, 1], level=0.5), 3)
    0.2
    """
    between_0_and_1("level", level)
    checked, indices = distributions_and_labels(probabilities, labels)
    n = len(indices)
    rank = max(1, ceil((n + 1) * level - _ROUNDING))
    if rank > n:
        return 1.0
    nonconformity = np.sort(1 - checked[np.arange(n), indices])
    return max(0.0, float(nonconformity[rank - 1]))


def conformal_sets(probabilities: npt.ArrayLike, quantile: float) -> BoolArray:
    """Return which classes are in the prediction set of each image: 1 - p <= quantile.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        quantile: of `conformal_quantile`.

    Returns:
        bool ``[n, classes]``; a set can be empty.

    Raises:
        InputError: rows are not probabilities, or the quantile is outside [0, 1].

    >>> conformal_sets([[0.9, 0.1], [0.5, 0.5]], quantile=0.5).tolist()
    [[True, False], [True, True]]
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile must be from 0 to 1, got {quantile}")
    return np.asarray(1 - distributions(probabilities) <= quantile)


def conformal_coverage(sets: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images whose prediction set holds the label, with Wilson interval.

    Args:
        sets: bool ``[n, classes]``.
        labels: integers ``[n]``.

    Raises:
        InputError: other types, different lengths, or no images.

    >>> conformal_coverage([[True, False], [True, True]], [1, 1]).as_percent(0)
    '50 % (9 to 91)'
    """
    checked = booleans("sets", sets, "n, classes")
    indices = class_indices("labels", labels, checked.shape[1])
    if len(checked) != len(indices):
        raise InputError(f"sets has {len(checked)} rows, labels has {len(indices)}")
    return proportion(int(checked[np.arange(len(indices)), indices].sum()), len(indices))


def conformal_size(sets: npt.ArrayLike) -> Score:
    """Return the mean number of classes in a prediction set, with its t interval.

    Args:
        sets: bool ``[n, classes]``; one image has no interval.

    Raises:
        InputError: another type, or no images.

    >>> conformal_size([[True, False], [True, True], [True, False]]).as_text(2)
    '1.33 (0.00 to 2.00)'
    """
    members = booleans("sets", sets, "n, classes")
    return mean_score(members.sum(axis=1).astype(np.float64), highest=members.shape[1])
