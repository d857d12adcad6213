"""Proper scoring rules of probabilities: log loss and Brier score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenfold.metrics.checks import distributions_and_labels
from tenfold.metrics.registry import metric
from tenfold.metrics.score import Score, mean_score

LOG_LOSS_EPSILON = 1e-7
"""`log_loss` clips probabilities here: Keras's epsilon, so that both report the same loss."""


@metric(
    "log loss",
    "mean negative log-likelihood of the labels",
    unit="nats",
    position=20,
    in_tables=True,
    before_temperature=True,
)
def log_loss(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the mean negative log-likelihood of the labels in nats, with its t interval.

        loss_i = -ln p_i[label_i],   mean ± t(n - 1) · sd / √n,   the lower end not below 0

    Probabilities are clipped to [1e-7, 1 - 1e-7] as in Keras, so that one image contributes at
    most 16.1 nats. A single image has no interval.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.

    Raises:
        InputError: as `accuracy`; rows are not probabilities, logits for example.

    Source: Good, "Rational decisions" (1952); interval: Student, "The probable error of a mean"
    (1908).

    >>> log_loss([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 1, 1]).as_text(2)
    '0.44 (0.00 to 1.18)'
    """
    checked, indices = distributions_and_labels(probabilities, labels)
    likelihood = checked[np.arange(len(indices)), indices]
    return mean_score(-np.log(np.clip(likelihood, LOG_LOSS_EPSILON, 1 - LOG_LOSS_EPSILON)))


@metric(
    "Brier score",
    "mean squared distance of the probabilities from the one-hot label, 0 to 2",
    highest=2.0,
    position=30,
    before_temperature=True,
)
def brier_score(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the mean squared distance of probabilities from one-hot labels, with its t interval.

        distance_i = Σ_k (p_i[k] - [k = label_i])²

    It is 0 for a certain correct prediction and 2 for a certain wrong one.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1.
        labels: integers ``[n]``.

    Raises:
        InputError: as `log_loss`.

    Source: Brier, "Verification of forecasts expressed in terms of probability" (1950).

    >>> brier_score([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 1, 1]).as_text(2)
    '0.28 (0.00 to 0.88)'
    """
    checked, indices = distributions_and_labels(probabilities, labels)
    one_hot = np.eye(checked.shape[1])[indices]
    return mean_score(((checked - one_hot) ** 2).sum(axis=1), highest=2.0)
