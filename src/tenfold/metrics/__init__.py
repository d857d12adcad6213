"""Figures with their spread: pure functions from probabilities and labels to scores.

A score is never a bare number: it carries its 95 % interval and the number of images behind it.
"""

from tenfold.metrics.calibration import Reliability, expected_calibration_error, reliability
from tenfold.metrics.classification import (
    ClassScores,
    accuracy,
    class_scores,
    confusion_matrix,
    ranked,
    top_k,
    top_k_accuracy,
    top_label,
)
from tenfold.metrics.comparison import Difference, McNemar, accuracy_difference, mcnemar
from tenfold.metrics.conformal import (
    conformal_coverage,
    conformal_quantile,
    conformal_sets,
    conformal_size,
)
from tenfold.metrics.probability import (
    SMALLEST_PROBABILITY,
    SMALLEST_TEMPERED,
    TEMPERATURES,
    brier_score,
    fit_temperature,
    log_loss,
    temper,
)
from tenfold.metrics.score import (
    CONFIDENCE,
    Score,
    SeedSummary,
    over_seeds,
    proportion,
    wilson_interval,
)
from tenfold.metrics.selection import (
    RiskCoverage,
    area_under_risk_coverage,
    auroc,
    risk_coverage,
    selective_scores,
)
from tenfold.metrics.threshold import Threshold, choose_threshold

__all__ = [
    "CONFIDENCE",
    "SMALLEST_PROBABILITY",
    "SMALLEST_TEMPERED",
    "TEMPERATURES",
    "ClassScores",
    "Difference",
    "McNemar",
    "Reliability",
    "RiskCoverage",
    "Score",
    "SeedSummary",
    "Threshold",
    "accuracy",
    "accuracy_difference",
    "area_under_risk_coverage",
    "auroc",
    "brier_score",
    "choose_threshold",
    "class_scores",
    "conformal_coverage",
    "conformal_quantile",
    "conformal_sets",
    "conformal_size",
    "confusion_matrix",
    "expected_calibration_error",
    "fit_temperature",
    "log_loss",
    "mcnemar",
    "over_seeds",
    "proportion",
    "ranked",
    "reliability",
    "risk_coverage",
    "selective_scores",
    "temper",
    "top_k",
    "top_k_accuracy",
    "top_label",
    "wilson_interval",
]
