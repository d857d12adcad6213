"""Evaluations, comparisons and answers as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tenfold.cli.text import table, wrapped

if TYPE_CHECKING:
    from tenfold.evaluation import Evaluation
    from tenfold.evaluation.calibration import Calibration
    from tenfold.experiments.comparison import Comparison
    from tenfold.metrics import Score, SeedSummary

_INDENT = 19


def describe_evaluation(result: Evaluation, seeds: Sequence[int]) -> str:
    """Every score with its spread, and what was recognised of each class."""
    lines = [_line("accuracy", result.headline()), *_probability_lines(result)]
    if len(seeds) > 1:
        lines += [_line("", "mean ± standard deviation over seeds (95 % interval of the mean)")]
        lines += ["", _seeds(result, seeds)]
    else:
        lines += [*_acceptance(result), *_sets(result), _line("", "(95 % interval)")]
    first = f"class (seed {seeds[0]})" if len(seeds) > 1 else "class"
    return "\n".join([*lines, "", _classes(result, first)])


def _line(name: str, text: str) -> str:
    return f"{name:<{_INDENT}}{wrapped(text, _INDENT)}".rstrip()


def _probability_lines(result: Evaluation) -> list[str]:
    lines = [
        _line("log loss", _figure(result, "log_loss").as_text()),
        _line("Brier score", _figure(result, "brier_score").as_text()),
        _line("calibration error", _figure(result, "calibration_error").as_text()),
    ]
    if result.calibrations:
        before = _figure(result.uncalibrated(), "calibration_error").as_text()
        found = ", ".join(f"{calibration.temperature:.2f}" for calibration in result.calibrations)
        lines.append(_line("", f"before temperature {found}: {before}"))
    area = _figure(result, "area_under_risk_coverage").as_text(5)
    return [*lines, _line("risk-coverage area", area)]


def _figure(result: Evaluation, name: str) -> Score | SeedSummary:
    several = len(result.outputs) > 1
    return result.over_seeds([name])[name] if several else getattr(result, name)[0]


def _acceptance(result: Evaluation) -> list[str]:
    """What a single network accepts, and how much of it is wrong."""
    for calibration, found in zip(result.calibrations, result.accepted, strict=True):
        threshold = calibration.threshold
        if threshold is None or found is None:
            return [_line("accepts", f"all images: {calibration.note}")]
        kept, wrong = found
        share = "nothing" if wrong is None else f"{wrong.as_percent()} of these"
        asked = f"asked: {100 * threshold.error_rate:g} %"
        text = f"{kept.as_percent()} of images, those at {100 * threshold.value:.1f} % or more"
        return [_line("accepts", text), _line("", f"{share} wrong, {asked}")]
    return []


def _sets(result: Evaluation) -> list[str]:
    """How often a single network's prediction set holds the label, and its size."""
    return [
        _line(
            "prediction sets",
            f"{held.as_percent()} hold the label, asked: {100 * calibration.level:g} %; "
            f"{size.value:.2f} classes each",
        )
        for calibration, (held, size) in zip(result.calibrations, result.conformal, strict=True)
    ]


def _seeds(result: Evaluation, seeds: Sequence[int]) -> str:
    """The networks one by one."""
    kept = result.accepted or [None] * len(seeds)
    rows = [
        (
            seed,
            right.as_percent(),
            lost.as_text(),
            "-" if found is None else f"{100 * found[0].value:.2f} %",
            "-" if found is None or found[1] is None else f"{100 * found[1].value:.2f} %",
        )
        for seed, right, lost, found in zip(
            seeds, result.accuracy, result.log_loss, kept, strict=True
        )
    ]
    return table(rows, ["seed", "accuracy", "log loss", "accepted", "wrong"])


def _classes(result: Evaluation, first: str) -> str:
    rows = [
        (
            name,
            *(
                "-" if score is None else score.as_percent(1)
                for score in (found.recall, found.precision)
            ),
            "-" if found.f1 is None else f"{100 * found.f1.value:.1f} %",
            f"{found.n:,}",
        )
        for name, found in result.per_class().items()
    ]
    return table(rows, [first, "recall", "precision", "F1", "images"])


