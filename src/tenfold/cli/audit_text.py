"""Console text of audits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.cli.text import table
from tenfold.experiments.audits.page import percent

if TYPE_CHECKING:
    from tenfold.experiments.audits import Audit

SHOWN = 10


def describe_audit(audit: Audit, folder: Path) -> str:
    """The most doubtful labels, duplicates, the path of the page and the next command."""
    candidates = audit.candidates
    rows = [
        (
            f"{row['split']} {row['index']}",
            row["given"],
            row["predicted"],
            percent(row["predicted_probability"]),
        )
        for row in candidates.head(SHOWN).to_dict("records")
    ]
    lines = [
        f"{audit.name}: {len(candidates):,} of {len(audit.dataset):,} labels are doubtful, "
        f"{int(candidates['is_issue'].sum()):,} of them likely wrong  ({audit.seconds:.0f} s)"
    ]
    if rows:
        header = ["image", "given", "predicted", "with"]
        lines += ["", table(rows, header), ""]
    return "\n".join(
        [
            *lines,
            f"duplicates  {_duplicates(audit)}",
            f"page        {folder / 'index.html'}",
            "next        open it, mark images, save corrections.csv, then run",
            f"            {audit.command}",
        ]
    )


def _duplicates(audit: Audit) -> str:
    groups = audit.duplicates.groupby("group")
    if not len(groups):
        return "none"
    across = int((groups["split"].nunique() > 1).sum())
    contradicting = int((groups["given"].nunique() > 1).sum())
    return (
        f"{len(groups):,} groups of equal or nearly equal images, {across:,} across splits, "
        f"{contradicting:,} with different labels"
    )
