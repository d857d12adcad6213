"""Connected parts of ink, specks left out, and the fragments of a digit joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

Mask = NDArray[np.bool_]

_MOST = 3000  # parts of ink that a page may hold; dithering and noise make more
_LOWEST = 8  # pixels: what is lower cannot be read, and is mostly the end of a line
LEAST = 0.28  # of the typical height: what is lower is a dot, a dash or a speck


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of ink: its mask [height, width] and where that lies, in pixels."""

    mask: Mask
    left: int
    top: int

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.mask.shape[1])

    @property
    def right(self) -> int:
        """The column after the last."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The row after the last."""
        return self.top + self.height


def connected(ink: Mask, gap: float, least: float = 1) -> list[Part]:
    """Return the parts of an ink mask [height, width], by 8 neighbours.

    Args:
        ink: where there is ink.
        gap: pixels over which a broken stroke still hangs together.
        least: pixels of ink that a part has.
    """
    bridged = ndimage.maximum_filter(ink, size=2 * int(gap / 2) + 1)
    labels, count = ndimage.label(bridged, np.ones((3, 3), bool))
    labels[~ink] = 0
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    parts = []
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if place is not None and areas[number] >= least:
            rows, columns = place
            parts.append(Part(labels[place] == number, columns.start, rows.start))
    return parts


def typical_height(parts: list[Part]) -> float:
    """Return the height that half of all ink lies in parts under: the digits', not the specks'."""
    heights = np.array([part.height for part in parts])
    ink = np.array([part.mask.sum() for part in parts])
    order = heights.argsort()
    share = ink[order].cumsum() / ink.sum()
    return float(heights[order][np.searchsorted(share, 0.5)])


def joined(parts: list[Part], height: float, pen: float) -> list[Part]:
    """Join what a pen left in pieces: fragments beside a digit, bars over one, strokes across.

    Args:
        parts: pieces of ink.
        height: of a typical digit, in pixels.
        pen: width of a stroke, in pixels.
    """
    reach = max(1.5 * pen, 0.12 * height)
    whole = _largest(parts)
    boxes = np.array([[part.left, part.top, part.right, part.bottom] for part in whole])
    for index in range(len(whole) - 1, 0, -1):
        apart = np.maximum(
            boxes[:index, :2] - boxes[index, 2:], boxes[index, :2] - boxes[:index, 2:]
        )
        near = [
            (distance(whole[index], whole[other]), other)
            for other in np.flatnonzero(apart.max(axis=1) <= reach)
            if _belongs(whole[index], whole[other], height)
        ]
        if near and min(near)[0] <= reach:
            other = min(near)[1]
            big = whole[other] = merged(whole[other], whole.pop(index))
            boxes[other] = big.left, big.top, big.right, big.bottom
    return whole


def _largest(parts: list[Part]) -> list[Part]:
    """Return the parts with most ink, largest first: as many as a page may hold."""
    ink = np.array([np.count_nonzero(part.mask) for part in parts])
    return [parts[index] for index in (-ink).argsort(kind="stable")[:_MOST]]


def _belongs(small: Part, big: Part, height: float) -> bool:
    """Return whether a smaller piece may be a stroke of the digit that a bigger one belongs to."""
    across = min(small.right, big.right) - max(small.left, big.left)
    along = min(small.bottom, big.bottom) - max(small.top, big.top)
    high = max(small.bottom, big.bottom) - min(small.top, big.top)
    wide = max(small.right, big.right) - min(small.left, big.left)
    if high > 1.5 * height or wide > 1.4 * height:
        return False
    crossing = across > 0.7 * small.width and along > 0.5 * min(small.height, big.height)
    return crossing or (small.height < 0.6 * height and across > 0.3 * small.width)


def distance(one: Part, other: Part) -> float:
    """Return the pixels between the nearest ink of two parts."""
    corners = (np.array([part.top, part.left]) for part in (one, other))
    places = [np.argwhere(part.mask) for part in (one, other)]
    first, second = (inner + corner for inner, corner in zip(places, corners, strict=True))
    return float(cKDTree(first).query(second)[0].min())


def merged(one: Part, other: Part) -> Part:
    """Return two parts as one."""
    left, top = min(one.left, other.left), min(one.top, other.top)
    height, width = max(one.bottom, other.bottom) - top, max(one.right, other.right) - left
    mask = np.zeros((height, width), bool)
    for part in (one, other):
        place = np.s_[part.top - top : part.bottom - top, part.left - left : part.right - left]
        mask[place] |= part.mask
    return Part(mask, left, top)


def without_specks(parts: list[Part], height: float) -> list[Part]:
    """Return the parts that are high enough for a digit."""
    return [part for part in parts if part.height > LEAST * height and part.height >= _LOWEST]
