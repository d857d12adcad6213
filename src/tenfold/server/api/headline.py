"""The score that the page shows first, the accuracy if there is one, and of what it is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from tenfold.evaluation import Evaluation
from tenfold.metrics.registry import METRICS, MULTI_LABEL_METRICS
from tenfold.metrics.score import SeedSummary
from tenfold.server.api.schemas import Count


class Headline(BaseModel):
    """A score with its 95 % interval."""

    metric: str = Field(description="accuracy, or macro AUROC of several labels an image.")
    value: float
    low: float | None
    high: float | None
    sd: float | None = Field(description="Standard deviation over seeds; null for one network.")
    of: str = Field(description="one network, mean of N seeds, or committee of N networks.")
    networks: Count
    split: str
    n: Count = Field(description="Number of images.")


def of_evaluation(evaluation: Evaluation) -> Headline:
    """Return the headline of a run, as the report and the command line have it."""
    metric = next(iter(evaluation.metrics.values()))
    networks, summary = len(evaluation.outputs), evaluation.summary(metric.name)
    spread = summary.sd if isinstance(summary, SeedSummary) else None
    value = summary.mean if isinstance(summary, SeedSummary) else summary.value
    return Headline(
        metric=metric.label,
        value=value,
        low=summary.low,
        high=summary.high,
        sd=spread,
        of="one network" if networks == 1 else f"mean of {networks} seeds",
        networks=networks,
        split=evaluation.split,
        n=len(evaluation.labels),
    )


def of_card(card: dict[str, Any]) -> Headline | None:
    """Return the headline of a model file, whose networks answer together."""
    networks = len(card.get("seeds", [0]))
    registry = MULTI_LABEL_METRICS if card.get("multi_label") else METRICS
    metric = next(iter(registry.values()))
    for split in ("test", "validation"):
        score = card["scores"].get(split, {}).get(metric.name)
        if score:
            of = "one network" if networks == 1 else f"committee of {networks} networks"
            named = {"sd": None, **score, "metric": metric.label, "of": of, "split": split}
            return Headline(networks=networks, **named)
    return None
