"""Synthetic non-digits: images that show no digit, of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SHAPE, IMAGE_SIDE
from tenfold.data.synthetic import areas, letters, strokes
from tenfold.data.synthetic.placement import SCALE, Images, place

REJECT_CLASS = "no digit"
"""Class name of images that show no digit."""

_GENERATORS: dict[str, Callable[[Generator], Images]] = {
    "scribbles": strokes.scribble,
    "marks": strokes.mark,
    "letters": letters.letter,
    "blobs": areas.blob,
    "textures": areas.texture,
    "empty": areas.empty,
}

KINDS = (*_GENERATORS, "pairs")
"""Kinds of non-digits.

Scribbles, marks and letters are strokes; blobs and textures fill areas; empty frames have at most
shade and noise; pairs are two digits side by side.
"""


def draw_non_digits(
    n: int, seed: int, digits: Images | None = None, kinds: Sequence[str] | None = None
) -> Images:
    """Draw images that show no digit: light ink on black, most of them centred as in MNIST.

    Every kind has the same share, in random order. The same arguments give the same images.

    Args:
        n: number of images.
        seed: of all random numbers.
        digits: uint8 ``[m, 28, 28]``, from which pairs are made; None draws no pairs.
        kinds: some of ``KINDS``; None for all.

    Returns:
        uint8 ``[n, 28, 28]``.

    Raises:
        InputError: ``n`` or ``seed`` is negative, a kind is unknown, pairs are requested without
            digits, or the digits have another shape or type.

    Example:
        >>> images = draw_non_digits(12, seed=0)
        >>> images.shape, str(images.dtype), bool((images == draw_non_digits(12, seed=0)).all())
        ((12, 28, 28), 'uint8', True)
    """
    for name, value in (("n", n), ("seed", seed)):
        if value < 0:
            raise InputError(f"{name}: {value}; give a whole number from 0")
    names = _validated_kinds(kinds, digits)
    generator = np.random.default_rng(seed)
    order = generator.permutation(np.arange(n) % len(names))
    images = np.zeros((n, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    for i, kind in enumerate(order):
        if names[kind] == "pairs" and digits is not None:
            images[i] = _pair(generator, digits)
        else:
            images[i] = _GENERATORS[names[kind]](generator)
    return images


def _validated_kinds(kinds: Sequence[str] | None, digits: Images | None) -> Sequence[str]:
    if digits is not None and (
        digits.dtype != np.uint8 or digits.shape[1:] != IMAGE_SHAPE or not len(digits)
    ):
        raise InputError(
            f"digits: {digits.dtype} {list(digits.shape)}; give uint8 [m, 28, 28], m from 1"
        )
    if kinds is None:
        return tuple(_GENERATORS) if digits is None else KINDS
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise InputError(f"kinds: {unknown or 'none'}; give some of {', '.join(KINDS)}")
    if "pairs" in kinds and digits is None:
        raise InputError("kinds: pairs are made of digits; give digits as well")
    return kinds


def _pair(generator: Generator, digits: Images) -> Images:
    """Draw two digits side by side, with a gap of 0 to 4 pixels and a vertical offset."""
    crops: list[NDArray[np.uint8]] = []
    for image in digits[generator.integers(0, len(digits), 2)]:
        columns = np.flatnonzero(image.any(axis=0))
        crop = image[:, columns[0] : columns[-1] + 1] if len(columns) else image
        crops.append(np.roll(crop, int(generator.integers(-3, 4)), axis=0))
    gap = np.zeros((IMAGE_SIDE, int(generator.integers(0, 5))), np.uint8)
    pair = Image.fromarray(np.concatenate([crops[0], gap, crops[1]], axis=1))
    size = (pair.width * SCALE, pair.height * SCALE)
    return place(generator, pair.resize(size, Image.Resampling.BICUBIC))
