"""A picture that is a close crop of one digit: its middle part and the whole of it, both judged.

Such crops, cut by hand or by a program out of a page, hold pieces of the neighbours. Where they
touch the digit no cut is sure to part them; but a network that has learnt digits among pieces of
others reads them as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.edges import at_edge, nearest_middle
from tenfold.handwriting.judging import Crops, Judge, Judged
from tenfold.handwriting.shape import SIDE

Mask = NDArray[np.bool_]
_SURE = 0.6  # certainty from which one part that is whole needs no second look,
_SURE_AT_EDGE = 0.99  # and one that the edge of the picture may have cut off,
_SURE_OF_SEVERAL = 0.4  # and each of several: they are no pieces of neighbours, being whole
_NARROW = 0.8  # share of the width that the narrower view has
_PART = 0.5  # weight of the middle part, beside 1 for the mean of the views
_REFUSED = 0.8  # probability of no digit from which it is the answer


def settled(pieces: Judged, size: tuple[int, int]) -> bool:
    """Return whether parts are surely the digits of a close crop.

    Args:
        pieces: parts, judged.
        size: (width, height) of the picture.
    """
    cut_off = [at_edge(part, size) for part in pieces.parts]
    if len(pieces.parts) == 1 and cut_off[0]:
        return bool(pieces.certainty[0] >= _SURE_AT_EDGE)
    least = _SURE if len(cut_off) == 1 else _SURE_OF_SEVERAL
    return not any(cut_off) and bool(pieces.certainty.min() >= least)


def as_one_digit(pieces: Judged, ink: Mask, core: Mask, judge: Judge) -> Judged:
    """Return what a close crop holds as one part, by its middle part and the whole of it.

    The answer is their weighted mean. Its crop is that of the middle part.

    Args:
        pieces: parts, judged.
        ink: where there is ink [height, width].
        core: where the core of the ink is [height, width].
        judge: names crops.
    """
    size = (ink.shape[1], ink.shape[0])
    middle = pieces.parts.index(nearest_middle(pieces.parts, size))
    views = judge(_views(ink, ink & core)).mean(axis=0)
    answer = (views + _PART * pieces.answers[middle]) / (1 + _PART)
    if answer[-1] < _REFUSED:
        answer = np.append(answer[:-1], np.float32(0))
    return Judged([pieces.parts[middle]], pieces.crops[[middle]], answer[None])


def _views(ink: Mask, sharp: Mask) -> Crops:
    """Return the whole picture three times: uint8 [3, 28, 28], stretched to fill it."""
    aside = round(sharp.shape[1] * (1 - _NARROW) / 2)
    return np.stack([_resized(mask) for mask in (ink, sharp, sharp[:, aside : -aside or None])])


def _resized(mask: Mask) -> Crops:
    from PIL import Image as pillow

    levels = pillow.fromarray(mask * np.uint8(255))
    return np.asarray(levels.resize((SIDE, SIDE), pillow.Resampling.BOX))
