"""Render digits of 28x28 pixels at any size, with any pen, as crisp strokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

Field = NDArray[np.float32]
Ink = NDArray[np.float32]

_ZOOM = 3
_PADDING = 4  # pixels of the image around the digit
_THINNEST = 1.5  # pixels of a stroke where a pen presses least
_SMOOTHING = 1.0  # of the field, in pixels of the enlarged image


@dataclass(frozen=True)
class Pen:
    """How a digit is drawn.

    Attributes:
        height: of the ink in pixels.
        width: width of the stroke by height of the digit; None keeps the digit's own stroke.
        stretch: horizontal scale by vertical scale.
        slant: tangent of the angle to the right.
        rotation: counter-clockwise, in radians.
        bend: corners of the digit are displaced by this share of its size, standard deviation.
        softness: width of the edge of the stroke in pixels.
        evened: share of the digit's own slant that is removed before ``slant`` is applied.
        nib: breadth of the nib, held at 45 degrees, by the height of the digit.
        swell: growth of the stroke from the top to the bottom, by the height of the digit.
        blob: radius of a drop of ink at the lowest end of the stroke, by the height of the digit.
        waist: displacement of the middle of the digit downwards, by its height.
    """

    height: float
    width: float | None = None
    stretch: float = 1.0
    slant: float = 0.0
    rotation: float = 0.0
    bend: float = 0.0
    softness: float = 1.0
    evened: float = 0.0
    nib: float = 0.0
    swell: float = 0.0
    blob: float = 0.0
    waist: float = 0.0


@dataclass(frozen=True, eq=False)
class Glyph:
    """A digit as two level-set fields, float32 ``[h, w]``, in pixels of the enlarged image.

    Attributes:
        skeleton: minus the distance to the skeleton.
        outline: signed distance to the outline, positive inside.
        box: left, top, right, bottom of the skeleton.
        end: x and y of the lowest end of the skeleton; None if it has no end, as a zero.
    """

    skeleton: Field
    outline: Field
    box: tuple[float, float, float, float]
    end: tuple[float, float] | None

    @classmethod
    def from_image(cls, image: NDArray[np.uint8]) -> Glyph:
        """Return the fields of one digit.

        Args:
            image: uint8 ``[28, 28]``, light ink on black.
        """
        padded = np.pad(image.astype(np.float32) / 255, _PADDING)
        size = tuple(_ZOOM * side for side in padded.shape[::-1])
        large = np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC))
        mask = large > 0.4 * max(float(large.max()), 0.1)
        thin = skeletonize(mask)
        distance = ndimage.distance_transform_edt(~thin)
        outline = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
        rows, columns = np.flatnonzero(thin.any(axis=1)), np.flatnonzero(thin.any(axis=0))
        box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if len(rows) else (0, 0, *size)
        smooth = [
            ndimage.gaussian_filter(np.asarray(field, np.float32), _SMOOTHING)
            for field in (-distance, outline)
        ]
        sides = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        return cls(smooth[0], smooth[1], sides, _lowest_end(thin))

    def render(self, pen: Pen, generator: np.random.Generator) -> Ink:
        """Draw the digit: float32 ``[h, w]`` from 0 to 1, cropped to its ink.

        Source: a stroke is the set of points within half its width of the skeleton.
        """
        _, top, _, bottom = self.box
        stroke = 0.0 if pen.width is None else pen.width * pen.height
        scale = max(pen.height - stroke, 2.0) / max(bottom - top, 2.0)
        field = self.outline if pen.width is None else self._pressed(pen, stroke, scale)
        if pen.waist:
            field = _with_waist(field, top, bottom, pen.waist)
        corners = self._corners(pen, scale, generator)
        low, high = corners.min(axis=0), corners.max(axis=0)
        width, height = np.maximum(np.ceil(high - low).astype(int), 1).tolist()
        source = _source_corners(corners - low, field.shape, width, height)
        warped = Image.fromarray(field).transform(
            (width, height),
            Image.Transform.QUAD,
            tuple(source.ravel().tolist()),
            Image.Resampling.BILINEAR,
            fillcolor=-1000,
        )
        edge = (np.asarray(warped) * scale + stroke / 2) / pen.softness + 0.5
        ink = np.clip(edge, 0, 1).astype(np.float32)
        return crop_to_ink(_with_nib(ink, round(pen.nib * pen.height)))

    @property
    def slant(self) -> float:
        """Tangent of the angle to the right, from the moments of the skeleton."""
        rows, columns = np.nonzero(self.skeleton > -_ZOOM)
        y, x = rows - rows.mean(), columns - columns.mean()
        return float(np.clip(-(x * y).sum() / max((y * y).sum(), 1.0), -1, 1))

    def _pressed(self, pen: Pen, stroke: float, scale: float) -> Field:
        """Return the field of the skeleton with the swell and the drop of ink of a pen."""
        field = self.skeleton
        swell = min(pen.swell * pen.height, stroke - _THINNEST)
        if swell > 0:
            _, top, _, bottom = self.box
            down = (np.arange(len(field), dtype=np.float32) - top) / max(bottom - top, 2.0)
            field = field + (np.clip(down, 0, 1) - 0.5)[:, None] * np.float32(swell / scale)
        if pen.blob and self.end is not None:
            y, x = np.mgrid[: field.shape[0], : field.shape[1]].astype(np.float32)
            distance = np.hypot(x - self.end[0], y - self.end[1])
            field = np.maximum(field, pen.blob * pen.height / scale - distance)
        pressed: Field = field.astype(np.float32)
        return pressed

    def _corners(self, pen: Pen, scale: float, generator: np.random.Generator) -> Field:
        """Corners of the field in the drawing: upper left, lower left, lower right, upper right."""
        height, width = self.skeleton.shape
        corners = np.array([[0, 0], [0, height], [width, height], [width, 0]], np.float32)
        corners = (corners - [width / 2, height / 2]) * scale * [pen.stretch, 1]
        own = pen.evened * self.slant * pen.stretch if pen.evened else 0.0
        corners[:, 0] -= (pen.slant - own) * corners[:, 1]
        cos, sin = np.cos(pen.rotation), np.sin(pen.rotation)
        corners = corners @ np.array([[cos, -sin], [sin, cos]])
        bend = generator.normal(0, pen.bend, (4, 2)) * pen.height
        bent: Field = (corners + bend).astype(np.float32)
        return bent


def _lowest_end(thin: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return x and y of the lowest pixel of a skeleton that has one neighbour."""
    neighbours = ndimage.convolve(thin.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant")
    rows, columns = np.nonzero(thin & (neighbours == 2))
    return (float(columns[-1]), float(rows[-1])) if len(rows) else None


def _with_waist(field: Field, top: float, bottom: float, waist: float) -> Field:
    """Move the middle between two rows down by a share of their distance."""
    middle = (top + bottom) / 2
    moved = middle + waist * (bottom - top)
    rows = np.arange(len(field), dtype=np.float64)
    source = np.interp(
        rows, [0, top, moved, bottom, len(field)], [0, top, middle, bottom, len(field)]
    )
    low = np.clip(source.astype(int), 0, len(field) - 2)
    share = (source - low).astype(np.float32)[:, None]
    warped: Field = field[low] * (1 - share) + field[low + 1] * share
    return warped


def _with_nib(ink: Ink, breadth: int) -> Ink:
    """Broaden what a nib of some pixels, held at 45 degrees, draws across its edge."""
    broad = np.pad(ink, breadth)
    for shift in range(1, breadth + 1):
        moved = np.pad(ink, breadth)
        moved = np.roll(moved, (-shift, shift), (0, 1))
        np.maximum(broad, moved, out=broad)
    return broad


def crop_to_ink(ink: Ink) -> Ink:
    """Cut a drawing to the box of its ink; at least one pixel remains."""
    mask = ink > 0.3
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return ink[:1, :1]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _source_corners(corners: Field, shape: tuple[int, ...], width: int, height: int) -> Field:
    """Return the points of the field that the drawing's corners show.

    The projective map is found from the four pairs of corners.
    """
    rows = shape[0]
    target = np.array([[0, 0], [0, rows], [shape[1], rows], [shape[1], 0]], np.float64)
    system, values = [], []
    for (x, y), (u, v) in zip(corners.tolist(), target.tolist(), strict=True):
        system.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        system.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    a = np.linalg.solve(np.array(system), np.array(values))
    frame = np.array([[0, 0], [0, height], [width, height], [width, 0]], np.float64)
    scale = frame @ a[6:] + 1
    points = np.stack([frame @ a[:2] + a[2], frame @ a[3:5] + a[5]], axis=1) / scale[:, None]
    return points.astype(np.float32)
