"""Level the light of a picture, so that ink of any strength looks alike to the detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tenfold.handwriting.binarization import noise_level

Levels = NDArray[np.float32]
LOWEST, HIGHEST = -1.0, 2.0
"""Limits of levelled ink."""

_BLOCK, _BLOCKS = 8, 5  # the paper is the median of blocks of pixels around each place
_STRONGEST = 99.7  # percentile that counts as full ink
_SHARE = 0.4  # least contrast of full ink, by that of the reduction with the strongest ink
_ABOVE_NOISE = 5.0  # least contrast of full ink, in standard deviations of the noise
_FAINTEST = 0.03  # contrast that is still amplified to full ink


def level(gray: Levels) -> Levels:
    """Subtract the paper and scale the strongest ink to 1.

    Args:
        gray: brightness from 0 to 1, dark ink on light paper: float32 ``[height, width]``.

    Returns:
        float32 ``[height, width]`` from -1 to 2: about 0 on paper, 1 in ink.
    """
    return level_together([gray])[0]


def level_together(pyramid: Sequence[Levels]) -> list[Levels]:
    """Level several reductions of one picture.

    Where one reduction shows no ink, because strokes are wider than its windows, its grain is not
    amplified to ink.

    Args:
        pyramid: each as for ``level``.
    """
    inks = [_paper(gray) - gray for gray in pyramid]
    strongest = np.array([np.percentile(ink, _STRONGEST) for ink in inks])
    noise = np.array([noise_level(ink) for ink in inks])
    least = np.maximum(_ABOVE_NOISE * noise, max(_SHARE * strongest.max(), _FAINTEST))
    full = np.maximum(strongest, least)
    return [
        np.clip(ink / float(most), LOWEST, HIGHEST).astype(np.float32)
        for ink, most in zip(inks, full, strict=True)
    ]


def _paper(gray: Levels) -> Levels:
    """Return the brightness of the paper around each pixel, a median of 40x40 pixels."""
    height, width = gray.shape
    blocks = (max(1, -(-width // _BLOCK)), max(1, -(-height // _BLOCK)))
    coarse = np.asarray(Image.fromarray(gray).resize(blocks, Image.Resampling.BOX))
    median = ndimage.median_filter(coarse, _BLOCKS, mode="nearest")
    smooth = Image.fromarray(median).resize((width, height), Image.Resampling.BILINEAR)
    paper: Levels = np.asarray(smooth)
    return paper
