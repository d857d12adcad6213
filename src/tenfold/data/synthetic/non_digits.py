"""Draw images of no digit, kind by kind, from one seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.data.synthetic import areas, letters, strokes
from tenfold.data.synthetic.placement import Images, placed

REJECT_CLASS = "no digit"
"""The name of the class of such images."""

_DRAWN: dict[str, Callable[[Generator], Images]] = {
    "scribbles": strokes.scribble,
    "marks": strokes.mark,
    "letters": letters.letter,
    "blobs": areas.blob,
    "textures": areas.texture,
    "empty": areas.empty,
}

KINDS = (*_DRAWN, "pairs")
"""Scribbles, marks and letters are strokes; blobs and textures fill areas; pairs are two digits."""


def draw_non_digits(
    n: int, seed: int, digits: Images | None = None, kinds: Sequence[str] | None = None
) -> Images:
    """Draw light ink on black that is no digit, scaled and centred as MNIST is, or off-centre.

    Every kind has the same share, in random order. The same arguments give the same images.

    Args:
        n: how many.
        seed: of everything random.
        digits: uint8 ``[m, 28, 28]``, to put side by side; pairs are drawn only of such.
        kinds: some of ``KINDS``; None for all that can be drawn.

    Returns:
        uint8 ``[n, 28, 28]``.

    Raises:
        InputError: ``n`` or ``seed`` is negative, a kind is unknown, there are pairs to draw and
            no digits, or the digits are of another shape or type.

    Example:
        >>> images = draw_non_digits(12, seed=0)
        >>> images.shape, str(images.dtype), bool((images == draw_non_digits(12, seed=0)).all())
        ((12, 28, 28), 'uint8', True)
    """
    for name, value in (("n", n), ("seed", seed)):
        if value < 0:
            raise InputError(f"{name}: {value}; give a whole number from 0")
    chosen = _kinds(kinds, digits)
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.arange(n) % len(chosen))
    images = np.zeros((n, 28, 28), np.uint8)
    for i, kind in enumerate(order):
        if chosen[kind] == "pairs" and digits is not None:
            images[i] = _pair(generator, digits)
        else:
            images[i] = _DRAWN[chosen[kind]](generator)
    return images


def _kinds(kinds: Sequence[str] | None, digits: Images | None) -> Sequence[str]:
    if digits is not None and (
        digits.dtype != np.uint8 or digits.shape[1:] != (28, 28) or not len(digits)
    ):
        raise InputError(
            f"digits: {digits.dtype} {list(digits.shape)}; give uint8 [m, 28, 28], m from 1"
        )
    if kinds is None:
        return tuple(_DRAWN) if digits is None else KINDS
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise InputError(f"kinds: {unknown or 'none'}; give some of {', '.join(KINDS)}")
    if "pairs" in kinds and digits is None:
        raise InputError("kinds: pairs are made of digits; give images of some")
    return kinds


def _pair(generator: Generator, digits: Images) -> Images:
    """Two digits side by side, one a little higher than the other, with a gap of 0 to 4 pixels."""
    parts: list[NDArray[np.uint8]] = []
    for image in digits[generator.integers(0, len(digits), 2)]:
        columns = np.flatnonzero(image.any(axis=0))
        part = image[:, columns[0] : columns[-1] + 1] if len(columns) else image
        parts.append(np.roll(part, int(generator.integers(-3, 4)), axis=0))
    gap = np.zeros((28, int(generator.integers(0, 5))), np.uint8)
    whole = Image.fromarray(np.concatenate([parts[0], gap, parts[1]], axis=1))
    large = whole.resize((whole.width * 4, whole.height * 4), Image.Resampling.BICUBIC)
    return placed(generator, large)
