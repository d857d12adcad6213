"""Figures of the probabilities that a network gives, and the temperature that mends them."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import FloatArray, distributions, distributions_and_labels
from tenfold.metrics.score import Score, mean_score

SMALLEST_PROBABILITY = 1e-7
"""Where `log_loss` clips: Keras's epsilon, so that both report the same loss."""

SMALLEST_TEMPERED = float(np.finfo(np.float32).tiny)
"""Where `temper` clips before the logarithm: the smallest normal float32, 1.2e-38."""

TEMPERATURES = (0.05, 20.0)
"""The lowest and highest temperature that `fit_temperature` tries."""

_HALVINGS = 30  # of their ratio of 400: what is left is a relative error of 6e-9


def log_loss(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the mean negative log-likelihood of the labels in nats, with its t interval.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

        loss_i = -ln p_i[label_i],   mean ± t(n - 1) · sd / √n,   the lower end not below 0

    Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras does, so that one image costs at most
    16.1 nats. A single image has no interval. The loss is that of Good, "Rational decisions"
    (1952), the interval Student's, "The probable error of a mean" (1908).

    Raises InputError as `accuracy` does, and for rows that are no probabilities, such as logits.

    >>> log_loss([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 1, 1]).as_text(2)
    '0.44 (0.00 to 1.18)'
    """
    checked, truth = distributions_and_labels(probabilities, labels)
    likelihood = checked[np.arange(len(truth)), truth]
    return mean_score(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)))


def brier_score(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> Score:
    """Return the mean squared distance of the probabilities from the truth, with its t interval.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n].

        distance_i = Σ_k (p_i[k] - [k = label_i])²,   from 0 for certain and right
                                                      to 2 for certain and wrong

    The interval is that of `log_loss`. Raises InputError as `log_loss` does.
    Source: Brier, "Verification of forecasts expressed in terms of probability" (1950).

    >>> brier_score([[0.5, 0.5], [0.4, 0.6], [0.1, 0.9]], [0, 1, 1]).as_text(2)
    '0.28 (0.00 to 0.88)'
    """
    checked, truth = distributions_and_labels(probabilities, labels)
    one_hot = np.eye(checked.shape[1])[truth]
    return mean_score(((checked - one_hot) ** 2).sum(axis=1))


def temper(probabilities: npt.ArrayLike, temperature: float) -> npt.NDArray[Any]:
    """Return softmax(ln p / temperature): softer above 1, sharper below, the ranking unchanged.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; the result has the same shape
    and float type (integers give float64). Probabilities are clipped below at 1.2e-38, the
    smallest normal float32, so that one that underflowed to 0 stays finite.

    Raises InputError for rows that are no probabilities and unless the temperature is above 0.
    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).

    >>> temper([[0.2, 0.8]], 2.0).round(4).tolist()
    [[0.3333, 0.6667]]
    """
    if not (isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature must be a number above 0, got {temperature}")
    logs = _logs(distributions(probabilities)) / temperature
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    tempered: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    given = np.asarray(probabilities).dtype
    return tempered if given.kind in "biu" else tempered.astype(given)


def fit_temperature(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the temperature, from 0.05 to 20, at which `temper` makes the log loss smallest.

    probabilities: [n, classes], each row from 0 to 1 with sum 1; labels: integers [n], of images
    that the network was not trained on and that no score is reported for. The loss is that of
    the tempered probabilities without the clipping of `log_loss`: convex in 1 / temperature, it
    has one minimum. A network that is right on every image is sharpened to the lower end.

    Raises InputError as `log_loss` does.
    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).

    >>> round(fit_temperature([[0.99, 0.01]] * 10, [0] * 9 + [1]), 3)
    2.091
    """
    checked, truth = distributions_and_labels(probabilities, labels)
    logs = _logs(checked)
    # Relative to the label, so that neither end of the range of temperatures loses digits.
    margins = logs - logs[np.arange(len(truth)), truth][:, None]
    low, high = (1 / end for end in reversed(TEMPERATURES))
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _slope(margins, middle) > 0 else (middle, high)
    return float(1 / (low * high) ** 0.5)


def _slope(margins: FloatArray, inverse: float) -> float:
    """The derivative of the loss by 1 / temperature, which grows with it.

    d/dβ ln Σ_k exp(β m_k) = Σ_k softmax(β m)_k m_k
    """
    scaled = inverse * margins
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return float(((weights * margins).sum(axis=1) / weights.sum(axis=1)).sum())


def _logs(probabilities: FloatArray) -> FloatArray:
    return np.log(np.maximum(probabilities, SMALLEST_TEMPERED))
