"""The first section of a report: headline, metrics, and the protocol behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenfold.evaluation import Evaluation
from tenfold.figures.common import count
from tenfold.metrics import Score
from tenfold.report.text import day, over_networks, times
from tenfold.runs import Run


def result(run: Run, evaluation: Evaluation) -> dict[str, Any]:
    """Return the headline, metrics and protocol of a run for the templates."""
    return {
        "headline": _headline(evaluation),
        "tiles": _tiles(evaluation),
        "protocol": _protocol(run),
        "published": run.record.protocol == "published",
        "fitted_on": f"by {by}" if (by := run.record.calibrated_by) else "on validation images",
        "images": _images(run, evaluation),
        "openings": _openings(run),
    }


def _headline(evaluation: Evaluation) -> dict[str, Any]:
    """The first metric, and how many images are wrong: of several labels, any of these."""
    first = next(iter(evaluation.metrics.values()))
    right = evaluation.exact_match if evaluation.multi_label else evaluation.accuracy
    wrong = [round((1 - score.value) * score.n) for score in right]
    mistakes = f"{min(wrong):,}" if len(wrong) == 1 else f"{min(wrong):,} to {max(wrong):,}"
    what = "have a wrong label" if evaluation.multi_label else "wrong"
    digits = first.digits
    return {
        "name": first.label,
        **over_networks(getattr(evaluation, first.name), percent=first.percent, digits=digits),
        "wrong": f"{mistakes} of {len(evaluation.labels):,} images {what}",
        "seeds": len(evaluation.outputs),
    }


def _tiles(evaluation: Evaluation) -> list[dict[str, Any]]:
    """A tile for each metric but the headline's, and two for the threshold."""
    tiles = [
        _tile(
            metric.title,
            getattr(evaluation, metric.name),
            f"{metric.description}{f', in {metric.unit}' if metric.unit not in ('', '%') else ''}",
            percent=metric.percent,
            digits=metric.digits,
        )
        for metric in [*evaluation.metrics.values()][1:]
        if metric.in_summary
    ]
    return tiles + _accepted(evaluation)


def _accepted(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Coverage and risk of the thresholds, if each network has one and accepts any image."""
    pairs = [pair for pair in evaluation.accepted if pair is not None]
    errors = [error for _, error in pairs if error is not None]
    if not pairs or not len(errors) == len(pairs) == len(evaluation.outputs):
        return []
    coverage = [covered for covered, _ in pairs]
    return [
        _tile("Accepted", coverage, "images at or above the threshold", percent=True),
        _tile("Wrong of these", errors, "errors among the accepted images", percent=True),
    ]


def _tile(
    name: str, scores: Sequence[Score], meaning: str, *, percent: bool = False, digits: int = 2
) -> dict[str, Any]:
    return {
        "name": name,
        "meaning": meaning,
        **over_networks(scores, percent=percent, digits=digits),
    }


def _images(run: Run, evaluation: Evaluation) -> str:
    """Number and split of the images that were evaluated.

    The published protocol validates on the test images, so its validation images are called so.
    """
    n = f"{len(evaluation.labels):,}"
    if run.record.protocol == "published" and evaluation.split == "validation":
        return f"{n} test images, which also served as validation images"
    return f"{n} {evaluation.split} images"


def _protocol(run: Run) -> str:
    sizes = run.record.data.sizes
    trained = count(sizes["train"], "image")
    if run.record.protocol == "published":
        return (
            f"Trained on all {trained} and validated on the test images, as in the tutorial that "
            "this run reproduces. Any choice based on these metrics is made on the test set: they "
            "are optimistic, and no substitute for a held-out result."
        )
    if run.record.refit_note:
        return run.record.refit_note
    if "validation" not in sizes:
        return f"Trained on {trained}, without validation images."
    held = f"{sizes['validation']:,}"
    test = f"; {count(sizes['test'], 'test image')} took no part" if "test" in sizes else ""
    uses = "validation" if run.multi_label else "validation, temperature and threshold"
    return f"Trained on {trained}; {held} others were held out for {uses}{test}."


def _openings(run: Run) -> dict[str, Any]:
    """How often the test set was opened, as a sentence and as a list."""
    if "test" not in run.record.data.sizes:
        return {"text": "The data have no test set.", "each": []}
    entries = run.test_openings()
    if not entries:
        return {"text": "The test set is sealed: it has not been opened for this run.", "each": []}
    each = [f"{day(entry['time'])}, by {entry['by']}" for entry in entries]
    text = f"The test set was opened {times(len(each))} for this run"
    if len(each) == 1:
        return {"text": f"{text}: {each[0]}.", "each": []}
    return {"text": f"{text}. Any later choice is a choice on the test set.", "each": each}
