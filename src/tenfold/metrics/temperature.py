"""Temperature scaling: one number that recalibrates the probabilities of a network.

Source of all: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.metrics.checks import FloatArray, distributions, distributions_and_labels

TEMPERATURE_EPSILON = float(np.finfo(np.float32).tiny)
"""Probabilities are clipped here before the logarithm: the smallest normal float32, 1.2e-38."""

TEMPERATURES = (0.05, 20.0)
"""The lowest and highest temperature that `fit_temperature` returns."""

_HALVINGS = 30  # bisections of the ratio 400 of both: a relative error of 6e-9 remains


def apply_temperature(probabilities: npt.ArrayLike, temperature: float) -> npt.NDArray[Any]:
    """Return softmax(ln p / temperature): softer above 1, sharper below, the ranking unchanged.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1; clipped below at 1.2e-38, so that one
            that underflowed to 0 stays finite.
        temperature: above 0.

    Returns:
        The same shape and float type; float64 for integers.

    Raises:
        InputError: rows are not probabilities, or the temperature is not above 0.

    >>> apply_temperature([[0.2, 0.8]], 2.0).round(4).tolist()
    [[0.3333, 0.6667]]
    """
    if not (isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature must be a number above 0, got {temperature}")
    logs = _logs(distributions(probabilities)) / temperature
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    scaled: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    dtype = np.asarray(probabilities).dtype
    return scaled if dtype.kind in "biu" else scaled.astype(dtype)


def fit_temperature(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the temperature, from 0.05 to 20, that minimises the log loss.

    The loss is that of `apply_temperature`, without the clipping of `log_loss`: convex in
    1 / temperature, it has one minimum. A network that is correct on every image gets the lowest
    temperature.

    Args:
        probabilities: ``[n, classes]``, rows with sum 1, of images that the network was neither
            trained on nor will be evaluated on.
        labels: integers ``[n]``.

    Raises:
        InputError: as `log_loss`.

    >>> round(fit_temperature([[0.99, 0.01]] * 10, [0] * 9 + [1]), 3)
    2.091
    """
    checked, indices = distributions_and_labels(probabilities, labels)
    logs = _logs(checked)
    # Relative to the label, so that neither end of the range of temperatures loses digits.
    margins = logs - logs[np.arange(len(indices)), indices][:, None]
    low, high = (1 / end for end in reversed(TEMPERATURES))
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _slope(margins, middle) > 0 else (middle, high)
    return float(1 / (low * high) ** 0.5)


def _slope(margins: FloatArray, inverse: float) -> float:
    """Return the derivative of the loss by β = 1 / temperature; it increases with β.

    d/dβ ln Σ_k exp(β m_k) = Σ_k softmax(β m)_k m_k
    """
    scaled = inverse * margins
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return float(((weights * margins).sum(axis=1) / weights.sum(axis=1)).sum())


def _logs(probabilities: FloatArray) -> FloatArray:
    return np.log(np.maximum(probabilities, TEMPERATURE_EPSILON))
