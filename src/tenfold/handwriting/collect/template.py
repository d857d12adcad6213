"""The printable sheet as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path
from tenfold.data import sheet_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MM = 1 / 25.4  # inches
_LINE = "#c4cdd6"  # light enough not to be taken for ink, dark enough to be printed
_TEXT = "#5a6570"
_INSTRUCTIONS = (
    ("Write the digit of each row into its boxes with a dark pen; boxes may stay empty.", -1.5),
    (
        "Photograph or scan the entire sheet with its four marks:  "
        "tenfold collect photo.jpg -o mine/",
        3.5,
    ),
)
"""Each with its distance from the top of the sheet in millimetres."""


def write_template(path: str | Path, paper: str = "a4") -> None:
    """Write the sheet as a PDF file of one page.

    Args:
        path: of the file, ending in .pdf.
        paper: ``a4`` or ``letter``.

    Raises:
        InputError: the path does not end in .pdf, the paper is unknown, the file exists, or it
            cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".pdf":
        raise InputError(f"{path}: the sheet is a PDF; give a name that ends in .pdf")
    if target.exists():
        raise InputError(f"{path}: exists already; give another name")
    with atomic_path(target) as temporary:
        draw_sheet(paper).savefig(temporary, metadata={"CreationDate": None})


def draw_sheet(paper: str = "a4") -> Figure:
    """Draw the sheet at its actual size.

    Args:
        paper: ``a4`` or ``letter``.

    Raises:
        InputError: the paper is unknown.
    """
    from matplotlib.figure import Figure

    if paper not in sheet_layout.PAPERS:
        raise InputError(f"paper: {paper!r}; give one of {', '.join(sheet_layout.PAPERS)}")
    width, height = sheet_layout.PAPERS[paper]
    figure = Figure(figsize=(width * _MM, height * _MM))
    axes = figure.add_axes((0, 0, 1, 1))
    left, top = (width - sheet_layout.WIDTH) / 2, (height - sheet_layout.HEIGHT) / 2
    axes.set(xlim=(-left, width - left), ylim=(height - top, -top))
    axes.axis("off")
    _draw_marks(axes)
    _draw_boxes(axes)
    for line, y in _INSTRUCTIONS:
        x = sheet_layout.WIDTH / 2
        axes.text(x, y, line, ha="center", va="center", fontsize=9, color=_TEXT)
    return figure


def _draw_marks(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    for i, (x, y) in enumerate(sheet_layout.marks()):
        squares = [(sheet_layout.MARK, "black")] + [(sheet_layout.HOLE, "white")] * (i == 0)
        for side, colour in squares:
            corner = (x - side / 2, y - side / 2)
            axes.add_patch(Rectangle(corner, side, side, facecolor=colour, edgecolor="none"))


def _draw_boxes(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    label: dict[str, Any] = {
        "ha": "center",
        "va": "center_baseline",
        "fontsize": 26,
        "color": _TEXT,
    }
    frame: dict[str, Any] = {"facecolor": "none", "edgecolor": _LINE, "linewidth": 0.7}
    for row in range(sheet_layout.ROWS):
        _, top, _, bottom = sheet_layout.box(row, 0)
        axes.text(sheet_layout.LABEL, (top + bottom) / 2, str(row), **label)
        for number in range(sheet_layout.BOXES):
            left, top, right, bottom = sheet_layout.box(row, number)
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, **frame))
