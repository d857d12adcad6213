"""Metrics: pure functions from probabilities and labels to scores with 95 % intervals.

- `registry`: `METRICS`, the metrics that evaluations report; `@metric` adds one
- `score`: a value with its interval, over images (`Score`) and over seeds (`SeedSummary`)
- `classification`: accuracy, confusion matrix, precision, recall, F1
- `multi_label`: of any number of labels an image: AUROC, average precision, exact match, F1
- `scoring_rules`: log loss, Brier score
- `calibration`, `temperature`: reliability diagram, calibration error, temperature scaling
- `selective_prediction`, `threshold`: risk-coverage curve, threshold with guaranteed risk
- `conformal`: prediction sets
- `out_of_distribution`: AUROC of a score
- `paired_tests`, `bootstrap`, `checks`: two networks on the same images, resampling, validation

Every module of this folder is imported, so that a metric in a new file registers itself.
"""

from importlib import import_module
from pkgutil import iter_modules

from tenfold.metrics.calibration import Reliability, expected_calibration_error, reliability
from tenfold.metrics.classification import (
    ClassScores,
    accuracy,
    class_scores,
    confusion_matrix,
    rank_classes,
    top_2_accuracy,
    top_confidence,
    top_k,
    top_k_accuracy,
)
from tenfold.metrics.conformal import (
    conformal_coverage,
    conformal_quantile,
    conformal_sets,
    conformal_size,
)
from tenfold.metrics.multi_label import (
    LABEL_THRESHOLD,
    LabelScores,
    defined_metrics,
    label_scores,
    predicted_labels,
)
from tenfold.metrics.out_of_distribution import auroc
from tenfold.metrics.paired_tests import Difference, McNemar, accuracy_difference, mcnemar
from tenfold.metrics.registry import METRICS, Metric, metric, table_metrics
from tenfold.metrics.score import (
    CONFIDENCE,
    Score,
    SeedSummary,
    over_seeds,
    proportion,
    wilson_interval,
)
from tenfold.metrics.scoring_rules import LOG_LOSS_EPSILON, brier_score, log_loss
from tenfold.metrics.selective_prediction import (
    RiskCoverage,
    area_under_risk_coverage,
    risk_coverage,
    selective_scores,
)
from tenfold.metrics.temperature import (
    TEMPERATURE_EPSILON,
    TEMPERATURES,
    apply_temperature,
    fit_temperature,
)
from tenfold.metrics.threshold import Threshold, choose_threshold

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "CONFIDENCE",
    "LABEL_THRESHOLD",
    "LOG_LOSS_EPSILON",
    "METRICS",
    "TEMPERATURES",
    "TEMPERATURE_EPSILON",
    "ClassScores",
    "Difference",
    "LabelScores",
    "McNemar",
    "Metric",
    "Reliability",
    "RiskCoverage",
    "Score",
    "SeedSummary",
    "Threshold",
    "accuracy",
    "accuracy_difference",
    "apply_temperature",
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
    "defined_metrics",
    "expected_calibration_error",
    "fit_temperature",
    "label_scores",
    "log_loss",
    "mcnemar",
    "metric",
    "over_seeds",
    "predicted_labels",
    "proportion",
    "rank_classes",
    "reliability",
    "risk_coverage",
    "selective_scores",
    "table_metrics",
    "top_2_accuracy",
    "top_confidence",
    "top_k",
    "top_k_accuracy",
    "wilson_interval",
]
