"""The sheet as a PDF to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenfold.core.errors import InputError
from tenfold.core.files import atomic_path
from tenfold.data import sheet_layout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MM = 1 / 25.4  # inches
_LINE = "#c4cdd6"  # light, so that it is told from ink; dark enough to be printed
_TEXT = "#5a6570"
_ASKED = (
    "Write the digit of each row into its boxes, with a dark pen; leave boxes empty as you like."
)
_THEN = (
    "Photograph or scan the whole sheet with its four marks:  tenfold collect photo.jpg -o mine/"
)


def write_template(path: str | Path, paper: str = "a4") -> None:
    """Write the sheet as a PDF file of one page.

    Args:
        path: whose name ends in .pdf.
        paper: ``a4`` or ``letter``.

    Raises:
        InputError: another name or paper, the file exists, or it cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".pdf":
        raise InputError(f"{path}: the sheet is a PDF; give a name that ends in .pdf")
    if target.exists():
        raise InputError(f"{path}: exists already; give another name")
    with atomic_path(target) as beside:
        draw_sheet(paper).savefig(beside, metadata={"CreationDate": None})


def draw_sheet(paper: str = "a4") -> Figure:
    """Draw the sheet, in its size.

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
    middle = sheet_layout.WIDTH / 2
    for line, place in ((_ASKED, -1.5), (_THEN, 3.5)):
        axes.text(middle, place, line, ha="center", va="center", fontsize=9, color=_TEXT)
    return figure


def _draw_marks(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    for i, (x, y) in enumerate(sheet_layout.marks()):
        sides = [(sheet_layout.MARK, "black")] + [(sheet_layout.HOLE, "white")] * (i == 0)
        for side, colour in sides:
            place = (x - side / 2, y - side / 2)
            axes.add_patch(Rectangle(place, side, side, facecolor=colour, edgecolor="none"))


def _draw_boxes(axes: Any) -> None:
    from matplotlib.patches import Rectangle

    for row in range(sheet_layout.ROWS):
        _, top, _, bottom = sheet_layout.box(row, 0)
        axes.text(
            sheet_layout.LABEL,
            (top + bottom) / 2,
            str(row),
            ha="center",
            va="center_baseline",
            fontsize=26,
            color=_TEXT,
        )
        for number in range(sheet_layout.BOXES):
            left, top, right, bottom = sheet_layout.box(row, number)
            size = (right - left, bottom - top)
            axes.add_patch(
                Rectangle((left, top), *size, facecolor="none", edgecolor=_LINE, linewidth=0.7)
            )
