"""Where the ink is: polarity, uneven light, threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Pixels = NDArray[np.uint8]
Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_COARSE = 128  # pixels of the short side, enough to tell ink from ground
_GROUND_SIDE = 700  # pixels of the long side at which the ground is sought
_FAINTEST = 0.06  # share of the ground's light that the faintest ink takes away
_NOISES = 5  # standard deviations of the ground's noise that ink exceeds
_BLUR = 0.3  # share of the contrast of ink nearby under which a pixel is that ink's blur
_EQUAL = 1e-3  # contrast under which no level of a byte differs from another
_HALF = 0.5  # share of the ink's contrast from which a pixel belongs to its core


def light_on_dark(pixels: Pixels) -> bool:
    """Return whether the ink is lighter than what it is on.

    Ink is the minority, in strokes: where levels stand out from the median of their surroundings,
    they are skewed towards it. Narrow surroundings leave shadows out, wide ones hold broad strokes;
    the skewness in all of them is added up.

    Args:
        pixels: [height, width, 3].
    """
    from skimage.filters.rank import median

    small = _by_area(pixels, max(1, round(min(pixels.shape[:2]) / _COARSE))).mean(axis=2)
    levels = small.round().astype(np.uint8)
    skewness = 0.0
    for share in (4, 2, 1):
        side = min(small.shape) // share // 2 * 2 + 1
        away = small - median(levels, np.ones((side, side), np.uint8))
        if away.any():
            skewness += float((away**3).mean() / (away**2).mean() ** 1.5)
    return skewness > 0


def contrast(pixels: Pixels, light: bool, widest: int) -> Levels:
    """Return how much of the ground's light the ink takes away: up to 1 [height, width].

    The ground is a morphological closing: what is darker than its surroundings and narrower than
    `widest` is filled, and shadows, which are wider, stay in the ground. Colours weigh as much as
    the ink differs from the ground in them, so that coloured pens keep their contrast. Ground and
    weights are worked out on a reduced picture.

    Args:
        pixels: [height, width, 3].
        light: whether the ink is lighter than the ground.
        widest: pixels; more than the widest stroke.
    """
    dark = 255 - pixels if light else pixels
    step = max(1, round(max(dark.shape) / _GROUND_SIDE))
    small = _by_area(dark, step)
    ground = _ground(small, max(3, widest // step))
    strongest = np.quantile(_taken(small, ground).reshape(-1, 3), 0.998, axis=0)
    weights = (np.maximum(strongest, 0.01) ** 2).astype(np.float32)
    weights /= weights.sum()
    taken = _taken(dark @ weights, _enlarged(ground @ weights, dark.shape[:2], step))
    centred: Levels = taken - np.median(taken[::4, ::4])
    return centred


def _taken(dark: Levels, ground: Levels) -> Levels:
    shares: Levels = 1 - (dark + 8) / (ground + 8)  # 8: what is all but black has no contrast left
    return shares


def _ground(dark: Levels, size: int) -> Levels:
    smooth = ndimage.gaussian_filter(dark, (0.7, 0.7, 0))
    closed: Levels = ndimage.grey_closing(smooth, size=(size, size, 1), mode="nearest")
    return closed


def _by_area(levels: NDArray[Any], step: int) -> Levels:
    """Return means over squares of `step` pixels; those at the edge may hold fewer.

    Args:
        levels: float32 [height, width], or uint8 [height, width, 3].
        step: pixels.
    """
    from PIL import Image as pillow

    reduced = pillow.fromarray(levels).reduce(step) if step > 1 else levels
    return np.asarray(reduced, np.float32)


def _enlarged(plane: Levels, shape: tuple[int, int], step: int) -> Levels:
    from PIL import Image as pillow

    if step == 1:
        return plane
    size = (plane.shape[1] * step, plane.shape[0] * step)
    image = pillow.fromarray(plane).resize(size, pillow.Resampling.BILINEAR)
    levels: Levels = np.asarray(image)[: shape[0], : shape[1]]
    return levels


def threshold(taken: Levels, reach: int) -> tuple[Mask, Mask, Levels]:
    """Return where ink is, the core of it that MNIST would have kept, and all that stands out.

    Among pixels that stand out from the noise, Otsu's threshold (1979) tells ink from its blurred
    edges. A pixel is ink where it is no mere blur of the ink nearby, and hangs together with some
    that has half the contrast of ink in general. In the core it has half that of the ink nearby.

    Args:
        taken: contrast [height, width] as from `contrast`, noise around 0.
        reach: pixels around that count as near; about the width of the pen.
    """
    from skimage.filters import apply_hysteresis_threshold, threshold_otsu

    sample = taken[::2, ::2]
    floor = max(_FAINTEST, _NOISES * _noise(sample))
    seen = np.where(taken > floor, taken, np.float32(0))
    standing_out = sample[sample > floor]
    if standing_out.size < 2 or np.ptp(standing_out) < _EQUAL:
        return seen > 0, seen > 0, seen
    usual = float(standing_out[standing_out >= threshold_otsu(standing_out)].mean())
    step = max(1, reach // 4)
    strongest = ndimage.maximum_filter(_by_area(taken, step), size=2 * (reach // step) + 1)
    near = _enlarged(strongest, taken.shape, step)
    mask = apply_hysteresis_threshold(taken, max(floor, _HALF / 2 * usual), _HALF * usual)
    return mask & (taken > _BLUR * near), taken > _HALF * near, seen


def _noise(taken: Levels) -> float:
    """Return the ground's standard deviation, from differences between pixels 3 apart.

    20 % of them are within 0.253 standard deviations, should up to two thirds be edges of ink.
    """
    apart = np.abs(taken[3:] - taken[:-3]) if len(taken) > 3 else taken
    return float(np.quantile(apart, 0.2) / (0.253 * np.sqrt(2)))
