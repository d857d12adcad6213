"""Brings images to the shape of a network's input: reshaped, padded, resized, grey to colour."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError

PADDING = 8
"""Rows or columns that are added by repeating the edge; larger inputs are resized to."""

STRETCH = 0.05
"""The largest relative change of the ratio of width and height by resizing."""

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Geometry:
    """How images are brought to the shape of a network's input.

    Attributes:
        image_shape: of an image, ``(height, width)`` or ``(height, width, channels)``.
        shape: of the network's input, without the batch axis.
        rows: float32 ``[new height, height]``, from old rows to new ones; None if they stay.
        columns: float32 ``[new width, width]``, likewise.
        repeats: how often a grey channel is repeated.
        note: what is done, in words; empty if images are only reshaped.
    """

    image_shape: tuple[int, ...]
    shape: tuple[int, ...]
    rows: Matrix | None = None
    columns: Matrix | None = None
    repeats: int = 1
    note: str = ""

    def __call__(self, images: jax.Array) -> jax.Array:
        """Float images ``[n, ...]`` as inputs ``[n, *shape]``."""
        n = images.shape[0]
        if self.rows is not None and self.columns is not None:
            images = images.reshape(n, *self.image_shape[:2], -1)
            images = jnp.einsum(
                "Hh,nhwc,Ww->nHWc", self.rows, images, self.columns, precision="highest"
            )
        if self.repeats > 1:
            images = jnp.repeat(images.reshape(n, *self.shape[:2], 1), self.repeats, axis=-1)
        return images.reshape(n, *self.shape)


def find_geometry(image_shape: tuple[int, ...], shape: tuple[int, ...]) -> Geometry:
    """Find how images are brought to the shape of a network's input.

    Images that are at most 8 rows and columns smaller get a border that repeats their edge, as
    LeNet pads 28x28 to 32x32; others are resized with linear interpolation.

    Raises:
        InputError: the input is no image of the same or of three channels, or of other proportions.

    Example:
        >>> find_geometry((28, 28), (32, 32, 3)).note
        'images: 28x28 padded to 32x32, grey repeated to 3 channels'
    """
    if _same_elements(image_shape, shape):
        return Geometry(image_shape, shape)
    channels = image_shape[2] if len(image_shape) == 3 else 1
    wanted = shape[2] if len(shape) == 3 else 1
    images = {2, 3} >= {len(image_shape), len(shape)} and wanted in (channels, 3)
    old, new = image_shape[:2], shape[:2]
    padded = images and all(0 <= b - a <= PADDING for a, b in zip(old, new, strict=True))
    stretched = images and not padded and abs(old[0] * new[1] / (old[1] * new[0]) - 1) > STRETCH
    if not images or stretched:
        raise InputError(
            f"the model takes inputs of {shape_text(shape)}, the images are "
            f"{shape_text(image_shape)}; begin it with keras.Input({image_shape}), or with "
            f"keras.Input({(prod(image_shape),)})"
        )
    make = _padding if padded else _interpolation
    rows, columns = (make(a, b) for a, b in zip(old, new, strict=True))
    notes = []
    if old != new:
        how = "padded" if padded else "resized"
        notes.append(f"{shape_text(old)} {how} to {shape_text(new)}")
    repeats = wanted // channels
    if repeats > 1:
        notes.append(f"grey repeated to {repeats} channels")
    same = old == new
    return Geometry(
        image_shape,
        shape,
        None if same else rows,
        None if same else columns,
        repeats,
        f"images: {', '.join(notes)}",
    )


def _same_elements(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a reshape keeps the order of axes: flattened, or with axes of 1 more or less."""
    sizes = [[size for size in shape if size != 1] for shape in (one, other)]
    return sizes[0] == sizes[1] or (prod(one) == prod(other) and min(map(len, sizes)) == 1)


def shape_text(shape: tuple[int | None, ...]) -> str:
    """A shape as text.

    Example:
        >>> shape_text((28, 28)), shape_text(())
        ('28x28', 'a single number')
    """
    return "x".join(str(size) for size in shape) or "a single number"


def _padding(old: int, new: int) -> Matrix:
    """The matrix that repeats the first and the last element."""
    indices = np.clip(np.arange(new) - (new - old) // 2, 0, old - 1)
    return np.eye(old, dtype=np.float32)[indices]


def _interpolation(old: int, new: int) -> Matrix:
    """The matrix of linear interpolation, with a wider kernel where images shrink."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distances = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1.0)
    weights = np.maximum(0.0, 1 - distances)
    matrix: Matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix
