"""The shape of an image: height and width of a grey one, with 3 channels of a coloured one."""

from __future__ import annotations

from collections.abc import Sequence

from tenfold.core import limits

ImageShape = tuple[int, ...]
"""``(height, width)`` of grey images, ``(height, width, 3)`` of coloured ones; in pixels."""

CHANNELS = 3
"""Of a coloured image: red, green, blue."""


def is_colour(shape: Sequence[int]) -> bool:
    """Return whether images of this shape have colours.

    Example:
        >>> is_colour((32, 32, 3)), is_colour((28, 28))
        (True, False)
    """
    return len(shape) == 3


def is_image_shape(shape: Sequence[int]) -> bool:
    """Return whether images of this shape can be trained on: sides of 8 to 128 pixels.

    Example:
        >>> is_image_shape((8, 128)), is_image_shape((32, 32, 3)), is_image_shape((7, 8))
        (True, True, False)
    """
    low, high = limits.MIN_IMAGE_SIDE, limits.MAX_IMAGE_SIDE
    has_channels = len(shape) == 2 or tuple(shape[2:]) == (CHANNELS,)
    return has_channels and all(low <= side <= high for side in shape[:2])


def size_text(shape: Sequence[int]) -> str:
    """Describe a shape as users know sizes: width before height.

    Example:
        >>> size_text((28, 28)), size_text((32, 48, 3))
        ('28x28', '48x32 colour')
    """
    return f"{shape[1]}x{shape[0]}{' colour' if is_colour(shape) else ''}"
