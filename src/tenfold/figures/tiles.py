"""Images in rows, each of their pixels drawn as a square of whole output pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tenfold.core.errors import InputError
from tenfold.figures.common import DPI, INK, VERMILLION, Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

LARGEST_SIDE = 2**16 - 1  # pixels, the limit of matplotlib's renderer
TITLE_POINTS = 8.0
_TITLE_LETTER = 0.66 * TITLE_POINTS * DPI / 72  # pixels, the width of a bold letter
_TITLE_LINE = ceil(1.35 * TITLE_POINTS * DPI / 72)


@dataclass(frozen=True)
class Tiles:
    """The layout of n images, in output pixels: `cell` is the width of each, `band` its title."""

    n: int
    columns: int
    width: int  # of one image
    height: int
    cell: int
    band: int
    gap: int

    @classmethod
    def fit(cls, images: Array, columns: int, titles: Sequence[str]) -> Tiles:
        """Lay out images ``[n, height, width, 3]``, larger if they are few or titles are long.

        Raises:
            InputError: columns is below 1, or the figure is too large to draw.
        """
        if columns < 1:
            raise InputError(f"columns must be at least 1, got {columns}")
        n, height, width, _ = images.shape
        columns = min(columns, n)
        lines = [title.split("\n") for title in titles]
        letters = _TITLE_LETTER * max((len(line) for title in lines for line in title), default=0)
        scale = max(1, ceil(min(max(letters, 1200 / columns, 112), 280) / width))
        tiles = cls(
            n,
            columns,
            width=scale * width,
            height=scale * height,
            cell=max(scale * width, ceil(letters)),
            band=_TITLE_LINE * max(map(len, lines), default=0),
            gap=20 if titles else 8,
        )
        if max(tiles.size) > LARGEST_SIDE:
            raise InputError(
                f"{n} images in {columns} columns need {tiles.size[0]} x {tiles.size[1]} pixels, "
                f"at most {LARGEST_SIDE} a side can be drawn; choose other columns or fewer images"
            )
        return tiles

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of all images."""
        rows = ceil(self.n / self.columns)
        step = self.height + self.band + self.gap
        return self.columns * (self.cell + self.gap) + self.gap, rows * step + self.gap

    def box(self, i: int) -> tuple[int, int, int, int]:
        """Left, right, bottom and top of an image, from the upper left corner of the figure."""
        row, column = divmod(i, self.columns)
        left = self.gap + column * (self.cell + self.gap) + (self.cell - self.width) // 2
        top = self.gap + row * (self.height + self.band + self.gap) + self.band
        return left, left + self.width, top + self.height, top


def draw_tiles(
    images: Array,
    titles: Sequence[object] | None,
    columns: int,
    colors: Sequence[str] | None = None,
    framed: Array | None = None,
    foot: int = 0,
) -> Figure:
    """Draw images on axes whose unit is the output pixel.

    Args:
        images: uint8 RGB ``[n, height, width, 3]``.
        titles: one per image.
        columns: images per row.
        colors: of the titles, one per image.
        framed: images to mark by a frame, bool ``[n]``.
        foot: pixels left free below.
    """
    from matplotlib.figure import Figure

    lines = [] if titles is None else [str(title) for title in titles]
    tiles = Tiles.fit(images, columns, lines)
    across, down = tiles.size
    figure = Figure((across / DPI, (down + foot) / DPI), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for i, image in enumerate(images):  # RGB is drawn exactly; a colormap would round
        axes.imshow(image, interpolation="none", extent=tiles.box(i))
        marked = framed is not None and bool(framed[i])
        if lines:
            text = _title(axes, tiles.box(i), lines[i])
            text.set_color(VERMILLION if marked else colors[i] if colors else INK)
            text.set_fontweight("bold" if marked else "normal")
        if marked:
            _frame(axes, tiles.box(i))
    axes.set(xlim=(0, across), ylim=(down + foot, 0), aspect="auto")
    return figure


def _title(axes: Axes, box: tuple[int, int, int, int], title: str) -> Text:
    left, right, _, top = box
    return axes.text(
        (left + right) / 2,
        top - 0.4 * _TITLE_LINE,
        title,
        ha="center",
        va="baseline",
        fontsize=TITLE_POINTS,
        linespacing=1.15,
    )


def _frame(axes: Axes, box: tuple[int, int, int, int]) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = box
    thick = 1.6
    out = thick * DPI / 72 / 2
    axes.add_patch(
        Rectangle(
            (left - out, top - out),
            right - left + 2 * out,
            bottom - top + 2 * out,
            fill=False,
            edgecolor=VERMILLION,
            linewidth=thick,
        )
    )
