"""Remove ruled and squared lines, form boxes and tables from ink."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.handwriting.binarization import Ink, Levels, Mask
from tenfold.handwriting.time_budget import is_time_up

Floats = NDArray[np.float64]

_COARSE_SIDE = 800  # pixels of the long side at which lines are detected
_SLOPES = np.linspace(-0.06, 0.06, 49)  # up to 3.4 degrees
_FULL_COVERAGE = 0.9  # of the columns, with the writing over the line; for a single line,
_SHARED_COVERAGE = 0.65  # for at least two lines,
_MIN_COVERAGE = 0.5  # and for further ones
_MIN_VISIBLE = 0.3  # of the columns, in which the line itself is visible
_MAX_THICKNESS = 1 / 60  # of the picture's longer side,
_MAX_FRAME_THICKNESS = 0.08  # and of a frame's shorter one
_MIN_FRAME_SIDE = 12  # pixels; a frame is larger
_SIDE_COVERAGE = 0.85  # of the side of a frame,
_SIDE_DISTANCE = 0.15  # which is within this share of its length from its end
_SAME_LINE = 4  # pixels of the coarse picture within which two lines are one
_NEVER = np.inf
_RULED = 3  # lines across, from which they cannot be strokes of a digit
_MIN_REST = 0.1  # of the ink; if less is left, the line is a digit
_BLUR = 3  # pixels around a removed frame that are blur of its lines
_PEN_QUANTILE = 0.9  # contrast of a pen without its edges,
_LINE_QUANTILE = 0.75  # and of a line, which a pen may cross
_DARKER = 1.2  # times the contrast of a line, from which a pen is distinguishable


@dataclass(frozen=True, eq=False)
class Lines:
    """Straight lines across a picture, in coordinates of a reduced picture.

    Attributes:
        centers: float ``[n]``, row at the middle column.
        slopes: float ``[n]``, rows per column.
        coverage: float ``[n]``, share of the columns with ink.
        width: columns of the reduced picture.
        step: pixels of the original picture per pixel of the reduced one.
        thickness: of the lines, in pixels of the original picture.
    """

    centers: Floats
    slopes: Floats
    coverage: Floats
    width: int
    step: int
    thickness: float

    def __len__(self) -> int:
        return len(self.centers)

    @property
    def n_full(self) -> int:
        """Number of lines across the entire picture."""
        return int((self.coverage >= _FULL_COVERAGE).sum())

    def are_frame_sides(self, length: int) -> bool:
        """Return whether two lines are near both ends of a picture of this length in pixels."""
        positions = self.step / length * self.centers[self.coverage >= _SIDE_COVERAGE]
        if not len(positions):
            return False
        return bool(positions.min() <= _SIDE_DISTANCE and positions.max() >= 1 - _SIDE_DISTANCE)

    def bands(self, shape: tuple[int, ...]) -> Mask:
        """Return the pixels of the lines, with a margin, as bool ``[height, width]``."""
        bands = np.zeros(shape, bool)
        columns = np.arange(shape[1])
        height = self.thickness + 2 * self.step
        for center, slope in zip(self.centers, self.slopes, strict=True):
            rows = self.step * (center + 0.5) + slope * (columns - shape[1] / 2)
            for row in np.rint(rows - height / 2).astype(int) + np.arange(round(height))[:, None]:
                inside = (row >= 0) & (row < shape[0])
                bands[row[inside], columns[inside]] = True
        return bands


def remove_ruled_lines(ink: Ink) -> Ink:
    """Remove lines across the picture and frames from the mask of the ink.

    Lines may be rotated by up to 3 degrees. Strokes that cross a line stay. Vertical lines are
    removed only where there are horizontal ones: alone they may be digits. If almost nothing
    would be left, all ink stays: a single straight stroke is a digit.

    Args:
        ink: its contrast includes lines that are fainter than the pen.

    Returns:
        The ink with a new mask; core and contrast are unchanged.
    """
    mask, contrast = ink.mask, ink.contrast
    rest, n_frame_lines = mask, 0
    across, down = _lines_both_ways(contrast)
    if min(across.n_full, down.n_full) < _RULED:  # else squared paper, not frames
        rest, n_frame_lines = remove_frames(mask, contrast)
        if n_frame_lines:
            contrast = contrast * ~ndimage.binary_dilation(mask & ~rest, iterations=_BLUR)
            across, down = _lines_both_ways(contrast)
    rest = _remove_both_ways(rest, contrast, across, down)
    ruled = max(n_frame_lines, len(across)) >= _RULED
    enough = np.count_nonzero(rest) > _MIN_REST * np.count_nonzero(mask)
    return replace(ink, mask=rest) if ruled or enough else ink


def _lines_both_ways(contrast: Levels) -> tuple[Lines, Lines]:
    """Return the lines across and down a picture."""
    max_thickness = _MAX_THICKNESS * max(contrast.shape)
    across = lines_across(contrast > 0, max_thickness)
    shared = _SHARED_COVERAGE if across else _NEVER
    return across, lines_across(contrast.T > 0, max_thickness, shared_coverage=shared)


def _remove_both_ways(mask: Mask, contrast: Levels, across: Lines, down: Lines) -> Mask:
    return _remove_across(_remove_across(mask, contrast, across).T, contrast.T, down).T


def _remove_across(mask: Mask, contrast: Levels, lines: Lines) -> Mask:
    """Remove lines across from a mask, except where a stroke crosses or covers them."""
    if not lines:
        return mask
    bands = lines.bands(mask.shape)
    drawn = mask & bands & (_vertical_runs(mask) <= 2 * lines.thickness + 1)
    written, visible = mask & ~bands, bands & (contrast > 0)
    if not drawn.any() or not written.any():
        return mask & ~drawn
    line_contrast = np.quantile(contrast[visible], _LINE_QUANTILE)
    pen_contrast = np.quantile(contrast[written], _PEN_QUANTILE)
    if pen_contrast > _DARKER * line_contrast:
        drawn &= contrast < (line_contrast + pen_contrast) / 2
    return mask & ~drawn


def lines_across(
    mask: Mask,
    max_thickness: float,
    full_coverage: float = _FULL_COVERAGE,
    shared_coverage: float = _SHARED_COVERAGE,
) -> Lines:
    """Detect straight lines from left to right.

    Args:
        mask: bool ``[height, width]``.
        max_thickness: of a line, in pixels.
        full_coverage: share of the width that one line must cover,
        shared_coverage: or two lines at least.
    """
    step = max(1, round(max(mask.shape) / _COARSE_SIDE))
    coarse = _reduce_any(mask, step)
    thin = coarse & (_vertical_runs(coarse) <= max(3, max_thickness / step))
    none = Lines(np.zeros(0), np.zeros(0), np.zeros(0), coarse.shape[1], step, 0)
    if thin.any(axis=0).mean() < _MIN_VISIBLE:
        return none
    lines = _distinct(*_candidates(coarse, thin, step))
    full, shared = lines.coverage >= full_coverage, lines.coverage >= shared_coverage
    if not full.any() and shared.sum() < 2:
        return none
    lines = _fitted(lines, thin)
    runs = _vertical_runs(mask)[mask & lines.bands(mask.shape)]
    return replace(lines, thickness=float(np.median(runs)))


def _candidates(coarse: Mask, thin: Mask, step: int) -> tuple[Lines, Floats]:
    """Return candidate lines, with duplicates, by a Hough transform over a few slopes.

    Args:
        coarse: bool ``[height, width]``, ink of the reduced picture.
        thin: bool ``[height, width]``, ink that is thin enough for a line.
        step: of the reduced picture.

    Returns:
        The lines, and a score of their fit to the ink, float ``[n]``.
    """
    height, width = coarse.shape
    candidates = [np.zeros((0, 4))]
    adjacent = np.ones((3, 1), bool)  # a line may run between two rows
    near, visible_near = (ndimage.binary_dilation(mask, adjacent) for mask in (coarse, thin))
    counted = np.stack([near, visible_near, near + coarse.astype(np.int32)]).transpose(2, 0, 1)
    sums = np.cumsum(np.pad(counted, ((1, 0), (0, 0), (0, 0))), axis=0)
    for slope in _SLOPES:
        shift = np.rint(slope * np.arange(width)).astype(np.intp)
        by_row = np.zeros((3, height + 2 * width), sums.dtype)
        ends = np.flatnonzero(np.diff(shift, append=np.iinfo(np.intp).max)) + 1
        for start, end in zip([0, *ends], ends, strict=False):  # columns of the same shift
            top = width - shift[start]
            by_row[:, top : top + height] += sums[end] - sums[start]
        coverage, visible = by_row[:2] / width
        row = np.flatnonzero((coverage >= _MIN_COVERAGE) & (visible >= _MIN_VISIBLE))
        centers = row - width + slope * width / 2
        columns_of = [centers, np.full(len(row), slope), coverage[row], by_row[2, row]]
        candidates.append(np.stack(columns_of, axis=1))
    centers, slopes, coverage, scores = np.concatenate(candidates).T
    return Lines(centers, slopes, coverage, width, step, 1), scores


def _distinct(lines: Lines, scores: Floats) -> Lines:
    """Apply non-maximum suppression: of lines that nearly coincide, the highest score remains."""
    remaining = (-scores).argsort(kind="stable")
    best: list[int] = []
    while len(remaining):
        best.append(remaining[0])
        shift = lines.centers[remaining] - lines.centers[remaining[0]]
        tilt = (lines.slopes[remaining] - lines.slopes[remaining[0]]) * lines.width / 2
        nearest = np.abs([shift, shift - tilt, shift + tilt]).min(axis=0)
        remaining = remaining[nearest > _SAME_LINE]
    return replace(
        lines,
        centers=lines.centers[best],
        slopes=lines.slopes[best],
        coverage=lines.coverage[best],
    )


def _fitted(lines: Lines, thin: Mask) -> Lines:
    """Fit each line to the thin ink nearby by least squares."""
    every_row, columns = np.nonzero(thin)
    every_x = columns - lines.width / 2
    fits = []
    for center, slope in zip(lines.centers, lines.slopes, strict=True):
        reach = abs(slope) * lines.width / 2 + _SAME_LINE + 1
        part = slice(*np.searchsorted(every_row, (int(center - reach), int(center + reach) + 1)))
        rows, x = every_row[part], every_x[part]
        near = np.abs(rows - center - slope * x) <= _SAME_LINE
        has_slope = near.any() and np.ptp(x[near]) > 0
        fits.append(np.polyfit(x[near], rows[near], 1) if has_slope else (slope, center))
    slopes, centers = np.reshape(fits, (-1, 2)).T
    return replace(lines, centers=centers, slopes=slopes)


def remove_frames(mask: Mask, contrast: Levels) -> tuple[Mask, int]:
    """Remove boxes and tables: components with lines across and down.

    Returns:
        The rest of the mask, and the largest number of lines across in one component.
    """
    labels, _ = ndimage.label(mask, np.ones((3, 3), bool))
    rest, most = mask.copy(), 0
    for label, window in enumerate(ndimage.find_objects(labels), 1):
        if is_time_up():
            break
        component = labels[window] == label
        if min(component.shape) <= _MIN_FRAME_SIDE or not _has_sides(component):
            continue
        max_thickness = _MAX_FRAME_THICKNESS * min(component.shape)
        across = lines_across(component, max_thickness, full_coverage=_NEVER)
        if not across:
            continue
        down = lines_across(component.T, max_thickness, full_coverage=_NEVER)
        if down.are_frame_sides(component.shape[1]):
            strokes = _remove_both_ways(component, contrast[window], across, down)
            rest[window] &= ~component | strokes
            most = max(most, len(across))
    return rest, most


def _has_sides(component: Mask) -> bool:
    """Return whether ink covers the height near both sides, as that of a frame does."""
    left, _, right = np.array_split(component, 3, axis=1)
    return all(part.any(axis=1).mean() >= _SIDE_COVERAGE for part in (left, right))


def _reduce_any(mask: Mask, step: int) -> Mask:
    """Reduce a mask; a pixel of the result is set if any of its ``step`` x ``step`` pixels is."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % step), (0, -width % step)))
    rows, columns = padded.shape
    squares = padded.reshape(rows // step, step, columns // step, step)
    return np.asarray(squares.any(axis=(1, 3)), bool)


def _vertical_runs(mask: Mask) -> NDArray[np.int32]:
    """Return for each set pixel the length of its vertical run, else 0: int32 [height, width]."""
    rows = np.arange(1, len(mask) + 1, dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(mask, 0, rows), axis=0)
    next_ = np.minimum.accumulate(np.where(mask, len(mask) + 1, rows)[::-1], axis=0)[::-1]
    runs: NDArray[np.int32] = np.where(mask, next_ - last - 1, 0).astype(np.int32)
    return runs
