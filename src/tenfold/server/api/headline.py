"""The accuracy that the page shows first, with what it is the accuracy of."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from tenfold.evaluation import Evaluation
from tenfold.metrics.score import SeedSummary
from tenfold.server.api.schemas import Count


class Headline(BaseModel):
    """An accuracy with its 95 % interval."""

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
    networks, summary = len(evaluation.outputs), evaluation.summary("accuracy")
    spread = summary.sd if isinstance(summary, SeedSummary) else None
    value = summary.mean if isinstance(summary, SeedSummary) else summary.value
    return Headline(
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
    for split in ("test", "validation"):
        score = card["scores"].get(split, {}).get("accuracy")
        if score:
            of = "one network" if networks == 1 else f"committee of {networks} networks"
            return Headline(**{"sd": None, **score}, of=of, networks=networks, split=split)
    return None
