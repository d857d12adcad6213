"""Scores and threshold of a model card, from the predictions stored with a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import metrics
from tenfold.core.errors import InputError
from tenfold.evaluation.calibration import ERROR_RATE
from tenfold.metrics import METRICS
from tenfold.runs.ledger import openings
from tenfold.runs.predictions import load

if TYPE_CHECKING:
    from tenfold.runs import Run


@dataclass(frozen=True)
class Predictions:
    """Probabilities, float32 ``[n, classes]``, and labels, int ``[n]``."""

    probabilities: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


def stored(run: Run, networks: Sequence[int]) -> dict[str, Predictions]:
    """Return the mean predictions of some networks of a run by split.

    The test split is included only if it has been opened.

    Args:
        run: with stored predictions.
        networks: indices of networks.
    """
    names = ["validation", *(["test"] if openings(run.path) else [])]
    results = {name: load(run.path, name) for name in names}
    return {
        name: Predictions(_mean(run, result[0].outputs, networks), result[0].labels)
        for name, result in results.items()
        if result is not None
    }


def _mean(
    run: Run, outputs: npt.NDArray[np.float32], networks: Sequence[int]
) -> npt.NDArray[np.float32]:
    """The mean of calibrated outputs ``[networks, n, classes]``."""
    calibrated = [
        run.calibrations[i].apply(outputs[i]) if run.calibrations else outputs[i] for i in networks
    ]
    mean: npt.NDArray[np.float32] = np.mean(calibrated, axis=0, dtype=np.float32)
    return mean


def score(predictions: Mapping[str, Predictions]) -> dict[str, Any]:
    """Return scores by split and metric, each with its 95 % interval and number of images."""
    return {split: _scores(p) for split, p in predictions.items()}


def _scores(found: Predictions) -> dict[str, Any]:
    registry = metrics.defined_metrics(found.labels) if found.labels.ndim == 2 else METRICS
    functions = [metric.function for metric in registry.values() if metric.in_model_card]
    return {f.__name__: f(found.probabilities, found.labels).as_json() for f in functions}


def choose_threshold(
    run: Run, networks: Sequence[int], validation: Predictions | None
) -> tuple[dict[str, Any] | None, str]:
    """Return the threshold at the run's error rate, or None and the reason."""
    if run.record.data.multi_label:
        return None, "each label has a probability of its own"
    if run.calibrations and validation is None and run.record.protocol == "refit":
        return _of_refit(run, networks)
    if not run.calibrations or validation is None:
        return None, "the run has no validation images of its own"
    rates = [c.threshold.error_rate for c in run.calibrations if c.threshold is not None]
    try:
        threshold = metrics.choose_threshold(
            validation.probabilities, validation.labels, min(rates, default=ERROR_RATE)
        )
    except InputError as error:
        return None, str(error)
    return threshold.as_json(), ""


def _of_refit(run: Run, networks: Sequence[int]) -> tuple[dict[str, Any] | None, str]:
    """The threshold of the calibration that a refit took over."""
    if len(networks) > 1:
        return None, (
            "the thresholds of a refit's networks do not hold for their mean; export one network"
        )
    calibration = run.calibrations[networks[0]]
    threshold = calibration.threshold
    return None if threshold is None else threshold.as_json(), calibration.note
