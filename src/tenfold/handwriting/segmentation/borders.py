"""Components at the border of the picture: edges of the paper and neighbouring digits."""

from __future__ import annotations

import numpy as np

from tenfold.handwriting.segmentation.components import Component
from tenfold.handwriting.segmentation.cutting import Cut, are_two_digits, cut_near

_CLOSE_CROP = 2.2  # longer side of the picture by digit height, below which it is a close crop


def remove_clipped(
    components: list[Component], size: tuple[int, int], height: float, pen: float
) -> list[Component]:
    """Remove what the border of the picture clips: edges of the paper, neighbouring digits.

    In a close crop of one digit, everything that touches the border is removed, except the
    component nearest the center. In other pictures a component at the border stays if it has the
    size of a digit. If nothing would be left, all stay.

    Args:
        components: of the picture.
        size: ``(width, height)`` of the picture.
        height: of a typical digit, in pixels.
        pen: stroke width in pixels.
    """
    if not is_close_crop(size, height):
        return [c for c in components if not _is_clipped(c, size, height)] or components
    components = [piece for c in components for piece in _without_neighbour(c, size, pen)]
    central = most_central(components, size)
    others = [c for c in components if c is not central and not touches_border(c, size)]
    return [central, *(c for c in others if c.height > 0.5 * central.height)]


def is_close_crop(size: tuple[int, int], height: float) -> bool:
    """Return whether a picture ``(width, height)`` is a close crop of a digit of that height."""
    return max(size) < _CLOSE_CROP * height


def most_central(components: list[Component], size: tuple[int, int]) -> Component:
    """Return the component nearest the center of a picture ``(width, height)``."""
    return min(components, key=lambda component: _distance_from_center(component, size))


def touches_border(component: Component, size: tuple[int, int]) -> bool:
    """Return whether the border of a picture ``(width, height)`` may clip a component."""
    nearest = min(
        component.left, component.top, size[0] - component.right, size[1] - component.bottom
    )
    return nearest <= 0.02 * max(size)


def _without_neighbour(component: Component, size: tuple[int, int], pen: float) -> list[Component]:
    """Cut off a neighbouring digit at the left or right border that one stroke connects."""
    if component.left > 0 and component.right < size[0]:
        return [component]
    cuts = [cut_near(component, position, pen) for position in np.arange(0.1, 0.91, 0.1)]
    valid = [cut for cut in cuts if _separates_neighbour(cut, component, size[0], pen)]
    return min(valid, key=lambda cut: cut.ink).pieces(component) if valid else [component]


def _separates_neighbour(cut: Cut, component: Component, width: int, pen: float) -> bool:
    """Return whether a cut separates a digit that lies entirely on one side of the picture."""
    pieces = cut.pieces(component)
    if cut.crossings > 1 or cut.ink > 2 * pen or not are_two_digits(pieces, component.height):
        return False
    return pieces[0].right < 0.4 * width or pieces[1].left > 0.6 * width


def _distance_from_center(component: Component, size: tuple[int, int]) -> float:
    """Return the distance of the bounding box from the center, plus a tenth of its center's."""
    x, y = size[0] / 2, size[1] / 2
    left, top, right, bottom = component.box
    box = max(left - x, x - right, 0) + max(top - y, y - bottom, 0)
    center = abs((left + right) / 2 - x) + abs((top + bottom) / 2 - y)
    return box + 0.1 * center


def _is_clipped(component: Component, size: tuple[int, int], height: float) -> bool:
    """Return whether a component at the border does not have the size of a digit."""
    if max(component.height, component.width) > 3 * height and touches_border(component, size):
        return True
    near = 0.1 * height
    at_side = min(component.left, size[0] - component.right) <= near
    at_top_or_bottom = min(component.top, size[1] - component.bottom) <= near
    one_line = size[1] < 3 * height  # in a picture of one line, a 1 may touch the border
    narrow, low = component.width < 0.3 * height, component.height < 0.6 * height
    return (at_side and narrow) or (at_top_or_bottom and (low or (narrow and not one_line)))