def describe_openings(openings: Sequence[Mapping[str, Any]]) -> str:
    """How often the test set was opened for a run."""
    times = "once" if len(openings) == 1 else f"{len(openings)} times"
    return f"\nthe test set was opened {times} for this run"


def describe_corrected(given: Evaluation, corrected: Evaluation) -> str:
    """The accuracy against the labels as they are given, and as they are corrected."""
    return f"as given   {given.headline()}\ncorrected  {corrected.headline()}"


def describe_unknown(name: str, found: Sequence[Score]) -> str:
    """How well the networks' confidence tells these images from those of another data set."""
    lines = [f"AUROC against {name}: {score.as_text()} of {score.n:,} images" for score in found]
    return "\n".join(lines)


def describe_comparison(found: Comparison) -> str:
    """Both accuracies, the images on which they differ, and the verdict."""
    width = max(map(len, found.names))
    lines = [
        f"{name:<{width}}  {accuracy.as_percent()}"
        for name, accuracy in zip(found.names, found.accuracies, strict=True)
    ]
    if found.mcnemar is not None:
        lines.append(
            f"right only in the first: {found.mcnemar.only_a} images, only in the second: "
            f"{found.mcnemar.only_b}"
        )
    return "\n".join([*lines, wrapped(found.verdict(), 0)])


def describe_confusion(result: Evaluation, network: int = 0) -> str:
    """The confusion matrix: true classes down, predicted ones across."""
    counts = result.confusion_matrix(network)
    rows = [
        (name, *(count or "." for count in row))
        for name, row in zip(result.class_names, counts.tolist(), strict=True)
    ]
    wrong = int(counts.sum() - counts.trace())
    head = f"{wrong:,} of {counts.sum():,} {result.split} images wrong; true down, predicted across"
    return f"{head}\n\n{table(rows, ['', *result.class_names])}"


def describe_mistakes(result: Evaluation, count: int, network: int = 0) -> str:
    """The most confident mistakes, one a line."""
    places = result.mistakes(network)
    predicted, chances = result.predicted(network), result.probabilities[network]
    rows = [
        (
            place,
            result.class_names[result.labels[place]],
            f"{100 * chances[place, result.labels[place]]:.1f} %",
            result.class_names[predicted[place]],
            f"{100 * chances[place, predicted[place]]:.1f} %",
        )
        for place in places[:count].tolist()
    ]
    shown = f", the {len(rows)} most confident" if len(rows) < len(places) else ""
    head = f"{len(places):,} of {len(result.labels):,} {result.split} images wrong{shown}"
    if not rows:
        return head
    return f"{head}\n\n{table(rows, ['image', 'true', 'its p', 'predicted', 'its p'])}"


def describe_calibrations(found: Sequence[Calibration], seeds: Sequence[int]) -> str:
    """Temperature and threshold of each network."""
    rows = []
    for seed, calibration in zip(seeds, found, strict=True):
        threshold = calibration.threshold
        if threshold is not None:
            share = f"{100 * threshold.accepted / threshold.n:.2f} %"
            cells = (f"{100 * threshold.value:.2f} %", share, threshold.errors, threshold.n)
            rows.append((seed, f"{calibration.temperature:.3f}", *cells))
    return table(
        rows, ["seed", "temperature", "threshold", "accepted", "wrong", "validation images"]
    )


def describe_answers(answers: Sequence[tuple[str, float]], accepted: bool) -> str:
    """Classes with their probabilities, the most probable first; or that it is not sure enough."""
    text = "  ".join(f"{name} {100 * chance:.1f} %" for name, chance in answers)
    return text if accepted else f"I don't know  ({text})"


def describe_inverted(inverted: int, total: int, was_inverted: bool) -> str:
    """Images that are the other way about than those the network was trained on."""
    which = "the image has" if total == 1 else f"{inverted} of {total} images have"
    advice = "leave out --invert" if was_inverted else "try --invert"
    return (
        f"{which} a light border where the training images are dark, or the reverse; the answer "
        f"means little, {advice}"
    )
