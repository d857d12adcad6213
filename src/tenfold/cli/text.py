"""Tables and wrapped lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

WIDTH = 80


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> str:
    """Rows under a header: the first column left-aligned, the others right-aligned.

    Example:
        >>> print(table([["seven", 7], ["ten", 10]], ["word", "n"]))
        word    n
        seven   7
        ten    10
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def wrapped(text: str, indent: int) -> str:
    """Text wrapped to the console width, with following lines indented."""
    lines = textwrap.wrap(text, WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{'':{indent}}".join(lines)
