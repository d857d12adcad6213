"""What the card of an artifact says of its answers: threshold, and scores with intervals."""

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
class Answers:
    """Probabilities float32 ``[n, classes]`` of images, and their labels, int ``[n]``."""

    probabilities: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


def kept(run: Run, chosen: Sequence[int]) -> dict[str, Answers]:
    """What a run has kept of some of its networks, their mean, by split.

    The test split is among them only where it was opened.
    """
    names = ["validation", *(["test"] if openings(run.path) else [])]
    found = {name: load(run.path, name) for name in names}
    return {
        name: Answers(_mean(run, answers[0].outputs, chosen), answers[0].labels)
        for name, answers in found.items()
        if answers is not None
    }


def _mean(
    run: Run, outputs: npt.NDArray[np.float32], chosen: Sequence[int]
) -> npt.NDArray[np.float32]:
    tempered = [
        run.calibrations[i].apply(outputs[i]) if run.calibrations else outputs[i] for i in chosen
    ]
    mean: npt.NDArray[np.float32] = np.mean(tempered, axis=0, dtype=np.float32)
    return mean


def score(answers: Mapping[str, Answers]) -> dict[str, Any]:
    """Scores by split and name, each with its 95 % interval and the number of images."""
    functions = [metric.function for metric in METRICS.values() if metric.in_model_card]
    return {
        split: {f.__name__: f(found.probabilities, found.labels).as_json() for f in functions}
        for split, found in answers.items()
    }


def choose_threshold(run: Run, validation: Answers | None) -> tuple[dict[str, Any] | None, str]:
    """The threshold for these answers at the run's error rate, and why there is none."""
    if not run.calibrations or validation is None:
        return None, "no validation images of the run's own"
    chosen = [c.threshold.error_rate for c in run.calibrations if c.threshold is not None]
    try:
        found = metrics.choose_threshold(
            validation.probabilities, validation.labels, min(chosen, default=ERROR_RATE)
        )
    except InputError as error:
        return None, str(error)
    return found.as_json(), ""
