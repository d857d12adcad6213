"""Sets of classes that hold the true one as often as promised: split conformal prediction.

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

_ROUNDING = 1e-9  # (n + 1) · level that is whole in exact arithmetic must not be rounded up


def conformal_quantile(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, level: float = 0.99
) -> float:
    """Return how improbable a class may be and still be in the set, for coverage of `level`.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n], of images
    that the network was not trained on and that no score is reported for.

    The result is the ⌈(n + 1) · level⌉-th smallest of 1 - p_i[label_i]; 1.0, which lets every
    class in, where n is too small for the level. The label of a further image that is drawn as
    these were is then in its set with a probability of at least `level`, on average over these.

    Raises InputError as `log_loss` does and unless 0 < level < 1.
    Source: Sadinle, Lei and Wasserman (2019).

    >>> round(conformal_quantile([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]], [0, 0, 1], level=0.5), 3)
    0.2
    """
    between_0_and_1("level", level)
    checked, truth = distributions_and_labels(probabilities, labels)
    n = len(truth)
    rank = max(1, ceil((n + 1) * level - _ROUNDING))
    if rank > n:
        return 1.0
    improbability = np.sort(1 - checked[np.arange(n), truth])
    return max(0.0, float(improbability[rank - 1]))


def conformal_sets(probabilities: npt.ArrayLike, quantile: float) -> BoolArray:
    """Return which classes are in the set of each image: bool [n, classes].

    probabilities: [n, classes], each row from 0 to 1 with sum 1; quantile: of
    `conformal_quantile`. A class is in where 1 - p <= quantile; a set can be empty.

    Raises InputError for rows that are no probabilities and unless 0 <= quantile <= 1.
    Source: Sadinle, Lei and Wasserman (2019).

    >>> conformal_sets([[0.9, 0.1], [0.5, 0.5]], quantile=0.5).tolist()
    [[True, False], [True, True]]
    """
    if not 0 <= quantile <= 1:
        raise InputError(f"quantile must be from 0 to 1, got {quantile}")
    return np.asarray(1 - distributions(probabilities) <= quantile)


def conformal_coverage(sets: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the share of images whose set holds the label, with its Wilson interval.

    sets: bool [n, classes]; labels: integers [n]. Raises InputError for other types, for arrays
    that do not fit one another and for no images.

    >>> conformal_coverage([[True, False], [True, True]], [1, 1]).as_percent(0)
    '50 % (9 to 91)'
    """
    checked = booleans("sets", sets, "n, classes")
    truth = class_indices("labels", labels, checked.shape[1])
    if len(checked) != len(truth):
        raise InputError(f"sets has {len(checked)} rows, labels has {len(truth)}")
    return proportion(int(checked[np.arange(len(truth)), truth].sum()), len(truth))


def conformal_size(sets: npt.ArrayLike) -> Score:
    """Return the mean number of classes in a set, with its t interval.

    sets: bool [n, classes]. One image has no interval. Raises InputError for other types and
    for no images.

    >>> conformal_size([[True, False], [True, True], [True, False]]).as_text(2)
    '1.33 (0.00 to 2.77)'
    """
    return mean_score(booleans("sets", sets, "n, classes").sum(axis=1).astype(np.float64))
