"""Detect digits by rules of shape alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.segmentation.borders import remove_clipped
from tenfold.handwriting.segmentation.components import (
    Component,
    connected_components,
    join_fragments,
    remove_specks,
    typical_height,
)
from tenfold.handwriting.segmentation.cutting import max_digit_width, split
from tenfold.handwriting.strokes import stroke_width

_COARSE_SIDE = 700  # pixels of the long side at which the stroke width is measured


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Components and the digits that each is split into.

    Attributes:
        components: after joining fragments and removing specks.
        splits: for each component its digits, at least one.
        height: of a typical digit, in pixels.
        pen: stroke width in pixels.
    """

    components: list[Component]
    splits: list[list[Component]]
    height: float
    pen: float

    @property
    def digits(self) -> list[Component]:
        """One component per digit."""
        return [digit for digits in self.splits for digit in digits]


def segment(mask: NDArray[np.bool_]) -> Segmentation:
    """Return one component per digit of an ink mask ``[height, width]``."""
    step = max(1, max(mask.shape) // _COARSE_SIDE)
    pen = stroke_width(mask[::step, ::step]) * step
    components = connected_components(mask, gap=0.6 * pen, min_area=max(8.0, 0.5 * pen**2))
    if not components:
        return Segmentation([], [], 0.0, pen)
    height = typical_height(components)
    components = remove_specks(join_fragments(components, height, pen), height)
    components = remove_clipped(components, (mask.shape[1], mask.shape[0]), height, pen)
    components.sort(key=lambda component: component.bottom)  # upper lines are classified first
    max_width = max_digit_width(components, height)
    splits = [split(component, max_width, pen) for component in components]
    return Segmentation(components, splits, height, pen)
