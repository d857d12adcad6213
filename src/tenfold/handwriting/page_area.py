"""Find the page in a picture that also shows what lies beside it: a dark desk, book or scanner lid.

Such an area is wider than any stroke, covers a side of the picture, and has no ink of its own. Left
in the picture it is taken for ink, and its edge for a digit as tall as the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tenfold.handwriting.picture import Picture, Pixels
from tenfold.handwriting.result import Box

Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SIDE = 240  # pixels of the short side at which areas are sought
_LEAST_SIDE = 64  # pixels; smaller pictures are crops of single digits
_WIDEST_STROKE = 0.04  # of the short side; darker areas are wider
_COVERED = 0.85  # share of a side of the picture that an area covers
_SMALLEST = 0.3  # share of the picture that a page covers; less is light ink on dark
_BRIGHTNESS = 0.5  # of the area by the page; shadows on a page are lighter
_INK, _INK_SHARE = 0.12, 0.01  # darkness of ink in an area by the page, and share of its pixels
_DARKEST_PAPER, _PAPER = 0.6, 0.8  # brightness of paper by the page, share of its rectangle
_FAINTEST_INK, _LEAST_INK = 0.8, 0.0005  # brightness of ink by the page, and share of its pixels
_OUTSIDE = 0.9  # share of what is outside the page's rectangle that lies beside the page
_LARGEST_SPECK = 0.0005  # share of the picture; what is larger beside the page may be a note
_SHADOW, _WIDTH = 0.85, 0.06  # brightness by the page of its shadow, and width by the short side


def find_page(picture: Picture) -> tuple[Picture, Box] | None:
    """Return the page in a picture, or None if the page fills it.

    Args:
        picture: upright.

    Returns:
        The page, with paper in the place of corners that lie beside it, and its left, top, width
        and height in pixels of the unreduced picture.
    """
    if min(picture.pixels.shape[:2]) < _LEAST_SIDE:
        return None
    gray = _reduced(picture.pixels)
    beside = _beside_page(gray)
    if not beside.any():
        return None
    shares = ((~beside).mean(axis=axis) for axis in (1, 0))
    rows, columns = (np.flatnonzero(share >= 0.5 * share.max()) for share in shares)
    page = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    outside = np.ones(gray.shape, bool)
    outside[page] = False
    if not 0 < outside.mean() <= 1 - _SMALLEST or beside[outside].mean() < _OUTSIDE:
        return None
    if not _is_page(gray[page], ~beside[page]) or _has_other_pages(beside, outside):
        return None
    scale = picture.size[0] / gray.shape[1]
    left, right = columns[0] * scale, (columns[-1] + 1) * scale
    top, bottom = rows[0] * scale, (rows[-1] + 1) * scale
    x, y = int(np.ceil(left)), int(np.ceil(top))
    width, height = min(int(right), picture.size[0]) - x, min(int(bottom), picture.size[1]) - y
    box = (x, y, max(1, width), max(1, height))
    return _filled(picture.cropped(*box), beside[page]), box


def _filled(page: Picture, beside: Mask) -> Picture:
    """Return a page with its median colour where something beside it is left."""
    if not beside.any():
        return page
    mask = Image.fromarray(beside).resize(page.pixels.shape[1::-1], Image.Resampling.NEAREST)
    pixels, place = page.pixels.copy(), np.asarray(mask)
    pixels[place] = np.median(pixels[~place], axis=0)
    return Picture(pixels, page.size)


def _reduced(pixels: Pixels) -> Levels:
    gray = Image.fromarray(pixels).convert("L")
    factor = max(1, min(gray.size) // _SIDE)
    return np.asarray(gray.reduce(factor), np.float32)


def _beside_page(gray: Levels) -> Mask:
    """Return what lies beside the page, with the shadow at its edge: bool ``[height, width]``."""
    from skimage.filters import threshold_otsu

    none = np.zeros(gray.shape, bool)
    if np.ptp(gray) < 1:
        return none
    dark = gray < threshold_otsu(gray)
    stroke = max(3, round(_WIDEST_STROKE * min(gray.shape)))
    padded = np.pad(dark, stroke, mode="edge")
    wide = ndimage.binary_opening(padded, np.ones((stroke, stroke), bool))
    labels, count = ndimage.label(wide[stroke:-stroke, stroke:-stroke])
    areas = none.copy()
    brightness = float(np.median(gray[~dark]))
    for area in (labels == number for number in range(1, count + 1)):
        if _covers_a_side(area) and not _has_ink(gray / brightness, area):
            areas |= area
    if not areas.any() or float(np.median(gray[areas])) > _BRIGHTNESS * brightness:
        return none
    return _with_shadow(areas, gray < _SHADOW * brightness)


def _is_page(gray: Levels, bright: Mask) -> bool:
    """Return whether a bright area fills its rectangle and has ink; light ink on dark does not."""
    inner = ndimage.binary_erosion(bright, iterations=2)
    if not inner.any():
        return False
    brightness = np.median(gray[inner])
    has_ink = (gray[inner] < _FAINTEST_INK * brightness).mean() > _LEAST_INK
    return bool(has_ink and (gray > _DARKEST_PAPER * brightness).mean() > _PAPER)


def _has_other_pages(beside: Mask, outside: Mask) -> bool:
    """Return whether something separate from the page, such as a note, would be left out."""
    labels, _ = ndimage.label(~beside, np.ones((3, 3), bool))
    sizes = np.bincount(labels[outside & ~beside], minlength=2)
    sizes[np.bincount(labels[~beside]).argmax()] = 0  # corners of the page itself
    return bool(sizes.max() > _LARGEST_SPECK * outside.size)


def _covers_a_side(area: Mask) -> bool:
    sides = (area[0], area[-1], area[:, 0], area[:, -1])
    return any(float(side.mean()) > _COVERED for side in sides)


def _has_ink(brightness: Levels, area: Mask) -> bool:
    size = max(5, round(2 * _WIDEST_STROKE * min(area.shape)))
    inner = ndimage.binary_erosion(area, iterations=2, border_value=1)
    closed = ndimage.grey_closing(np.where(area, brightness, brightness[area].min()), size)
    is_ink = (closed - brightness)[inner] > _INK
    return not inner.any() or bool(is_ink.mean() > _INK_SHARE)


def _with_shadow(areas: Mask, shadow: Mask) -> Mask:
    width = max(2, round(_WIDTH * min(areas.shape)))
    grown: NDArray[Any] = ndimage.binary_dilation(areas, iterations=width, mask=shadow | areas)
    result: Mask = ndimage.binary_dilation(grown, iterations=2)
    return result
