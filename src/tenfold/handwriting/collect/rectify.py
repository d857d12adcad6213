"""Rectify the photo of a sheet: remove rotation and perspective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import InputError
from tenfold.data import sheet_layout
from tenfold.handwriting.binarization import Pixels, ink_contrast

Points = NDArray[np.float64]

SCALE = 8
"""Pixels per millimetre of a rectified sheet; digits are about 80 pixels high."""

MARGIN = 6.0
"""Millimetres around the centers of the marks."""

_DETECTION_SIDE = 1600  # pixels of the long side at which marks are detected
_MIN_CONTRAST = 0.35  # of a mark
_MAX_CANDIDATES = 24  # handwriting is rarely as square and solid as a mark
_MAX_ASPECT = 1.5  # of a mark in the photo; the sheet is then tilted by 48 degrees
_MAX_MISFIT = 0.35  # of the logarithm of a mark's area


@dataclass(frozen=True)
class _Candidate:
    """A region that may be a mark: center (x, y), area with the hole, whether it has a hole."""

    center: tuple[float, float]
    area: float
    has_hole: bool


def rectify(pixels: Pixels, name: str) -> Pixels:
    """Return the sheet in a photo, upright and without perspective.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        name: of the photo, for error messages.

    Returns:
        uint8 ``[height, width, 3]`` with ``SCALE`` pixels per millimetre and a ``MARGIN``.

    Raises:
        InputError: the marks of a sheet are not found.
    """
    from skimage.transform import ProjectiveTransform, warp

    positions = (sheet_layout.marks() + MARGIN) * SCALE
    to_photo = ProjectiveTransform.from_estimate(positions, find_marks(pixels, name))
    shape = (
        round((sheet_layout.HEIGHT + 2 * MARGIN) * SCALE),
        round((sheet_layout.WIDTH + 2 * MARGIN) * SCALE),
    )
    levels = warp(pixels, to_photo, output_shape=shape, order=1, mode="edge", preserve_range=True)
    sheet: Pixels = np.rint(levels).astype(np.uint8)
    return sheet


def find_marks(pixels: Pixels, name: str) -> Points:
    """Return the centers of the four marks, clockwise from the one with a hole: ``[4, 2]``.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        name: of the photo, for error messages.

    Raises:
        InputError: not all four marks are found.
    """
    step = max(1, -(-max(pixels.shape[:2]) // _DETECTION_SIDE))
    candidates = _candidates(pixels[::step, ::step])
    fits = [(_misfit(marks), marks) for marks in _quadruples(candidates)]
    misfit, marks = min(fits, key=lambda fit: fit[0], default=(np.inf, ()))
    if misfit > _MAX_MISFIT:
        raise InputError(_not_found(name, len(candidates)))
    centers: Points = (_centers(marks) + 0.5) * step - 0.5
    return centers


def _not_found(name: str, n: int) -> str:
    similar = {0: "no similar mark", 1: "1 similar mark"}.get(n, f"{n} similar marks")
    return (
        f"{name}: the four corner marks of a sheet were not found ({similar} in the picture); "
        "photograph the entire sheet, in focus, or print one with tenfold collect --template"
    )


def _candidates(pixels: Pixels) -> list[_Candidate]:
    """Return dark squares with the approximate size of marks, largest first."""
    from skimage.measure import label, regionprops

    max_stroke = max(9, min(pixels.shape[:2]) // 5)
    dark = ink_contrast(pixels, False, max_stroke) > _MIN_CONTRAST
    height, width = dark.shape
    candidates = []
    for region in regionprops(label(dark)):
        top, left, bottom, right = region.bbox
        inside = top > 0 and left > 0 and bottom < height and right < width
        side = region.area_filled**0.5
        if inside and 0.008 * width < side < 0.12 * max(dark.shape) and _is_square(region):
            y, x = region.centroid
            has_hole = bool(region.area < 0.93 * region.area_filled)
            candidates.append(_Candidate((float(x), float(y)), float(region.area_filled), has_hole))
    return sorted(candidates, key=lambda candidate: -candidate.area)[:_MAX_CANDIDATES]


def _is_square(region: Any) -> bool:
    """Return whether a region is solid, convex and about as wide as high; it may have a hole."""
    if region.area < 0.55 * region.area_filled or region.axis_minor_length <= 0:
        return False
    aspect = region.axis_minor_length / region.axis_major_length
    return bool(aspect > 0.5 and region.area_filled > 0.88 * region.area_convex)


def _quadruples(candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, ...]]:
    """Yield every four candidates of which the first has a hole, clockwise."""
    solid = [candidate for candidate in candidates if not candidate.has_hole]
    for first in (candidate for candidate in candidates if candidate.has_hole):
        for others in combinations(solid, 3):
            marks = (first, *others)
            center = _centers(marks).mean(axis=0)
            angles = np.arctan2(*(_centers(marks) - center).T[::-1])
            order = np.argsort((angles - angles[0]) % (2 * np.pi))
            yield tuple(marks[i] for i in order)


def _centers(marks: Sequence[_Candidate]) -> Points:
    return np.array([mark.center for mark in marks])


def _misfit(marks: Sequence[_Candidate]) -> float:
    """Return the largest log ratio between the area of a mark and its projected area."""
    from skimage.transform import ProjectiveTransform

    to_photo = ProjectiveTransform.from_estimate(sheet_layout.marks(), _centers(marks))
    if not to_photo:
        return np.inf
    half = sheet_layout.MARK / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    projected = [to_photo(center + corners) for center in sheet_layout.marks()]
    projected_areas = [_area(mark) for mark in projected]
    if min(projected_areas) <= 0 or max(map(_aspect, projected)) > _MAX_ASPECT:
        return np.inf
    areas = np.array([mark.area for mark in marks])
    return float(np.abs(np.log(areas / projected_areas)).max())


def _aspect(corners: Points) -> float:
    """Return the ratio of the longer to the shorter of two adjacent sides, at least 1."""
    first, second, *_ = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float(max(first / second, second / first))


def _area(corners: Points) -> float:
    """Return the area of a polygon ``[n, 2]``, positive if clockwise in image coordinates."""
    x, y = corners.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)
