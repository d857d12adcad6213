"""Binarization: polarity, contrast against an uneven background, and threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tenfold.handwriting.strokes import stroke_width

Pixels = NDArray[np.uint8]
Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]

_POLARITY_SIDE = 128  # pixels of the short side at which the polarity is estimated
_BACKGROUND_SIDE = 700  # pixels of the long side at which background and stroke are estimated
_MIN_CONTRAST = 0.06  # relative to the background, of the faintest ink
_NOISE_LEVELS = 5  # standard deviations of the background noise that ink exceeds
_BLUR = 0.3  # of the strongest contrast nearby; pixels below it are blur of that ink
_EQUAL = 1e-3  # contrast range below the resolution of 8-bit levels
_CORE = 0.5  # of the ink's contrast; pixels above it belong to the stroke itself


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of a picture; all arrays are ``[height, width]``.

    Attributes:
        mask: bool, pixels of ink.
        core: bool, pixels of strokes without their blurred edges.
        contrast: float32, contrast of everything above the noise, else 0.
        light_on_dark: whether the ink is lighter than the background.
    """

    mask: Mask
    core: Mask
    contrast: Levels
    light_on_dark: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.mask.shape[1], self.mask.shape[0]


def binarize(pixels: Pixels, light_on_dark: bool) -> Ink:
    """Separate ink from background.

    The background is estimated twice: first coarsely over a third of the picture, which gives the
    stroke width; then over a few stroke widths, which excludes shadows.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        light_on_dark: whether the ink is lighter than the background.
    """
    short = min(pixels.shape[:2])
    step = max(1, max(pixels.shape) // _BACKGROUND_SIDE)
    coarse = ink_contrast(pixels[::step, ::step], light_on_dark, max(3, short // 2 // step))
    pen = stroke_width(threshold(coarse, max(2, short // 20 // step))[0]) * step
    max_stroke = round(min(max(8 * pen, short / 8), short / 2))
    contrast = ink_contrast(pixels, light_on_dark, max_stroke)
    return Ink(*threshold(contrast, max(2, round(pen))), light_on_dark)


def is_light_on_dark(pixels: Pixels) -> bool:
    """Estimate the polarity: whether the ink is lighter than the background.

    Ink is the minority of the pixels, so the differences from a local median are skewed towards
    it. Small windows exclude shadows and large ones contain broad strokes; the sum of the
    skewnesses over three window sizes decides.

    Args:
        pixels: uint8 ``[height, width, 3]``.
    """
    from skimage.filters.rank import median

    step = max(1, round(min(pixels.shape[:2]) / _POLARITY_SIDE))
    small = _reduce(pixels, step).mean(axis=2)
    levels = small.round().astype(np.uint8)
    skewness = 0.0
    for divisor in (4, 2, 1):
        side = min(small.shape) // divisor // 2 * 2 + 1
        difference = small - median(levels, np.ones((side, side), np.uint8))
        if difference.any():
            skewness += float((difference**3).mean() / (difference**2).mean() ** 1.5)
    return skewness > 0


def ink_contrast(pixels: Pixels, light_on_dark: bool, max_stroke: int) -> Levels:
    """Return the contrast of the ink relative to its background, float32 ``[height, width]``.

    1 is full contrast; noise is around 0. A morphological closing estimates the background: it
    fills what is darker and narrower than ``max_stroke``; shadows are wider and remain. Colour
    channels are weighted by their contrast, so that coloured pens remain visible. Background and
    weights are computed on a reduced picture.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        light_on_dark: whether the ink is lighter than the background.
        max_stroke: pixels; more than the widest stroke.
    """
    dark = 255 - pixels if light_on_dark else pixels
    step = max(1, round(max(dark.shape) / _BACKGROUND_SIDE))
    small = _reduce(dark, step)
    background = _background(small, max(3, max_stroke // step))
    strongest = np.quantile(_contrast(small, background).reshape(-1, 3), 0.998, axis=0)
    weights = (np.maximum(strongest, 0.01) ** 2).astype(np.float32)
    weights /= weights.sum()
    enlarged = _enlarge(background @ weights, dark.shape[:2], step)
    contrast = _contrast(dark @ weights, enlarged)
    centred: Levels = contrast - np.median(contrast[::4, ::4])
    return centred


def _contrast(levels: Levels, background: Levels) -> Levels:
    # The offset of 8 suppresses noise on a background that is almost black.
    contrast: Levels = 1 - (levels + 8) / (background + 8)
    return contrast


def _background(levels: Levels, size: int) -> Levels:
    smooth = ndimage.gaussian_filter(levels, (0.7, 0.7, 0))
    closed: Levels = ndimage.grey_closing(smooth, size=(size, size, 1), mode="nearest")
    return closed


def _reduce(levels: NDArray[Any], step: int) -> Levels:
    """Return means over squares of ``step`` pixels; squares at the border may be smaller.

    Args:
        levels: float32 ``[height, width]``, or uint8 ``[height, width, 3]``.
        step: pixels.
    """
    from PIL import Image as pillow

    reduced = pillow.fromarray(levels).reduce(step) if step > 1 else levels
    return np.asarray(reduced, np.float32)


def _enlarge(plane: Levels, shape: tuple[int, int], step: int) -> Levels:
    from PIL import Image as pillow

    if step == 1:
        return plane
    size = (plane.shape[1] * step, plane.shape[0] * step)
    image = pillow.fromarray(plane).resize(size, pillow.Resampling.BILINEAR)
    levels: Levels = np.asarray(image)[: shape[0], : shape[1]]
    return levels


def threshold(contrast: Levels, reach: int) -> tuple[Mask, Mask, Levels]:
    """Threshold the contrast with hysteresis, relative to the ink nearby.

    Otsu's threshold over the pixels above the noise gives the usual contrast of ink. A pixel is
    ink if it is connected to pixels with half of that, and is not the blur of stronger ink nearby.

    Args:
        contrast: float32 ``[height, width]``, as from ``ink_contrast``.
        reach: pixels; the neighbourhood, about the stroke width.

    Returns:
        The mask of the ink, the mask of its core (above half the contrast nearby), and the
        contrast of everything above the noise, else 0. All ``[height, width]``.

    Source: Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    from skimage.filters import apply_hysteresis_threshold, threshold_otsu

    sample = contrast[::2, ::2]
    floor = max(_MIN_CONTRAST, _NOISE_LEVELS * noise_level(sample))
    above_noise = np.where(contrast > floor, contrast, np.float32(0))
    values = sample[sample > floor]
    if values.size < 2 or np.ptp(values) < _EQUAL:
        return above_noise > 0, above_noise > 0, above_noise
    usual = float(values[values >= threshold_otsu(values)].mean())
    step = max(1, reach // 4)
    strongest = ndimage.maximum_filter(_reduce(contrast, step), size=2 * (reach // step) + 1)
    nearby = _enlarge(strongest, contrast.shape, step)
    mask = apply_hysteresis_threshold(contrast, max(floor, _CORE / 2 * usual), _CORE * usual)
    return mask & (contrast > _BLUR * nearby), contrast > _CORE * nearby, above_noise


def noise_level(contrast: Levels) -> float:
    """Return the standard deviation of the background, from differences 3 pixels apart.

    20 % of normal differences are within 0.253 standard deviations; this quantile is robust
    even if two thirds of the differences are at edges of ink.
    """
    differences = np.abs(contrast[3:] - contrast[:-3]) if len(contrast) > 3 else contrast
    return float(np.quantile(differences, 0.2) / (0.253 * np.sqrt(2)))
