"""What a report tells of the answers: classes, confusions, calibration, what is accepted."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np

from tenfold import figures
from tenfold.evaluation import Evaluation
from tenfold.metrics import Score, Threshold
from tenfold.report.text import share

MOST_FREQUENT = 3


def classes(found: Evaluation) -> dict[str, Any]:
    """Precision, recall and F1 of each class of the first network, the worst recall marked."""
    per_class = found.per_class()
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
    return {"rows": rows, "worst": worst, "lowest": f"{100 * lowest:.1f}", "from": _start(rows)}


def _start(rows: list[dict[str, Any]]) -> int:
    """Where the strips of the recalls begin, in percent: a round figure below the lowest."""
    lows = [row["recall"]["low"] for row in rows if row["recall"]["low"] is not None]
    return int(floor(100 * min(lows) / 5) * 5)


def confusion(found: Evaluation) -> dict[str, Any]:
    """The confusion matrix of the first network, with the depth of each cell's shade, 0 to 1.

    The square root keeps rare confusions visible beside the most frequent one.
    """
    table, names = found.confusion_matrix(), found.class_names
    off = table * ~np.eye(len(table), dtype=bool)
    depths = np.sqrt(off / max(1, off.max())).round(3)
    frequent = np.argsort(-off, axis=None, kind="stable")[:MOST_FREQUENT]
    pairs = [divmod(int(place), len(table)) for place in frequent if off.flat[place]]
    return {
        "rows": np.dstack([table, depths]).tolist(),
        "wrong": int(off.sum()),
        "n": len(found.labels),
        "frequent": [
            {"n": int(off[pair]), "text": f"{names[pair[0]]} read as {names[pair[1]]}"}
            for pair in pairs
        ],
    }


def calibration(found: Evaluation) -> dict[str, Any]:
    """Confidence against accuracy of the first network, before and after the temperature."""
    plain = found.uncalibrated()
    series = {"as trained": plain.reliability()}
    told: dict[str, Any] = {"before": plain.calibration_error[0].as_percent(), "after": None}
    if found.calibrations:
        temperature = found.calibrations[0].temperature
        series[f"at temperature {temperature:.2f}"] = found.reliability()
        told |= {
            "after": found.calibration_error[0].as_percent(),
            "temperature": f"{temperature:.2f}",
            "worse": found.calibration_error[0].value > plain.calibration_error[0].value,
            "sure": "too sure of itself" if temperature > 1 else "not sure enough of itself",
            "fitted_here": found.split == "validation",
        }
    return told | {"picture": figures.to_svg(figures.reliability(series))}


def selection(found: Evaluation) -> dict[str, Any]:
    """What is gained by answering only where the network is sure, and what sets would hold."""
    networks = range(len(found.outputs))
    curves = [found.risk_coverage(network) for network in networks]
    told: dict[str, Any] = {"threshold": None, "conformal": None}
    point = None
    if found.calibrations:
        told |= {
            "note": found.calibrations[0].note,
            "fitted_here": found.split == "validation",
            "conformal": _conformal(found),
        }
        threshold, accepted = found.calibrations[0].threshold, found.accepted[0]
        if threshold is not None and accepted is not None:
            told["threshold"] = _threshold(threshold, *accepted)
            point = _point(*accepted)
    picture = figures.risk_coverage([(c.coverage, c.risk) for c in curves], point)
    return told | {"picture": figures.to_svg(picture)}


def _point(covered: Score, error: Score | None) -> tuple[float, float] | None:
    return None if error is None else (covered.value, error.value)


def _threshold(threshold: Threshold, covered: Score, error: Score | None) -> dict[str, str]:
    return {
        "value": f"{100 * threshold.value:.2f} %",
        "asked": f"{100 * threshold.error_rate:g} %",
        "chosen": f"{threshold.accepted:,} of {threshold.n:,}",
        "errors": f"{threshold.errors:,}",
        "covered": covered.as_percent(),
        "error": "none" if error is None else error.as_percent(),
        "n": f"{covered.n:,}",
    }


def _conformal(found: Evaluation) -> dict[str, str]:
    held, size = found.conformal[0]
    return {
        "level": f"{100 * found.calibrations[0].level:g} %",
        "held": held.as_percent(),
        "size": size.as_text(3),
    }
