"""The edges of a picture, and what they cut off: paper's edges, the digits beside."""

from __future__ import annotations

import numpy as np

from tenfold.handwriting.components import Part
from tenfold.handwriting.cutting import Cut, are_digits, cut_near

_CLOSE = 2.2  # times a digit's height: a picture that is no larger is a close crop of it


def inside(parts: list[Part], size: tuple[int, int], height: float, pen: float) -> list[Part]:
    """Return the parts less what the edge of the picture cuts off: paper edges, neighbours.

    In a picture that is a close crop of one digit, all that touches the edge goes where something
    nearer to the middle is whole. In others a part that touches the edge stays if it has the size
    of a digit. If nothing were left, all stay.

    Args:
        parts: pieces of ink.
        size: (width, height) of the picture.
        height: of a typical digit, in pixels.
        pen: width of a stroke, in pixels.
    """
    if not is_close(size, height):
        return [part for part in parts if _is_whole(part, size, height)] or parts
    parts = [piece for part in parts for piece in _less_neighbours(part, size, pen)]
    middle = nearest_middle(parts, size)
    others = [part for part in parts if part is not middle and not at_edge(part, size)]
    return [middle, *(part for part in others if part.height > 0.5 * middle.height)]


def is_close(size: tuple[int, int], height: float) -> bool:
    """Return whether a picture of (width, height) is a close crop of a digit that high."""
    return max(size) < _CLOSE * height


def nearest_middle(parts: list[Part], size: tuple[int, int]) -> Part:
    """Return the part nearest the middle of a picture of (width, height)."""
    return min(parts, key=lambda part: _from_middle(part, size))


def _less_neighbours(part: Part, size: tuple[int, int], pen: float) -> list[Part]:
    """Cut from a part what hangs on by one stroke and lies at the left or right edge."""
    if part.left > 0 and part.right < size[0]:
        return [part]
    cuts = [cut_near(part, share, pen) for share in np.arange(0.1, 0.91, 0.1)]
    good = [cut for cut in cuts if _is_beside(cut, part, size[0], pen)]
    return min(good, key=lambda cut: cut.ink).pieces if good else [part]


def _is_beside(cut: Cut, part: Part, width: int, pen: float) -> bool:
    """Return whether a cut takes off a piece that is high and wholly on one side of the picture."""
    if cut.crossings > 1 or cut.ink > 2 * pen or not are_digits(cut.pieces, part.height):
        return False
    return cut.pieces[0].right < 0.4 * width or cut.pieces[1].left > 0.6 * width


def _from_middle(part: Part, size: tuple[int, int]) -> float:
    """Return how far a part's box is from the picture's middle, then how far its own middle is."""
    x, y = size[0] / 2, size[1] / 2
    box = max(part.left - x, x - part.right, 0) + max(part.top - y, y - part.bottom, 0)
    own = abs((part.left + part.right) / 2 - x) + abs((part.top + part.bottom) / 2 - y)
    return box + 0.1 * own


def at_edge(part: Part, size: tuple[int, int]) -> bool:
    """Return whether the edge of a picture of (width, height) may have cut a part off."""
    nearest = min(part.left, part.top, size[0] - part.right, size[1] - part.bottom)
    return nearest <= 0.02 * max(size)


def _is_whole(part: Part, size: tuple[int, int], height: float) -> bool:
    """Return whether what an edge of the picture may cut off still has the size of a digit."""
    if max(part.height, part.width) > 3 * height and at_edge(part, size):
        return False
    near = 0.1 * height
    aside = min(part.left, size[0] - part.right) <= near
    over = min(part.top, size[1] - part.bottom) <= near
    strip = size[1] < 3 * height  # in one line of writing, a 1 may reach up to the edge
    narrow, low = part.width < 0.3 * height, part.height < 0.6 * height
    return not ((aside and narrow) or (over and (low or (narrow and not strip))))
