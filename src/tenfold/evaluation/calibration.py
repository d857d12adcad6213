"""Calibration: what validation images say of how far a network's confidence can be trusted."""

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
        temperature: log probabilities are divided by it; over 1 for a network too sure of itself.
        threshold: from which probability on an answer is accepted; None where the validation
            images could not support one, which ``note`` explains.
        quantile: of 1 - p(label), for prediction sets that hold the label at ``level``.
        level: the share of images whose set shall hold their label.
        n: validation images that it was fitted on.
        note: why there is no threshold.

    Example:
        >>> sure = Calibration(2.0, None, 0.5, 0.99, 100)
        >>> sure.apply(np.array([[0.9, 0.1]])).round(2).tolist()
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
        """Fit all three on validation images: temperature first, the rest on what it gives.

        Args:
            probabilities: ``[n, classes]``, as the network answers.
            labels: integers ``[n]``.
            error_rate: at most this share of accepted images may be wrong. None is 0.005, or no
                threshold where the images are too few for it; asked for by name, it must hold.

        Raises:
            InputError: the arrays do not fit one another, or no threshold keeps ``error_rate``.
        """
        temperature = metrics.fit_temperature(probabilities, labels)
        tempered = metrics.apply_temperature(probabilities, temperature)
        quantile = metrics.conformal_quantile(tempered, labels, CONFORMAL_LEVEL)
        threshold, note = None, ""
        try:
            threshold = metrics.choose_threshold(
                tempered, labels, ERROR_RATE if error_rate is None else error_rate
            )
        except InputError as error:
            if error_rate is not None:
                raise
            note = str(error)
        return cls(temperature, threshold, quantile, CONFORMAL_LEVEL, len(tempered), note)

    def apply(self, probabilities: npt.ArrayLike) -> npt.NDArray[Any]:
        """Probabilities ``[n, classes]`` at the fitted temperature; their order stays."""
        return metrics.apply_temperature(probabilities, self.temperature)

    def accepts(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which images, of calibrated probabilities ``[n, classes]``, are answered: bool ``[n]``.

        Without a threshold, all are.
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
        """Read back what ``to_json`` wrote."""
        found = values["threshold"]
        threshold = None if found is None else Threshold(**found)
        return cls(**{**values, "threshold": threshold})
