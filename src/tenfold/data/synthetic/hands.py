"""Writers: the pen, slant and evenness of a hand, and how close it sets its digits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from tenfold.data.synthetic.pen import Glyph, Ink, Pen

_OLD = 0.25  # share of hands as in old registers: slanted, narrow, uneven, with a broad nib
_UPRIGHT = 0.5  # share of hands that give all digits the same slant
_PRESSED = 0.4  # share of old hands whose strokes swell, and of those that end in a drop of ink
_TOUCHING = 0.3  # share of hands whose digits touch or overlap
_LEAST_ADVANCE = 0.3  # from centre to centre, by the height of the digits


@dataclass(frozen=True)
class Hand:
    """How one person writes.

    Attributes:
        pen: of a usual digit.
        unevenness: standard deviation of the logarithm of the heights.
        wander: standard deviation of the baseline by the height.
        gap: from the ink of a digit to that of the next by the height; negative if they overlap.
        full_stops: share of the numbers that a full stop follows.
    """

    pen: Pen
    unevenness: float
    wander: float
    gap: float
    full_stops: float = 0.1

    @classmethod
    def random(cls, generator: Generator, size: float) -> Hand:
        """Return a hand whose digits are about ``size`` pixels high."""
        old = generator.random() < _OLD
        own_stroke = not old and generator.random() < 0.3
        width = float(np.exp(generator.uniform(np.log(0.035), np.log(0.11 if old else 0.2))))
        slant = generator.uniform(0.2, 0.9) if old else generator.normal(0.1, 0.24)
        pen = Pen(
            height=size,
            width=None if own_stroke else max(width, 1.1 / size),
            stretch=float(np.exp(generator.normal(-0.15 if old else 0, 0.2))),
            slant=float(np.clip(slant, -0.4, 0.9)),
            rotation=generator.normal(0, 0.05),
            bend=0.03,
            softness=generator.uniform(0.7, 1.8),
            evened=generator.uniform(0.5, 1) if generator.random() < _UPRIGHT else 0.0,
            nib=generator.uniform(0, 0.12) if old else 0.0,
            swell=generator.uniform(0, 0.1) if old and generator.random() < _PRESSED else 0.0,
            blob=generator.uniform(0.02, 0.09) if old and generator.random() < _PRESSED else 0.0,
            waist=float(np.clip(generator.normal(0, 0.08 if old else 0.04), -0.16, 0.16)),
        )
        touching = generator.random() < _TOUCHING
        return cls(
            pen,
            unevenness=generator.uniform(0.1, 0.28) if old else 0.1,
            wander=0.12 if old else 0.06,
            gap=generator.uniform(-0.12, 0.02) if touching else generator.uniform(0, 0.45),
            full_stops=0.35 if old else 0.08,
        )

    def draw(self, generator: Generator, glyph: Glyph) -> Ink:
        """Draw a digit: float32 ``[h, w]`` from 0 to 1, cropped to its ink."""
        pen = replace(
            self.pen,
            height=max(4.0, self.pen.height * float(np.exp(generator.normal(0, self.unevenness)))),
            stretch=self.pen.stretch * float(np.exp(generator.normal(0, 0.08))),
            slant=self.pen.slant + generator.normal(0, 0.05),
            rotation=self.pen.rotation + generator.normal(0, 0.04),
            waist=self.pen.waist + generator.normal(0, 0.02),
            blob=self.pen.blob * generator.uniform(0, 1),
        )
        return glyph.render(pen, generator)

    def advance(self, generator: Generator, last: Ink, following: Ink, down: float) -> float:
        """Return how far right of the last digit's left side the following one begins.

        The gap is that between the strokes, so that the boxes of slanted digits overlap.

        Args:
            generator: of random numbers.
            last: ink of the last digit.
            following: ink of the following digit.
            down: rows by which the top of the following digit is lower.
        """
        size = self.pen.height
        gap = (self.gap + generator.normal(0, 0.05)) * size
        right, left = _last_ink(last), _last_ink(following[:, ::-1])
        rows = np.arange(len(right)) - round(down)
        common = (rows >= 0) & (rows < len(left))
        if not common.any():
            return float(last.shape[1] + gap)
        room = right[common] + left[rows[common]] - following.shape[1]
        centres = (last.shape[1] - following.shape[1]) / 2
        return float(max(room.max() + gap, centres + _LEAST_ADVANCE * size))


def _last_ink(ink: Ink) -> Ink:
    """Return the column after the last ink of each row, or the widest ink near it: ``[h]``."""
    mask = ink > 0.3
    last = np.where(mask.any(axis=1), ink.shape[1] - mask[:, ::-1].argmax(axis=1), 0)
    reach = max(1, len(last) // 12)
    padded = np.pad(last, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    widest: Ink = windows.max(axis=1).astype(np.float32)
    return widest
