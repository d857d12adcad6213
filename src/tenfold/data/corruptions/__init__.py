"""Corruptions of grey images, to measure how robust a network is: fifteen kinds.

They are those of MNIST-C by their definitions in the paper, in code and strengths of our own, so
that figures are comparable among themselves but not with those on the published files. Strengths
are for images of 28x28 pixels; other sizes have them in proportion.

- ``noise``: shot and impulse noise, glass and motion blur
- ``moves``: shear, scale, rotation, translation
- ``overlays``: brightness, stripe, fog, spatter, dotted line, zigzag, edges

Source:
    Mu and Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data.corruptions import moves, noise, overlays

__all__ = ["CORRUPTIONS", "corrupt"]

Floats = npt.NDArray[np.float32]
Corruption = Callable[[Floats, np.random.Generator], Floats]

CORRUPTIONS: Mapping[str, Corruption] = {
    "shot noise": noise.shot_noise,
    "impulse noise": noise.impulse_noise,
    "glass blur": noise.glass_blur,
    "motion blur": noise.motion_blur,
    "shear": moves.shear,
    "scale": moves.scale,
    "rotate": moves.rotate,
    "brightness": overlays.brightness,
    "translate": moves.translate,
    "stripe": overlays.stripe,
    "fog": overlays.fog,
    "spatter": overlays.spatter,
    "dotted line": overlays.dotted_line,
    "zigzag": overlays.zigzag,
    "canny edges": overlays.canny_edges,
}
"""Each takes float32 images ``[n, height, width]`` in [0, 1] and a generator."""

_PART = 2_500
"""Images that are corrupted at once, which bounds the memory."""


def corrupt(images: npt.NDArray[np.uint8], kind: str, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Corrupt images; the same arguments give the same images.

    Args:
        images: uint8 ``[n, height, width]`` of light ink on black, or ``[n, height, width, 3]``,
            whose channels are corrupted alike.
        kind: a name in ``CORRUPTIONS``.
        seed: of the random numbers.

    Returns:
        uint8 of the same shape.

    Raises:
        InputError: the kind is unknown, or the images have another shape or type.

    Example:
        >>> import tenfold
        >>> images = tenfold.load("mnist").test.images[:3]
        >>> corrupt(images, "fog").shape
        (3, 28, 28)
    """
    if kind not in CORRUPTIONS:
        near = difflib.get_close_matches(kind, CORRUPTIONS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(f"corruption: {kind!r} is unknown; {hint}{', '.join(CORRUPTIONS)}")
    if images.dtype != np.uint8 or not (images.ndim == 3 or images.shape[3:] == (3,)):
        raise InputError(
            f"corruption: images are {images.dtype} {list(images.shape)}; give uint8 "
            "[n, height, width] or [n, height, width, 3]"
        )
    if images.ndim == 4:
        return np.stack([corrupt(images[..., i], kind, seed) for i in range(3)], axis=-1)
    result = np.empty(images.shape, np.uint8)
    for number, start in enumerate(range(0, len(images), _PART)):
        part = slice(start, start + _PART)
        generator = np.random.default_rng([seed, list(CORRUPTIONS).index(kind), number])
        unit: Floats = np.divide(images[part], 255, dtype=np.float32)
        changed = CORRUPTIONS[kind](unit, generator)
        result[part] = np.rint(255 * np.clip(changed, 0, 1))
    return result
