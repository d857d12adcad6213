"""A picture that is a close crop of one digit: its middle part and the whole of it, both judged.

A crop without any margin, which one digit fills from edge to edge, is all that it shows; whether
its ink is dark or light is left to the network, since there may be more ink than ground, and it may
have been stretched, so that narrower views of it are judged as well. Other close crops, cut by hand
or by a program out of a page, hold pieces of the neighbours. Where they touch the digit no cut is
sure to part them; but a network that has learnt digits among pieces of others reads them as they
are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.handwriting.components import Part
from tenfold.handwriting.digit_scores import Crops, Judge, Judged
from tenfold.handwriting.edges import at_edge, nearest_middle

Mask = NDArray[np.bool_]
_SURE = 0.6  # certainty from which one part that is whole needs no second look,
_SURE_AT_EDGE = 0.99  # and one that the edge of the picture may have cut off,
_SURE_OF_SEVERAL = 0.4  # and each of several: they are no pieces of neighbours, being whole
_NARROW = 0.8  # share of the width that the narrower view has
_PART = 0.5  # weight of the middle part, beside 1 for the mean of the views
_REFUSED = 0.8  # probability of no digit from which it is the answer
_FILLING = 224  # pixels of the long side at which it is seen what fills a picture
_WIDTHS = (1.0, 0.8, 0.65)  # shares of its width in which a digit that does is judged
_SURE_OF_FILLING = 0.5  # certainty from which it is the answer, if that of the parts is lower


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
    answer = _refused_or_digit(answer)
    return Judged([pieces.parts[middle]], pieces.crops[[middle]], answer[None])


def filling(
    pixels: Crops, crop: Callable[[Mask], Crops], judge: Judge
) -> tuple[Judged, bool] | None:
    """Return the one digit that fills a picture from edge to edge, and whether its ink is light.

    Its ink, dark or light by Otsu's threshold (1979), hangs together from each edge to all others,
    and there is ground at each. Where both may be ink, the judge tells.

    Args:
        pixels: [height, width, 3].
        crop: makes uint8 [28, 28] of a mask of ink.
        judge: names crops.
    """
    from skimage.filters import threshold_otsu

    step = max(1, max(pixels.shape[:2]) // _FILLING)
    grey = pixels[::step, ::step].mean(axis=2)
    if np.ptp(grey) == 0:
        return None
    lighter = grey > threshold_otsu(grey)
    found = []
    for light, ink in ((False, ~lighter), (True, lighter)):
        if _fills(ink):
            crops = np.stack([crop(_narrowed(ink, share)) for share in _WIDTHS])
            answer = _refused_or_digit(judge(crops).mean(axis=0))
            part = Part(ink.repeat(step, 0).repeat(step, 1), 0, 0)
            found.append((Judged([part], crops[:1], answer[None]), light))
    best = max(found, key=lambda each: float(each[0].certainty[0]), default=None)
    return best if best and best[0].certainty[0] >= _SURE_OF_FILLING else None


def _fills(ink: Mask) -> bool:
    """Return whether some ink hangs together from each edge to all others, with ground at each."""
    labels, _ = ndimage.label(ink, np.ones((3, 3), bool))
    sides = [set(side.tolist()) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])]
    common = set.intersection(*sides)
    return 0 in common and len(common) > 1


def _narrowed(mask: Mask, share: float) -> Mask:
    from PIL import Image as pillow

    levels = pillow.fromarray(mask * np.uint8(255))
    size = (max(1, round(mask.shape[1] * share)), mask.shape[0])
    return np.asarray(levels.resize(size, pillow.Resampling.BOX)) > 127


def _refused_or_digit(answer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an answer [classes + 1], no digit being left out where that is not sure."""
    return answer if answer[-1] >= _REFUSED else np.append(answer[:-1], np.float32(0))


def _views(ink: Mask, sharp: Mask) -> Crops:
    """Return the whole picture three times: uint8 [3, 28, 28], stretched to fill it."""
    aside = round(sharp.shape[1] * (1 - _NARROW) / 2)
    return np.stack([_resized(mask) for mask in (ink, sharp, sharp[:, aside : -aside or None])])


def _resized(mask: Mask) -> Crops:
    from PIL import Image as pillow

    levels = pillow.fromarray(mask * np.uint8(255))
    return np.asarray(levels.resize((SIDE, SIDE), pillow.Resampling.BOX))
