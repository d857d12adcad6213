"""A photo of a sheet -> the sheet as if it had been scanned straight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data import sheet_layout
from tenfold.handwriting.ink import contrast

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

SCALE = 8
"""Pixels a millimetre of a straight sheet: a digit is some 80 pixels high."""

MARGIN = 6.0
"""Millimetres around the middles of the marks."""

_LONGEST = 1600  # pixels of the long side at which marks are sought
_DARK = 0.35  # share of the ground's light that a mark takes away, at least
_MOST = 24  # candidates; handwriting in the boxes is rarely as square and solid
_SLANTED = 1.5  # times that a mark may look longer than wide: the sheet leans by 48 degrees
_CLOSE = 0.35  # of the logarithm of a mark's area, against what perspective makes of it


@dataclass(frozen=True)
class _Candidate:
    """What may be a mark: its middle (x, y), its area with the hole, and whether it has one."""

    middle: tuple[float, float]
    area: float
    holed: bool


def straight(pixels: Pixels, name: str) -> Pixels:
    """Return the sheet in a photo, upright and without perspective.

    Args:
        pixels: [height, width, 3].
        name: for errors.

    Returns:
        uint8 [height, width, 3], ``SCALE`` pixels a millimetre, with a ``MARGIN`` all around.

    Raises:
        InputError: the marks of a sheet are not found.
    """
    from skimage.transform import ProjectiveTransform, warp

    found = find_marks(pixels, name)
    places = (sheet_layout.marks() + MARGIN) * SCALE
    to_photo = ProjectiveTransform.from_estimate(places, found)
    shape = (
        round((sheet_layout.HEIGHT + 2 * MARGIN) * SCALE),
        round((sheet_layout.WIDTH + 2 * MARGIN) * SCALE),
    )
    levels = warp(pixels, to_photo, output_shape=shape, order=1, mode="edge", preserve_range=True)
    sheet: Pixels = np.rint(levels).astype(np.uint8)
    return sheet


def find_marks(pixels: Pixels, name: str) -> Points:
    """Return the middles of a sheet's marks, clockwise from the one with a hole: [4, 2].

    Args:
        pixels: [height, width, 3].
        name: for errors.

    Raises:
        InputError: they are not found, or not all of them.
    """
    step = max(1, -(-max(pixels.shape[:2]) // _LONGEST))
    candidates = _candidates(pixels[::step, ::step])
    fits = [(_misfit(four), four) for four in _fours(candidates)]
    if not fits or min(fits, key=lambda fit: fit[0])[0] > _CLOSE:
        raise InputError(_not_found(name, len(candidates)))
    best = min(fits, key=lambda fit: fit[0])[1]
    places: Points = (_middles(best) + 0.5) * step - 0.5
    return places


def _not_found(name: str, alike: int) -> str:
    seen = {0: "no such mark is", 1: "one thing like them is"}.get(alike, f"{alike} like them are")
    return (
        f"{name}: the four corner marks of a sheet are not found ({seen} in the picture); "
        "photograph the whole sheet, in focus, or print one with tenfold collect --template"
    )


def _candidates(pixels: Pixels) -> list[_Candidate]:
    """Dark squares of about the size of marks, the largest first."""
    from skimage.measure import label, regionprops

    dark = contrast(pixels, False, max(9, min(pixels.shape[:2]) // 5)) > _DARK
    height, width = dark.shape
    found = []
    for region in regionprops(label(dark)):
        top, left, bottom, right = region.bbox
        inside = top > 0 and left > 0 and bottom < height and right < width
        side = region.area_filled**0.5
        if inside and 0.008 * width < side < 0.12 * max(dark.shape) and _is_square(region):
            y, x = region.centroid
            holed = bool(region.area < 0.93 * region.area_filled)
            found.append(_Candidate((float(x), float(y)), float(region.area_filled), holed))
    return sorted(found, key=lambda one: -one.area)[:_MOST]


def _is_square(region: Any) -> bool:
    """Whether a region is solid, convex and about as wide as high, whole or with a hole."""
    if region.area < 0.55 * region.area_filled or region.axis_minor_length <= 0:
        return False
    slim = region.axis_minor_length / region.axis_major_length
    return bool(slim > 0.5 and region.area_filled > 0.88 * region.area_convex)


def _fours(candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, ...]]:
    """Each four of which the first has a hole, the others following clockwise."""
    for first in (one for one in candidates if one.holed):
        solid = [one for one in candidates if not one.holed]
        for three in combinations(solid, 3):
            four = (first, *three)
            centre = _middles(four).mean(axis=0)
            angles = np.arctan2(*(_middles(four) - centre).T[::-1])
            order = np.argsort((angles - angles[0]) % (2 * np.pi))
            yield tuple(four[i] for i in order)


def _middles(four: Sequence[_Candidate]) -> Points:
    return np.array([one.middle for one in four])


def _misfit(four: Sequence[_Candidate]) -> float:
    """By how much the areas of four marks differ from what perspective would make of them."""
    from skimage.transform import ProjectiveTransform

    to_photo = ProjectiveTransform.from_estimate(sheet_layout.marks(), _middles(four))
    if not to_photo:
        return np.inf
    half = sheet_layout.MARK / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    seen = [to_photo(middle + corners) for middle in sheet_layout.marks()]
    areas = [_area(mark) for mark in seen]
    if min(areas) <= 0 or max(map(_slant, seen)) > _SLANTED:
        return np.inf
    found = np.array([one.area for one in four])
    return float(np.abs(np.log(found / areas)).max())


def _slant(corners: Points) -> float:
    """How much longer one side of a mark is than the next."""
    first, second, *_ = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float(max(first / second, second / first))


def _area(corners: Points) -> float:
    """The area of a polygon, clockwise as pictures have it: above 0."""
    x, y = corners.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)
