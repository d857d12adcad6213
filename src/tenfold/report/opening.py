"""What a report begins with: the headline, the key scores, and under which protocol they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenfold.evaluation import Evaluation
from tenfold.figures.common import count
from tenfold.metrics import Score
from tenfold.report.text import day, over_networks, times
from tenfold.runs import Run


def opening(run: Run, found: Evaluation) -> dict[str, Any]:
    """Headline, key scores and protocol of a run, as the page shows them."""
    return {
        "headline": _headline(found),
        "tiles": _tiles(found),
        "protocol": _protocol(run),
        "published": run.record.protocol == "published",
        "shown": shown(run, found),
        "openings": _openings(run),
    }


def shown(run: Run, found: Evaluation) -> str:
    """Which images the figures are of, in a few words.

    The validation images of the published protocol are the test images, and are called so.
    """
    n = f"{len(found.labels):,}"
    if run.record.protocol == "published" and found.split == "validation":
        return f"{n} test images, on which it was validated as well"
    return f"{n} {found.split} images"


def _headline(found: Evaluation) -> dict[str, Any]:
    wrong = [round((1 - score.value) * score.n) for score in found.accuracy]
    mistakes = f"{min(wrong):,}" if len(wrong) == 1 else f"{min(wrong):,} to {max(wrong):,}"
    return {
        **over_networks(found.accuracy, percent=True),
        "wrong": f"{mistakes} of {len(found.labels):,} images wrong",
        "seeds": len(found.outputs),
    }


def _tiles(found: Evaluation) -> list[dict[str, Any]]:
    tiles = [
        _tile("Log loss", found.log_loss, "surprise at the truth, in nats; 0 is best", digits=4),
        _tile(
            "Brier score", found.brier_score, "squared distance from the truth, 0 to 2", digits=4
        ),
        _tile(
            "Calibration error",
            found.calibration_error,
            "how far confidence and accuracy lie apart",
            percent=True,
        ),
        _tile(
            "Selective risk",
            found.area_under_risk_coverage,
            "error over all shares answered, the surest first",
            percent=True,
            digits=3,
        ),
    ]
    return tiles + _accepted(found)


def _accepted(found: Evaluation) -> list[dict[str, Any]]:
    """What the thresholds accept, where every network has one and accepts anything by it."""
    pairs = [pair for pair in found.accepted if pair is not None]
    errors = [error for _, error in pairs if error is not None]
    if not len(errors) == len(pairs) == len(found.outputs):
        return []
    coverage = [kept for kept, _ in pairs]
    return [
        _tile("Accepted", coverage, "sure enough to be answered", percent=True),
        _tile("Wrong of these", errors, "mistakes among the accepted", percent=True),
    ]


def _tile(
    name: str, found: Sequence[Score], meaning: str, *, percent: bool = False, digits: int = 2
) -> dict[str, Any]:
    return {
        "name": name,
        "meaning": meaning,
        **over_networks(found, percent=percent, digits=digits),
    }


def _protocol(run: Run) -> str:
    sizes = run.record.data.sizes
    trained = count(sizes["train"], "image")
    if run.record.protocol == "published":
        return (
            f"Trained on all {trained} and validated on the test images, as the tutorial did that "
            "this run reproduces. Whatever is chosen by these figures is chosen on the test set: "
            "they are optimistic, and no substitute for a held-out result."
        )
    if "validation" not in sizes:
        return f"Trained on {trained}; none were held out to watch it."
    held = f"{sizes['validation']:,}"
    test = f"; {count(sizes['test'], 'test image')} took no part" if "test" in sizes else ""
    return (
        f"Trained on {trained}; {held} others were held out to watch it and to set its "
        f"temperature and threshold{test}."
    )


def _openings(run: Run) -> dict[str, Any]:
    """How often the test set was opened, in a sentence and one by one."""
    if "test" not in run.record.data.sizes:
        return {"text": "The data have no test set.", "each": []}
    entries = run.test_openings()
    if not entries:
        return {"text": "The test set is sealed: it has not been opened for this run.", "each": []}
    each = [f"{day(entry['time'])}, by {entry['by']}" for entry in entries]
    care = "" if len(each) == 1 else " What is chosen after looking is chosen on the test set."
    text = f"The test set was opened {times(len(each))} for this run"
    if len(each) == 1:
        return {"text": f"{text}: {each[0]}.", "each": []}
    return {"text": f"{text}.{care}", "each": each}
