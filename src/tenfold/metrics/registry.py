"""The registry of metrics: each is declared once, by the decorator on its function.

`Evaluation`, `--json`, the console, reports, model cards, comparisons and studies all read it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypeVar

from tenfold.metrics.score import Score, SeedSummary, over_seeds

Function = TypeVar("Function", bound=Callable[..., Score])


@dataclass(frozen=True)
class Metric:
    """How a metric is computed, named and displayed.

    Attributes:
        function: computes it from probabilities ``[n, classes]`` and labels ``[n]``; its name is
            the metric's key in the model card.
        name: attribute of `Evaluation` and key in JSON.
        label: name for people, in lower case.
        description: what it measures, in a phrase.
        unit: ``%`` for a proportion that is displayed in percent, else the unit or "".
        digits: decimals to display, in that unit.
        higher_is_better: the direction of improvement.
        highest: the highest possible value; None for 1 of a proportion, else no limit. The
            lowest is 0.
        position: metrics are listed by ascending position.
        in_summary: shown by the console, reports and comparisons; else only in JSON.
        in_tables: also a column of tables with one row per network, run or setting.
        in_model_card: stored in exported files.
        before_temperature: also reported for the probabilities before temperature scaling.
        multi_label: of images with any number of labels, ``[n, labels]`` of 0 and 1.
    """

    function: Callable[..., Score]
    name: str
    label: str
    description: str
    unit: str = ""
    digits: int = 4
    higher_is_better: bool = False
    highest: float | None = None
    position: int = 100
    in_summary: bool = True
    in_tables: bool = False
    in_model_card: bool = True
    before_temperature: bool = False
    multi_label: bool = False

    @property
    def title(self) -> str:
        """The label with a capital letter."""
        return self.label[0].upper() + self.label[1:]

    @property
    def percent(self) -> bool:
        """Whether the metric is a proportion displayed in percent."""
        return self.unit == "%"

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest possible value."""
        unlimited = 1.0 if self.percent else inf
        return 0.0, unlimited if self.highest is None else self.highest

    def over_seeds(self, scores: Sequence[Score]) -> SeedSummary:
        """Summarise the scores of several networks, with an interval within the bounds."""
        return over_seeds([score.value for score in scores], self.bounds)

    @property
    def bootstrapped(self) -> bool:
        """Whether the interval comes from resampling, so that it can be made cheaper."""
        return "resamples" in inspect.signature(self.function).parameters

    def format(self, score: Score | SeedSummary) -> str:
        """Format a score, or its summary over seeds, with its interval.

        >>> from tenfold.metrics import METRICS
        >>> METRICS["accuracy"].format(Score(0.9812, 0.9783, 0.9837, 10_000))
        '98.12 % (97.83 to 98.37)'
        """
        return score.as_percent(self.digits) if self.percent else score.as_text(self.digits)


METRICS: dict[str, Metric] = {}
"""Every registered metric of one class an image by name, in the order of display."""

MULTI_LABEL_METRICS: dict[str, Metric] = {}
"""Likewise, of any number of labels an image."""


def table_metrics(metrics: Mapping[str, Metric] = METRICS) -> list[Metric]:
    """Return the metrics that are columns of tables."""
    return [entry for entry in metrics.values() if entry.in_tables]


def metric(
    label: str, description: str, *, name: str = "", **options: Any
) -> Callable[[Function], Function]:
    """Register the decorated function as a metric.

    Args:
        label: as in `Metric`.
        description: as in `Metric`.
        name: the name of the function by default.
        **options: the other attributes of `Metric`.

    Raises:
        ValueError: a metric of this name is registered already.
    """

    def register(function: Function) -> Function:
        key = name or function.__name__
        entry = Metric(function, key, label, description, **options)
        registry = MULTI_LABEL_METRICS if entry.multi_label else METRICS
        if key in registry:
            raise ValueError(f"metric {key!r} is registered twice")
        ordered = sorted([*registry.values(), entry], key=lambda other: other.position)
        registry.clear()
        registry.update((other.name, other) for other in ordered)
        return function

    return register


def reference() -> str:
    """Return ``docs/reference/metrics.md``, a table of all metrics, as Markdown."""
    several = ["", "Of images with any number of labels:", "", *_TABLE_HEAD]
    rows, label_rows = (_rows(table.values()) for table in (METRICS, MULTI_LABEL_METRICS))
    return "\n".join([*_REFERENCE_HEAD, *_TABLE_HEAD, *rows, *several, *label_rows, ""])


def _rows(metrics: Iterable[Metric]) -> list[str]:
    return [
        f"| {entry.title} | `{entry.name}` | {entry.description} | {entry.unit or '-'} "
        f"| {'higher' if entry.higher_is_better else 'lower'} | `{entry.function.__name__}` |"
        for entry in metrics
    ]


_REFERENCE_HEAD = (
    "# Metrics",
    "",
    "Every metric is computed per network, with a 95 % interval and the number of images behind",
    "it; several networks are summarised by mean, standard deviation and interval of the mean.",
    "The name is the attribute of `tenfold.Evaluation` and the key in `tenfold evaluate --json`;",
    "the function in `tenfold.metrics` states formula and source. This page is generated from the",
    "registry, `tenfold.metrics.METRICS`; [Add a metric](../how-to/add-a-metric.md) extends it.",
    "",
)
_TABLE_HEAD = (
    "| metric | name | meaning | unit | better | function |",
    "| --- | --- | --- | --- | --- | --- |",
)
