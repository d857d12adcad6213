"""Sections on predictions: classes, confusion matrix, calibration, selective prediction."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from tenfold import figures
from tenfold.evaluation import Evaluation
from tenfold.metrics import METRICS, Score, Threshold
from tenfold.report.text import share

MOST_FREQUENT = 3


def classes(evaluation: Evaluation) -> dict[str, Any]:
    """Precision, recall and F1 of each class of the first network, the lowest recall marked."""
    per_class = evaluation.per_class()
    recalls = {name: c.recall.value for name, c in per_class.items() if c.recall is not None}
    lowest = min(recalls.values())
    worst = [name for name, value in recalls.items() if value == lowest and value < 1]
    rows = [
        {
            "name": name,
            "n": c.n,
            "precision": share(c.precision, 1),
            "recall": share(c.recall, 1),
            "f1": share(c.f1, 1),
            "worst": name in worst,
        }
        for name, c in per_class.items()
    ]
    lows = [c.recall.low for c in per_class.values() if c.recall and c.recall.low is not None]
    start = int(floor(100 * min(lows) / 5) * 5)  # of the recall axis, in percent
    return {"rows": rows, "worst": worst, "lowest": f"{100 * lowest:.1f}", "from": start}


def confusion(evaluation: Evaluation) -> dict[str, Any]:
    """The confusion matrix of the first network, with the shade of each cell from 0 to 1.

    Shades are square roots, so that rare confusions stay visible next to the most frequent one.
    """
    table, names = evaluation.confusion_matrix(), evaluation.class_names
    off = table * ~np.eye(len(table), dtype=bool)
    shades = np.sqrt(off / max(1, off.max())).round(3)
    frequent = np.argsort(-off, axis=None, kind="stable")[:MOST_FREQUENT]
    pairs = [divmod(int(cell), len(table)) for cell in frequent if off.flat[cell]]
    return {
        "rows": np.dstack([table, shades]).tolist(),
        "wrong": int(off.sum()),
        "n": len(evaluation.labels),
        "frequent": [
            {"n": int(off[pair]), "text": f"{names[pair[0]]} predicted as {names[pair[1]]}"}
            for pair in pairs
        ],
    }


def calibration(evaluation: Evaluation) -> dict[str, Any]:
    """The reliability diagram of the first network, before and after temperature scaling."""
    metric, uncalibrated = METRICS["calibration_error"], evaluation.uncalibrated()
    before, after = uncalibrated.calibration_error[0], evaluation.calibration_error[0]
    series = {"as trained": uncalibrated.reliability()}
    values: dict[str, Any] = {"before": metric.format(before), "after": None}
    if evaluation.calibrations:
        temperature = evaluation.calibrations[0].temperature
        series[f"at temperature {temperature:.2f}"] = evaluation.reliability()
        values |= {
            "after": metric.format(after),
            "temperature": f"{temperature:.2f}",
            "worse": after.value > before.value,
            "confidence": "overconfident" if temperature > 1 else "underconfident",
            "fitted_here": evaluation.split == "validation",
        }
    return values | {"figure": figures.to_svg(figures.reliability(series))}


def selective_prediction(evaluation: Evaluation) -> dict[str, Any]:
    """The risk-coverage curves, the threshold, and the prediction sets of the first network."""
    curves = [evaluation.risk_coverage(network) for network in range(len(evaluation.outputs))]
    values: dict[str, Any] = {"threshold": None, "conformal": None, "note": ""}
    point = None
    if evaluation.calibrations:
        values |= {
            "note": evaluation.calibrations[0].note,
            "fitted_here": evaluation.split == "validation",
            "conformal": _conformal(evaluation),
        }
        threshold, accepted = evaluation.calibrations[0].threshold, evaluation.accepted[0]
        if threshold is not None and accepted is not None:
            coverage, error = accepted
            values["threshold"] = _threshold(threshold, coverage, error)
            point = None if error is None else (coverage.value, error.value)
    figure = figures.risk_coverage([(c.coverage, c.risk) for c in curves], point)
    return values | {"figure": figures.to_svg(figure)}


def _threshold(threshold: Threshold, coverage: Score, error: Score | None) -> dict[str, str]:
    return {
        "value": f"{100 * threshold.value:.2f} %",
        "limit": f"{100 * threshold.error_rate:g} %",
        "chosen": f"{threshold.accepted:,} of {threshold.n:,}",
        "errors": f"{threshold.errors:,}",
        "coverage": coverage.as_percent(),
        "error": "none" if error is None else error.as_percent(),
        "n": f"{coverage.n:,}",
    }


def _conformal(evaluation: Evaluation) -> dict[str, str]:
    coverage, size = evaluation.conformal[0]
    return {
        "level": f"{100 * evaluation.calibrations[0].level:g} %",
        "coverage": coverage.as_percent(),
        "size": size.as_text(3),
    }
