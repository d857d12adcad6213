"""Console text of evaluations, comparisons and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tenfold.cli.text import table, wrapped
from tenfold.metrics import METRICS, LabelScores, table_metrics

if TYPE_CHECKING:
    from tenfold.evaluation import Calibration, Evaluation
    from tenfold.experiments.comparison import Comparison
    from tenfold.experiments.robustness import Robustness
    from tenfold.metrics import ClassScores, Metric, Score

_INDENT = 19


def describe_evaluation(result: Evaluation, seeds: Sequence[int]) -> str:
    """Every metric with its interval, then precision and recall of each class."""
    first_metric = next(iter(result.metrics.values()))
    lines = [_line(first_metric.label, result.headline().removeprefix(f"{first_metric.label} "))]
    for metric in result.metrics.values():
        if metric.in_summary and metric is not first_metric:
            lines += _metric_lines(result, metric)
    if len(seeds) > 1:
        lines += [_line("", "mean ± standard deviation over seeds (95 % interval of the mean)")]
        lines += ["", _seeds(result, seeds)]
    else:
        lines += [*_acceptance(result), *_prediction_sets(result), _line("", "(95 % interval)")]
    first = "label" if result.multi_label else "class"
    first = f"{first} (seed {seeds[0]})" if len(seeds) > 1 else first
    return "\n".join([*lines, "", _classes(result, first)])


def _line(name: str, text: str) -> str:
    return f"{name:<{_INDENT}}{wrapped(text, _INDENT)}".rstrip()


def _metric_lines(result: Evaluation, metric: Metric) -> list[str]:
    """A metric, and the calibration error before temperature scaling as well."""
    lines = [_line(metric.label, metric.format(result.summary(metric.name)))]
    if metric.name == "calibration_error" and result.calibrations:
        before = metric.format(result.uncalibrated().summary(metric.name))
        temperatures = ", ".join(f"{c.temperature:.2f}" for c in result.calibrations)
        lines.append(_line("", f"before temperature {temperatures}: {before}"))
    return lines


def _acceptance(result: Evaluation) -> list[str]:
    """Coverage and risk of the threshold of a single network."""
    for calibration, pair in zip(result.calibrations, result.accepted, strict=True):
        threshold = calibration.threshold
        if threshold is None or pair is None:
            return [_line("accepts", f"all images: {calibration.note}")]
        coverage, error = pair
        share = "nothing" if error is None else f"{error.as_percent()} of these"
        limit = f"limit: {100 * threshold.error_rate:g} %"
        text = f"{coverage.as_percent()} of images, those at {100 * threshold.value:.1f} % or more"
        return [_line("accepts", text), _line("", f"{share} wrong, {limit}")]
    return []


def _prediction_sets(result: Evaluation) -> list[str]:
    """Coverage and mean size of the prediction sets of a single network."""
    return [
        _line(
            "prediction sets",
            f"{coverage.as_percent()} hold the label, target: {100 * calibration.level:g} %; "
            f"{size.value:.2f} classes each",
        )
        for calibration, (coverage, size) in zip(result.calibrations, result.conformal, strict=True)
    ]


def _seeds(result: Evaluation, seeds: Sequence[int]) -> str:
    """A row per network."""
    metrics = table_metrics(result.metrics)
    columns = [[m.format(score) for score in getattr(result, m.name)] for m in metrics]
    names = ["seed", *(m.label for m in metrics)]
    if result.multi_label:
        return table(list(zip(seeds, *columns, strict=True)), names)
    pairs = [pair or (None, None) for pair in result.accepted or [None] * len(seeds)]
    rows = [
        (seed, *cells, *map(_percent, pair))
        for seed, *cells, pair in zip(seeds, *columns, pairs, strict=True)
    ]
    return table(rows, [*names, "accepted", "wrong"])


def _percent(score: Score | None) -> str:
    return "-" if score is None else f"{100 * score.value:.2f} %"


def _classes(result: Evaluation, first: str) -> str:
    rows = [
        (
            name,
            *(
                "-" if score is None else score.as_percent(1)
                for score in (scores.recall, scores.precision)
            ),
            "-" if scores.f1 is None else f"{100 * scores.f1.value:.1f} %",
            *_areas(scores),
            f"{scores.n:,}",
        )
        for name, scores in result.per_class().items()
    ]
    areas = ["AUROC", "AP"] if result.multi_label else []
    return table(rows, [first, "recall", "precision", "F1", *areas, "images"])


def _areas(scores: ClassScores) -> list[str]:
    """AUROC and average precision of a label; nothing of a class."""
    if not isinstance(scores, LabelScores):
        return []
    areas = (scores.auroc, scores.average_precision)
    return ["-" if score is None else score.as_text(3) for score in areas]


def describe_openings(openings: Sequence[Mapping[str, Any]]) -> str:
    """How often the test set was opened for a run."""
    times = "once" if len(openings) == 1 else f"{len(openings)} times"
    return f"\nthe test set was opened {times} for this run"


def describe_corrected(original: Evaluation, corrected: Evaluation) -> str:
    """The accuracy on the original labels and on the corrected ones."""
    return f"original   {original.headline()}\ncorrected  {corrected.headline()}"


def describe_robustness(robustness: Robustness) -> str:
    """The accuracy on each kind of corruption, and their mean."""
    accuracy = METRICS["accuracy"]
    results = {"none": robustness.clean, **robustness.corrupted}
    rows = [(kind, accuracy.format(e.summary("accuracy"))) for kind, e in results.items()]
    rows.append((f"mean of {len(robustness.corrupted)}", accuracy.format(robustness.mean)))
    return table(rows, ["corruption", f"accuracy, {len(robustness.clean.labels):,} images"])


def describe_out_of_distribution(name: str, scores: Sequence[Score]) -> str:
    """How well the confidence of each network detects the images of another dataset."""
    lines = [f"AUROC against {name}: {score.as_text()} of {score.n:,} images" for score in scores]
    return "\n".join(lines)


def describe_comparison(comparison: Comparison) -> str:
    """The metrics of both runs, the images on which they differ, and the verdict."""
    metrics = table_metrics(comparison.first.metrics)
    results = zip(comparison.names, (comparison.first, comparison.second), strict=True)
    rows = [
        (name, *(m.format(result.summary(m.name)) for m in metrics)) for name, result in results
    ]
    lines = [table(rows, ["run", *(m.label for m in metrics)])]
    if comparison.mcnemar is not None:
        lines.append(
            f"correct only in the first: {comparison.mcnemar.only_a} images, only in the second: "
            f"{comparison.mcnemar.only_b}"
        )
    texts = filter(None, (comparison.verdict(), comparison.note))
    return "\n".join([*lines, *(wrapped(text, 0) for text in texts)])


def describe_confusion(result: Evaluation, network: int = 0) -> str:
    """The confusion matrix: rows are true, columns predicted classes."""
    counts = result.confusion_matrix(network)
    rows = [
        (name, *(count or "." for count in row))
        for name, row in zip(result.class_names, counts.tolist(), strict=True)
    ]
    wrong = int(counts.sum() - counts.trace())
    head = (
        f"{wrong:,} of {counts.sum():,} {result.split} images wrong; rows: true class, columns: "
        "predicted class"
    )
    return f"{head}\n\n{table(rows, ['', *result.class_names])}"


def describe_mistakes(result: Evaluation, count: int, network: int = 0) -> str:
    """The most confident errors, one per line."""
    indices = result.mistakes(network)
    predicted, probabilities = result.predicted(network), result.probabilities[network]
    rows = [
        (
            index,
            result.class_names[result.labels[index]],
            f"{100 * probabilities[index, result.labels[index]]:.1f} %",
            result.class_names[predicted[index]],
            f"{100 * probabilities[index, predicted[index]]:.1f} %",
        )
        for index in indices[:count].tolist()
    ]
    shown = f", the {len(rows)} most confident" if len(rows) < len(indices) else ""
    head = f"{len(indices):,} of {len(result.labels):,} {result.split} images wrong{shown}"
    if not rows:
        return head
    header = ["image", "true", "probability", "predicted", "probability"]
    return f"{head}\n\n{table(rows, header)}"


def describe_calibrations(calibrations: Sequence[Calibration], seeds: Sequence[int]) -> str:
    """Temperature and threshold of each network."""
    rows = []
    for seed, calibration in zip(seeds, calibrations, strict=True):
        threshold = calibration.threshold
        if threshold is not None:
            share = f"{100 * threshold.accepted / threshold.n:.2f} %"
            cells = (f"{100 * threshold.value:.2f} %", share, threshold.errors, threshold.n)
            rows.append((seed, f"{calibration.temperature:.3f}", *cells))
    return table(
        rows, ["seed", "temperature", "threshold", "accepted", "wrong", "validation images"]
    )


def describe_prediction(ranked: Sequence[tuple[str, float]], accepted: bool) -> str:
    """The most probable classes with their probabilities, or "I don't know" before them."""
    text = "  ".join(f"{name} {100 * probability:.1f} %" for name, probability in ranked)
    return text if accepted else f"I don't know  ({text})"


def describe_labels(
    labels: Sequence[str], probabilities: Mapping[str, float], top: Sequence[tuple[str, float]]
) -> str:
    """The labels with their probabilities, then in brackets other ones of the most probable.

    Example:
        >>> describe_labels(["cat"], {"cat": 0.9, "dog": 0.2}, [("cat", 0.9), ("dog", 0.2)])
        'cat 90.0 %  (dog 20.0 %)'
    """
    found = "  ".join(f"{name} {100 * probabilities[name]:.1f} %" for name in labels)
    others = "  ".join(f"{name} {100 * value:.1f} %" for name, value in top if name not in labels)
    return f"{found or 'no label'}{f'  ({others})' if others else ''}"


def describe_inverted(inverted: int, total: int, was_inverted: bool) -> str:
    """A warning about images with light and dark exchanged relative to the training images."""
    which = "the image has" if total == 1 else f"{inverted} of {total} images have"
    advice = "leave out --invert" if was_inverted else "try --invert"
    return (
        f"{which} a light border where the training images are dark, or the reverse; the "
        f"prediction is unreliable, {advice}"
    )
