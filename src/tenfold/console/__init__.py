"""Results as text for a terminal."""

from tenfold.console.audit import describe_audit
from tenfold.console.data import (
    describe_dataset,
    describe_report,
    describe_sources,
    describe_splits,
)
from tenfold.console.judging import (
    describe_answers,
    describe_calibrations,
    describe_comparison,
    describe_confusion,
    describe_corrected,
    describe_evaluation,
    describe_inverted,
    describe_mistakes,
    describe_openings,
    describe_unknown,
)
from tenfold.console.reading import describe_reading
from tenfold.console.reproductions import (
    describe_differences,
    reproduction_row,
    reproductions_header,
)
from tenfold.console.runs import (
    describe_check,
    describe_recipes,
    describe_run,
)
from tenfold.console.study import describe_study
from tenfold.console.text import table, wrapped

__all__ = [
    "describe_answers",
    "describe_audit",
    "describe_calibrations",
    "describe_check",
    "describe_comparison",
    "describe_confusion",
    "describe_corrected",
    "describe_dataset",
    "describe_differences",
    "describe_evaluation",
    "describe_inverted",
    "describe_mistakes",
    "describe_openings",
    "describe_reading",
    "describe_recipes",
    "describe_report",
    "describe_run",
    "describe_sources",
    "describe_splits",
    "describe_study",
    "describe_unknown",
    "reproduction_row",
    "reproductions_header",
    "table",
    "wrapped",
]
