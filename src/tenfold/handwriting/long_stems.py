"""Digits that reach far below their line: a long stem makes the head so small that it is lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tenfold.handwriting.components import Part
from tenfold.handwriting.cutting import main_part
from tenfold.handwriting.digit_scores import Crops, Judge, Judged, judged

_LONG = 1.4  # times a typical digit's height, from which a digit is looked at
_HEAD = 1.2  # times that height: what is left of it
_SLIM = 2.5  # widths of the pen that a stem covers in a row, slanted as it may be
_SURE = 0.8  # certainty from which the answer without the tail counts


def without_tails(
    pieces: Judged, height: float, pen: float, crop: Callable[[Part], Crops], judge: Judge
) -> Judged:
    """Return the pieces, long ones named by what is left of them without the end of their stem.

    Only a single stroke is taken off, so that the bowl of a long 6 stays. The boxes are those of
    the whole digits.

    Args:
        pieces: a digit each, judged.
        height: of a typical digit, in pixels.
        pen: width of a stroke, in pixels.
        crop: makes uint8 [28, 28] of a part.
        judge: names it.
    """
    heads = {i: head for i, part in enumerate(pieces.parts) if (head := _head(part, height, pen))}
    if not heads:
        return pieces
    seen = judged(list(heads.values()), crop, judge)
    crops, answers = pieces.crops.copy(), pieces.answers.copy()
    for i, certainty, own, answer in zip(
        heads, seen.certainty, seen.crops, seen.answers, strict=True
    ):
        if certainty >= _SURE:
            crops[i], answers[i] = own, answer
    return Judged(pieces.parts, crops, answers)


def _head(part: Part, height: float, pen: float) -> Part | None:
    """The upper part of a long digit; None where it is not long, or ends in more than a stem."""
    rows = round(_HEAD * height)
    if part.height < _LONG * height or not _is_stem(part.mask[rows:], pen):
        return None
    return main_part(part, part.mask & (np.arange(part.height) < rows)[:, None])


def _is_stem(ink: NDArray[np.bool_], pen: float) -> bool:
    """Whether ink [height, width] is one stroke that goes down."""
    entered = ink & ~np.pad(ink[:, :-1], ((0, 0), (1, 0)))
    return bool((entered.sum(axis=1) == 1).mean() > 0.9 and ink.sum() < _SLIM * pen * len(ink))
