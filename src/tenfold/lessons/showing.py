"""Figures in a notebook: inline SVG, whose colours a page may change, as for dark mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenfold import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Shown:
    """A figure that a notebook shows as SVG."""

    figure: Figure

    def _repr_html_(self) -> str:
        return figures.to_svg(self.figure)


def show(figure: Figure) -> Shown:
    """Show a figure as the last value of a cell.

    Args:
        figure: of matplotlib, also one that pyplot does not know.

    Example:
        >>> import numpy as np
        >>> show(figures.gallery(np.zeros((28, 28), np.uint8)))._repr_html_()[:4]
        '<svg'
    """
    return Shown(figure)
