"""Calibration of a network on validation images: temperature, threshold, prediction sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.metrics import Threshold

ERROR_RATE = 0.005
CONFORMAL_LEVEL = 0.99


@dataclass(frozen=True)
class Calibration:
    """Temperature, threshold and conformal quantile of one network, fitted on validation images.

    Attributes:
        temperature: divides log probabilities; above 1 for an overconfident network.
        threshold: the lowest top probability that is accepted; None if the validation images do
            not support one, for the reason in ``note``.
        quantile: of 1 - p(label), for prediction sets that hold the label at ``level``.
        level: the share of images whose prediction set should hold their label.
        n: validation images that it was fitted on.
        note: why there is no threshold.

    Example:
        >>> overconfident = Calibration(2.0, None, 0.5, 0.99, 100)
        >>> overconfident.apply(np.array([[0.9, 0.1]])).round(2).tolist()
        [[0.75, 0.25]]
    """

    temperature: float
    threshold: Threshold | None
    quantile: float
    level: float
    n: int
    note: str = ""

    @classmethod
    def fit(
        cls,
        probabilities: npt.ArrayLike,
        labels: npt.ArrayLike,
        error_rate: float | None = None,
    ) -> Calibration:
        """Fit the temperature on validation images, then threshold and quantile at it.

        Args:
            probabilities: ``[n, classes]``, of the network.
            labels: integers ``[n]``.
            error_rate: the largest share of accepted images that may be wrong. None means 0.005,
                or no threshold if the images are too few for it.

        Raises:
            InputError: the shapes do not match, or no threshold satisfies ``error_rate``.
        """
        temperature = metrics.fit_temperature(probabilities, labels)
        scaled = metrics.apply_temperature(probabilities, temperature)
        quantile = metrics.conformal_quantile(scaled, labels, CONFORMAL_LEVEL)
        threshold, note = None, ""
        try:
            threshold = metrics.choose_threshold(
                scaled, labels, ERROR_RATE if error_rate is None else error_rate
            )
        except InputError as error:
            if error_rate is not None:
                raise
            note = str(error)
        return cls(temperature, threshold, quantile, CONFORMAL_LEVEL, len(scaled), note)

    def apply(self, probabilities: npt.ArrayLike) -> npt.NDArray[Any]:
        """Probabilities ``[n, classes]`` at the fitted temperature; the ranking is unchanged."""
        return metrics.apply_temperature(probabilities, self.temperature)

    def accepts(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each image is accepted, bool ``[n]``; without a threshold, all are.

        Args:
            probabilities: ``[n, classes]``, calibrated.
        """
        highest = np.asarray(probabilities).max(axis=-1)
        if self.threshold is None:
            return np.ones(highest.shape, bool)
        accepted: npt.NDArray[np.bool_] = highest >= self.threshold.value
        return accepted

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Calibration:
        """Read back the result of ``to_json``."""
        threshold = values["threshold"]
        return cls(**{**values, "threshold": None if threshold is None else Threshold(**threshold)})
