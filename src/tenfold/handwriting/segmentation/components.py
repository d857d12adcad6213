"""Connected components of ink: find them, join the fragments of a digit, remove specks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from tenfold.handwriting.time_budget import is_time_up

Mask = NDArray[np.bool_]

_MAX_COMPONENTS = 3000  # per picture; only dithering and noise have more
MAX_ASPECT = 15  # width by height of touching digits; longer components are strokes
_MIN_HEIGHT = 8  # pixels; lower components are illegible, mostly ends of ruled lines
MIN_RELATIVE_HEIGHT = 0.28  # of the typical height; lower ones are dots, dashes or specks


@dataclass(frozen=True, eq=False)
class Component:
    """A connected component of ink, or a fragment of one.

    Attributes:
        mask: bool ``[height, width]``, the ink within the bounding box.
        left: first column of the bounding box in the picture, in pixels.
        top: first row of it.
    """

    mask: Mask
    left: int
    top: int

    @property
    def height(self) -> int:
        """Height of the bounding box in pixels."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Width of the bounding box in pixels."""
        return int(self.mask.shape[1])

    @property
    def right(self) -> int:
        """The column after the last."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The row after the last."""
        return self.top + self.height

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels."""
        return self.left, self.top, self.right, self.bottom

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the bounding box, to index the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def select(self, mask: Mask) -> Component | None:
        """Return the ink within a mask ``[height, width]``, cropped; None if there is none."""
        ink = self.mask & mask
        if not ink.any():
            return None
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        inner = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return Component(inner, self.left + int(columns[0]), self.top + int(rows[0]))


def connected_components(ink: Mask, gap: float, min_area: float = 1) -> list[Component]:
    """Return the components of an ink mask by 8-connectivity.

    Args:
        ink: bool ``[height, width]``.
        gap: pixels; gaps in a stroke up to this size are bridged.
        min_area: pixels of ink; smaller components are dropped.
    """
    bridged = ndimage.maximum_filter(ink, size=2 * int(gap / 2) + 1)
    labels, count = ndimage.label(bridged, np.ones((3, 3), bool))
    labels[~ink] = 0
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    components = []
    for label, window in enumerate(ndimage.find_objects(labels), 1):
        if window is not None and areas[label] >= min_area:
            rows, columns = window
            components.append(Component(labels[window] == label, columns.start, rows.start))
    return components


def typical_height(components: list[Component]) -> float:
    """Return the median height, weighted by ink, so that specks do not count."""
    heights = np.array([component.height for component in components])
    ink = np.array([component.mask.sum() for component in components])
    order = heights.argsort()
    share = ink[order].cumsum() / ink.sum()
    return float(heights[order][np.searchsorted(share, 0.5)])


def join_fragments(components: list[Component], height: float, pen: float) -> list[Component]:
    """Join fragments of one digit: broken strokes, separate bars and crossing strokes.

    Args:
        components: of the picture.
        height: of a typical digit, in pixels.
        pen: stroke width in pixels.
    """
    reach = max(1.5 * pen, 0.12 * height)
    joined = _largest(components)
    boxes = np.array([component.box for component in joined])
    for index in range(len(joined) - 1, 0, -1):
        if is_time_up():
            break
        gaps = np.maximum(
            boxes[:index, :2] - boxes[index, 2:], boxes[index, :2] - boxes[:index, 2:]
        )
        neighbours = [
            (distance(joined[index], joined[other]), other)
            for other in np.flatnonzero(gaps.max(axis=1) <= reach)
            if _may_belong(joined[index], joined[other], height)
        ]
        if neighbours and min(neighbours)[0] <= reach:
            other = min(neighbours)[1]
            joined[other] = merged(joined[other], joined.pop(index))
            boxes[other] = joined[other].box
    return joined


def _largest(components: list[Component]) -> list[Component]:
    """Return the components with most ink, largest first, up to the limit."""
    ink = np.array([np.count_nonzero(component.mask) for component in components])
    return [components[i] for i in (-ink).argsort(kind="stable")[:_MAX_COMPONENTS]]


def _may_belong(small: Component, big: Component, height: float) -> bool:
    """Return whether a fragment may be a stroke of the same digit as a bigger one."""
    overlap_x = min(small.right, big.right) - max(small.left, big.left)
    overlap_y = min(small.bottom, big.bottom) - max(small.top, big.top)
    joint_height = max(small.bottom, big.bottom) - min(small.top, big.top)
    joint_width = max(small.right, big.right) - min(small.left, big.left)
    if joint_height > 1.5 * height or joint_width > 1.4 * height:
        return False
    crossing = overlap_x > 0.7 * small.width and overlap_y > 0.5 * min(small.height, big.height)
    return crossing or (small.height < 0.6 * height and overlap_x > 0.3 * small.width)


def distance(first: Component, second: Component) -> float:
    """Return the distance in pixels between the nearest ink of two components."""
    points = [np.argwhere(c.mask) + np.array([c.top, c.left]) for c in (first, second)]
    return float(cKDTree(points[0]).query(points[1])[0].min())


def merged(first: Component, second: Component) -> Component:
    """Return two components as one."""
    left, top = min(first.left, second.left), min(first.top, second.top)
    height = max(first.bottom, second.bottom) - top
    width = max(first.right, second.right) - left
    mask = np.zeros((height, width), bool)
    for c in (first, second):
        mask[c.top - top : c.bottom - top, c.left - left : c.right - left] |= c.mask
    return Component(mask, left, top)


def remove_specks(components: list[Component], height: float) -> list[Component]:
    """Return the components that are high enough for a digit of a typical height in pixels.

    Long strokes are left out, too: no number is that wide by its height.
    """
    least = MIN_RELATIVE_HEIGHT * height
    high = [c for c in components if c.height > least and c.height >= _MIN_HEIGHT]
    return [c for c in high if c.width <= MAX_ASPECT * c.height]
