"""Cut a component from top to bottom along the path with the least ink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.handwriting.segmentation.components import (
    MIN_RELATIVE_HEIGHT,
    Component,
    connected_components,
)
from tenfold.handwriting.time_budget import is_time_up

Mask = NDArray[np.bool_]
Path = NDArray[np.intp]
"""Column per row of a cut, ``[height]``; neighbouring rows differ by at most one column."""

MAX_ASPECT = 1.2  # width by height; wider components may be two digits in a line of several
_MAX_ASPECT_ALONE = 1.4  # the same for a component that cannot be compared with others
_MIN_STROKE_HEIGHT = 0.45  # of the component, unless the piece has a loop
_MAX_ASPECT_UNCONNECTED = 1.1  # wider components may be two digits without a connecting stroke


@dataclass(frozen=True, eq=False)
class Cut:
    """A cut through a component.

    Attributes:
        path: intp ``[height]``, column per row.
        ink: pixels of ink on the path.
        crossings: strokes that the path crosses.
    """

    path: Path
    ink: int
    crossings: int

    def pieces(self, component: Component) -> list[Component]:
        """Return the non-empty pieces of the component, left then right."""
        left_side = np.arange(component.width) < self.path[:, None]
        sides = (component.select(left_side), component.select(~left_side))
        return [piece for piece in sides if piece is not None]


def cut_between(component: Component, low: int, high: int, pen: float) -> Cut:
    """Return the cut with the least ink between two columns, ``high`` excluded.

    Args:
        component: to cut.
        low: first column.
        high: column after the last.
        pen: stroke width in pixels, the cost of crossing a stroke.
    """
    path = low + least_ink_path(component.mask[:, low:high], pen)
    crossed = component.mask[np.arange(component.height), path]
    crossings = int(crossed[0]) + int((crossed[1:] & ~crossed[:-1]).sum())
    return Cut(path, int(crossed.sum()), crossings)


def cut_near(component: Component, position: float, pen: float) -> Cut:
    """Return the cut with the least ink near a position, as a fraction of the width."""
    margin = max(2, round(0.15 * component.width))
    middle = round(position * component.width)
    return cut_between(component, max(0, middle - margin), middle + margin, pen)


def least_ink_path(ink: Mask, pen: float) -> Path:
    """Return the cheapest path from top to bottom, by dynamic programming.

    A pixel of ink costs 1, a step to the side 0.1, and entering ink ``pen``.

    Args:
        ink: bool ``[height, width]``.
        pen: stroke width in pixels.

    Returns:
        intp ``[height]``, column per row.
    """
    above = np.pad(ink[:-1], ((1, 0), (0, 0)))
    cost = ink + pen * (ink & ~above)
    total = np.full(ink.shape[1] + 2, np.inf)  # cheapest path to each column, padded on both sides
    total[1:-1] = cost[0]
    steps = np.zeros(ink.shape, np.int8)
    step_cost = np.array([[0.1], [0.0], [0.1]])
    predecessors = np.lib.stride_tricks.sliding_window_view(total, 3).T
    for row in range(1, len(ink)):
        totals = predecessors + step_cost
        steps[row] = totals.argmin(axis=0) - 1
        total[1:-1] = totals.min(axis=0) + cost[row]
    path = np.empty(len(ink), np.intp)
    path[-1] = total[1:-1].argmin()
    for row in range(len(ink) - 1, 0, -1):
        path[row - 1] = path[row] + steps[row, path[row]]
    return path


def max_digit_width(components: list[Component], height: float) -> float:
    """Return the width in pixels above which a component may be two digits.

    Args:
        components: of the picture.
        height: of a typical digit, in pixels.
    """
    if len(components) < 4:
        return _MAX_ASPECT_ALONE * height
    median = float(np.median([component.width for component in components]))
    return min(MAX_ASPECT * height, max(1.7 * median, 0.85 * height))


def split(component: Component, max_width: float, pen: float) -> list[Component]:
    """Split a component that is too wide for one digit, recursively.

    A cut may lean up to 45 degrees and crosses one stroke only: the loop of a 0 has two. Both
    pieces must be as high as digits, which protects the bar of a 7 and the tail of a 2.

    Args:
        component: possibly several digits.
        max_width: of one digit in pixels, unless the pieces are not connected.
        pen: stroke width in pixels.
    """
    narrow = component.width <= min(max_width, _MAX_ASPECT_UNCONNECTED * component.height)
    if narrow or is_time_up():
        return [component]
    cuts = [cut_near(component, position, pen) for position in np.arange(0.2, 0.81, 0.1)]
    valid = [cut for cut in cuts if _separates_digits(cut, component, max_width, pen)]
    if not valid:
        return [component]
    best = min(valid, key=lambda cut: cut.ink)
    return [digit for piece in best.pieces(component) for digit in split(piece, max_width, pen)]


def _separates_digits(cut: Cut, component: Component, max_width: float, pen: float) -> bool:
    """Return whether both sides of a cut look like digits and the component is too wide."""
    pieces = cut.pieces(component)
    if not are_two_digits(pieces, component.height):
        return False
    if not cut.ink:
        return component.width > _MAX_ASPECT_UNCONNECTED * component.height
    equally_high = min(piece.height for piece in pieces) > 0.85 * component.height
    loops = sum(_has_loop(piece.mask) for piece in pieces)
    least = min(MAX_ASPECT * component.height, max_width)
    limit = least if loops == 2 or equally_high else max_width
    crossings = 2 if loops and equally_high else 1
    return cut.crossings <= crossings and cut.ink <= 3 * pen and component.width > limit


def are_two_digits(pieces: list[Component], height: float) -> bool:
    """Return whether there are two pieces, each with a stroke as high as a digit."""
    return len(pieces) == 2 and all(
        max(stroke.height for stroke in connected_components(piece.mask, gap=0))
        > (MIN_RELATIVE_HEIGHT if _has_loop(piece.mask) else _MIN_STROKE_HEIGHT) * height
        for piece in pieces
    )


def _has_loop(mask: Mask) -> bool:
    return int(ndimage.label(~np.pad(mask, 1))[1]) > 1
