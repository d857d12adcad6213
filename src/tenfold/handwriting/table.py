"""The numbers of a reading as a table, by their places on the page."""

from __future__ import annotations

from tenfold.handwriting.result import Number, Reading

_INSET = 0.15  # of the width of a number, by which neighbouring columns may overlap


def to_table(reading: Reading) -> list[list[str]]:
    """Return rows of cells, text; a cell is empty where a row has no number in a column.

    A column is where numbers of any row overlap horizontally. Several numbers in a cell are
    separated by spaces.

    Args:
        reading: of a table or a form; its lines are nearly horizontal.
    """
    columns = _columns([number.box for number in reading.numbers])
    table = []
    for row in reading.rows:
        cells: list[list[str]] = [[] for _ in columns]
        for number in row:
            cells[_column(number, columns)].append(number.text)
        table.append([" ".join(cell) for cell in cells])
    return table


def _columns(boxes: list[tuple[int, int, int, int]]) -> list[tuple[float, float]]:
    """Return the left and right ends of the columns, from left to right."""
    columns: list[tuple[float, float]] = []
    for left, _, right, _ in sorted(boxes):
        inset = _INSET * (right - left)
        if columns and left + inset < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right - inset))
        else:
            columns.append((left + inset, right - inset))
    return columns


def _column(number: Number, columns: list[tuple[float, float]]) -> int:
    middle = (number.box[0] + number.box[2]) / 2
    return min(range(len(columns)), key=lambda i: abs(sum(columns[i]) / 2 - middle))
