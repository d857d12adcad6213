"""Where to cut, as a network judges the pieces: the best path through a lattice of cuts.

Candidate cuts of a part of ink are nodes, the ink between two of them is one digit perhaps; dynamic
programming finds the path whose digits are most probable, as readers of cheques and of postal codes
do (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
1998, section VII).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.components import LEAST, Part
from tenfold.handwriting.cutting import least_path, main_part
from tenfold.handwriting.digit_scores import Crops, Judge, Judged, judged

_DOUBTFUL = 0.9  # certainty under which a piece is looked at again,
_WIDE = 0.95  # and times its height, from which it is, however certain
_SURE = 0.8  # certainty that each piece of another cutting has
_GAIN = 0.5  # by which another cutting must be cheaper
_CUTS = 8  # candidates, where a part is as wide as it is high
_STEP, _ROOM = 0.1, 0.25  # times a part's height: from one candidate to the next, and their room
_CUT, _INK = 0.8, 0.3  # costs of a cut: by itself, and each width of a pen that it goes through
MOST = 60  # parts of a page that are looked at again: more are no writing, or another script

Path = NDArray[np.intp]


def recut(
    part: Part, pieces: Judged, height: float, pen: float, crop: Callable[[Part], Crops],
    judge: Judge,
) -> Judged:  # fmt: skip
    """Return the pieces of a part, or those of another cutting that the judge is surer of.

    Args:
        part: ink that hangs together.
        pieces: how it was cut by its shape alone.
        height: of a typical digit, in pixels.
        pen: width of a stroke, in pixels.
        crop: makes uint8 [28, 28] of a part.
        judge: names it.
    """
    cuts = candidates(part, pen)
    if not cuts:
        return pieces
    ends = [np.zeros(part.height, np.intp), *cuts, np.full(part.height, part.width)]
    spans = {
        (i, j): piece
        for i, j in combinations(range(len(ends)), 2)
        if (piece := between(part, ends[i], ends[j])) and piece.height > LEAST * height
        and piece.width < 1.6 * piece.height
    }  # fmt: skip
    if not spans:
        return pieces
    asked = judged(list(spans.values()), crop, judge)
    prices = [0.0, *(_price(part, cut, pen) for cut in cuts), 0.0]
    found = _cheapest(list(spans), asked.costs().tolist(), prices)
    known = pieces.costs().sum() + _CUT * (len(pieces.parts) - 1)
    if found is None or found[0] >= known - _GAIN:
        return pieces
    best = Judged(
        [asked.parts[k] for k in found[1]], asked.crops[found[1]], asked.answers[found[1]]
    )
    return best if best.certainty.min() > _SURE else pieces


def doubtful(pieces: Judged) -> bool:
    """Return whether a part that was cut so should be looked at again."""
    wide = any(piece.width > _WIDE * piece.height for piece in pieces.parts)
    return wide or len(pieces.parts) > 1 or bool(pieces.certainty.min() < _DOUBTFUL)


def candidates(part: Part, pen: float) -> list[Path]:
    """Return ways to cut a part from top to bottom, from left to right: a column a row each.

    They go through little ink, once or twice, and lie apart.
    """
    step = max(2, round(_STEP * part.height))
    room = round(_ROOM * part.height)
    found: list[tuple[float, Path]] = []
    for column in range(2 * step, part.width - step, step):
        low = max(0, column - room)
        path = low + least_path(part.mask[:, low : column + room + 1], pen)
        ink, crossings = _crossed(part, path)
        if ink <= 3.5 * pen and crossings <= 2:
            found.append((ink + crossings * pen, path))
    kept: list[Path] = []
    for _, path in sorted(found, key=lambda cut: cut[0]):
        if all(abs(float((path - other).mean())) > 0.5 * step for other in kept):
            kept.append(path)
    most = round(_CUTS * part.width / part.height)
    return sorted(kept[: max(2, most)], key=lambda path: float(path.mean()))


def between(part: Part, left: Path, right: Path) -> Part | None:
    """Return the ink of a part from one cut to the next, None where there is none."""
    columns = np.arange(part.width)
    return main_part(part, part.mask & (columns >= left[:, None]) & (columns < right[:, None]))


def _crossed(part: Part, path: Path) -> tuple[int, int]:
    """Return how many pixels of ink a cut goes through, and in how many strokes."""
    crossed = part.mask[np.arange(part.height), path]
    return int(crossed.sum()), int(crossed[0]) + int((crossed[1:] & ~crossed[:-1]).sum())


def _price(part: Part, path: Path, pen: float) -> float:
    return _CUT + _INK * _crossed(part, path)[0] / pen


def _cheapest(
    spans: list[tuple[int, int]], costs: list[float], prices: list[float]
) -> tuple[float, list[int]] | None:
    """Return the cost of the cheapest way from the first node to the last, and its spans."""
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for k in sorted(range(len(spans)), key=lambda k: spans[k]):
        start, end = spans[k]
        if start in best:
            cost = best[start][0] + costs[k] + prices[end]
            if end not in best or cost < best[end][0]:
                best[end] = (cost, [*best[start][1], k])
    return best.get(len(prices) - 1)
