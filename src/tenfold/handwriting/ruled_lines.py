"""What was on the paper before the pen: ruled and squared lines, and boxes to write into."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Levels = NDArray[np.float32]
Floats = NDArray[np.float64]

_COARSE = 800  # pixels of the long side at which lines are sought
_SLOPES = np.linspace(-0.06, 0.06, 49)  # to 3.4 degrees
_ALONE = 0.9  # share of the picture that a line, with what is written over it, must cross,
_TOGETHER = 0.65  # if there are several,
_FURTHER = 0.5  # if there are those,
_INTERRUPTED = 0.3  # and share in which it must be seen itself
_SLIM = 1 / 60  # of the picture: no line is thicker,
_FRAME = 0.08  # nor a frame's than that part of it
_SIDE = 0.85  # share of its length in which a frame's side must be seen,
_END = 0.15  # and share of the frame within which it is from its end
_BESIDE = 4  # pixels of the coarse picture within which two lines are one
_NEVER = np.inf
_RULED = 3  # lines across, from which they are no digit
_EDGE = 3  # pixels around a line that was left out, in which its blur lies
_STRONG = 0.9  # quantile of the pen's contrast that is not that of its edges,
_CORE = 0.75  # and of a line's, which a pen crosses at times
_DARKER = 1.2  # times a line's contrast, from which the pen is told from it by that


@dataclass(frozen=True, eq=False)
class Lines:
    """Straight lines from left to right, as they were found in a reduced picture.

    Attributes:
        middles: their rows in its middle, float [n].
        slopes: rows that they fall a column, float [n].
        covered: shares of its columns in which there is ink, float [n].
        width: its columns.
        step: how many pixels of the picture one of its own stands for.
        thickness: of the lines, in pixels of the picture.
    """

    middles: Floats
    slopes: Floats
    covered: Floats
    width: int
    step: int
    thickness: float

    def __len__(self) -> int:
        return len(self.middles)

    @property
    def through(self) -> int:
        """How many of them go through the whole picture."""
        return int((self.covered >= _ALONE).sum())

    def are_sides(self, length: int) -> bool:
        """Return whether two of them are drawn throughout, near both ends of a picture."""
        places = self.step / length * self.middles[self.covered >= _SIDE]
        return len(places) > 0 and places.min() <= _END and places.max() >= 1 - _END

    def bands(self, shape: tuple[int, ...]) -> Mask:
        """Return where they are: bool [height, width]."""
        bands = np.zeros(shape, bool)
        columns = np.arange(shape[1])
        high = self.thickness + 2 * self.step
        for middle, slope in zip(self.middles, self.slopes, strict=True):
            rows = self.step * (middle + 0.5) + slope * (columns - shape[1] / 2)
            for row in np.rint(rows - high / 2).astype(int) + np.arange(round(high))[:, None]:
                inside = (row >= 0) & (row < shape[0])
                bands[row[inside], columns[inside]] = True
        return bands


def without_rules(ink: Mask, contrast: Levels) -> Mask:
    """Return the ink [height, width] less ruled lines across the picture, and less frames.

    Lines may be turned by up to 3 degrees. Strokes that cross a line are kept whole. Lines that go
    down are believed sooner where others go across: alone they may be digits. Where next to
    nothing would be left, all is kept: a straight stroke alone is a digit.

    Args:
        ink: where there is ink.
        contrast: of all that stands out from the paper, else 0: lines may be fainter than a pen.
    """
    left, most, rest = ink, 0, contrast
    across, down = _rules(contrast)
    if min(across.through, down.through) < _RULED:  # else squared paper, not boxes
        left, most = without_frames(ink, contrast)
        if most:
            rest = contrast * ~ndimage.binary_dilation(ink & ~left, iterations=_EDGE)
            across, down = _rules(rest)
    left = _without(left, rest, across, down)
    ruled = max(most, len(across)) >= _RULED
    return left if ruled or np.count_nonzero(left) > 0.1 * np.count_nonzero(ink) else ink


def _rules(contrast: Levels) -> tuple[Lines, Lines]:
    """Return the lines across and down a picture."""
    slim = _SLIM * max(contrast.shape)
    across = lines_across(contrast > 0, slim)
    return across, lines_across(contrast.T > 0, slim, together=_TOGETHER if across else _NEVER)


def _without(ink: Mask, contrast: Levels, across: Lines, down: Lines) -> Mask:
    return _without_lines(_without_lines(ink, contrast, across).T, contrast.T, down).T


def _without_lines(ink: Mask, contrast: Levels, lines: Lines) -> Mask:
    """Return the ink less lines that go across, save where a stroke crosses them or covers them."""
    if not lines:
        return ink
    bands = lines.bands(ink.shape)
    drawn = ink & bands & (_vertical_runs(ink) <= 2 * lines.thickness + 1)
    written, seen = ink & ~bands, bands & (contrast > 0)
    if not drawn.any() or not written.any():
        return ink & ~drawn
    line, pen = np.quantile(contrast[seen], _CORE), np.quantile(contrast[written], _STRONG)
    if pen > _DARKER * line:
        drawn &= contrast < (line + pen) / 2
    return ink & ~drawn


def lines_across(
    ink: Mask, slim: float, alone: float = _ALONE, together: float = _TOGETHER
) -> Lines:
    """Return the straight lines from left to right.

    Args:
        ink: where there is ink.
        slim: pixels; no line is thicker.
        alone: share of the width from which one line is believed.
        together: share of the width from which several lines are.
    """
    step = max(1, round(max(ink.shape) / _COARSE))
    coarse = _any(ink, step)
    runs = _vertical_runs(coarse)
    thin = coarse & (runs <= max(3, slim / step))
    nothing = Lines(np.zeros(0), np.zeros(0), np.zeros(0), coarse.shape[1], step, 0)
    if thin.any(axis=0).mean() < _INTERRUPTED:
        return nothing
    found = _apart(*_candidates(coarse, thin, step))
    if not (found.covered >= alone).any() and (found.covered >= together).sum() < 2:
        return nothing
    found = _fitted(found, thin)
    fine = _vertical_runs(ink)[ink & found.bands(ink.shape)]
    return replace(found, thickness=float(np.median(fine)))


def _candidates(coarse: Mask, thin: Mask, step: int) -> tuple[Lines, Floats]:
    """Return lines that may be among ink [height, width], some of it thin, many of each.

    With them how well they lie on the ink, float [n].
    """
    width = coarse.shape[1]
    found = [np.zeros((0, 4))]
    beside = np.ones((3, 1), bool)  # a line may run between two rows
    rows, columns = np.nonzero(ndimage.binary_dilation(coarse, beside))
    drawn_at = ndimage.binary_dilation(thin, beside)[rows, columns]
    weights = 1.0 + coarse[rows, columns]
    for slope in _SLOPES:
        shift = np.rint(slope * np.arange(width)).astype(np.intp) - width
        along = rows - shift[columns]
        inked = np.bincount(along) / width
        if inked.max() < _FURTHER:
            continue
        drawn = np.bincount(along, drawn_at) / width
        scores = np.bincount(along, weights)
        row = np.flatnonzero((inked >= _FURTHER) & (drawn >= _INTERRUPTED))
        middles = row - width + slope * width / 2
        found.append(np.stack([middles, np.full(len(row), slope), inked[row], scores[row]], axis=1))
    middles, slopes, covered, scores = np.concatenate(found).T
    return Lines(middles, slopes, covered, width, step, 1), scores


def _apart(lines: Lines, scores: Floats) -> Lines:
    """Return of lines that somewhere go nearly the same way the one that lies best on the ink."""
    left = (-scores).argsort(kind="stable")
    kept: list[int] = []
    while len(left):
        kept.append(left[0])
        away = lines.middles[left] - lines.middles[left[0]]
        swing = (lines.slopes[left] - lines.slopes[left[0]]) * lines.width / 2
        left = left[np.abs([away, away - swing, away + swing]).min(axis=0) > _BESIDE]
    return replace(
        lines,
        middles=lines.middles[kept],
        slopes=lines.slopes[kept],
        covered=lines.covered[kept],
    )


def _fitted(lines: Lines, thin: Mask) -> Lines:
    """Return lines as they lie best, by least squares, on thin ink [height, width]."""
    rows, columns = np.nonzero(thin)
    along = columns - lines.width / 2
    fits = []
    for middle, slope in zip(lines.middles, lines.slopes, strict=True):
        near = np.abs(rows - middle - slope * along) <= _BESIDE
        fits.append(np.polyfit(along[near], rows[near], 1))
    slopes, middles = np.reshape(fits, (-1, 2)).T
    return replace(lines, middles=middles, slopes=slopes)


def without_frames(ink: Mask, contrast: Levels) -> tuple[Mask, int]:
    """Leave out boxes and tables: parts of the ink with lines across and lines down.

    Returns:
        the rest of the ink, and how many lines across one of them had at most.
    """
    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    left, most = ink.copy(), 0
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        part = labels[place] == number
        if min(part.shape) <= 12:
            continue
        slim = _FRAME * min(part.shape)
        across = lines_across(part, slim, alone=_NEVER)
        down = lines_across(part.T, slim, alone=_NEVER) if across else across
        if down.are_sides(part.shape[1]):
            left[place] &= ~part | _without(part, contrast[place], across, down)
            most = max(most, len(across))
    return left, most


def _any(ink: Mask, step: int) -> Mask:
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % step), (0, -width % step)))
    rows, columns = padded.shape
    squares = padded.reshape(rows // step, step, columns // step, step)
    return np.asarray(squares.any(axis=(1, 3)), bool)


def _vertical_runs(ink: Mask) -> NDArray[np.int32]:
    """Return for each pixel of ink the length of the vertical run it lies in; 0 elsewhere."""
    rows = np.arange(1, len(ink) + 1, dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(ink, 0, rows), axis=0)
    next_ = np.minimum.accumulate(np.where(ink, len(ink) + 1, rows)[::-1], axis=0)[::-1]
    runs: NDArray[np.int32] = np.where(ink, next_ - last - 1, 0).astype(np.int32)
    return runs
