"""What a user hands to a trained network: arrays of any sensible shape, and picture files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.datasets.convert import as_bytes, as_stack, shrink
from tenfold.datasets.folders import open_grey
from tenfold.errors import InputError


def as_batch(values: Any, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return one image or many as uint8 ``[n, height, width]``.

    Args:
        values: uint8 or whole numbers 0 to 255, or floats in [0, 1]; ``[height, width]``,
            ``[n, height, width]``, either with a last axis of 1, or flat ``[n, pixels]``
            or ``[pixels]``.
        shape: height and width of an image.

    Raises:
        InputError: the array has another shape, or values out of range.

    Example:
        >>> as_batch(np.zeros(784), (28, 28)).shape
        (1, 28, 28)
    """
    array = np.asarray(values)
    height, width = shape
    if array.shape in ((height, width), (height, width, 1), (height * width,)):
        array = array[None]
    stack = as_stack(array, "images")
    if stack.shape[1:] not in ((height, width), (height, width, 1)):
        raise InputError(
            f"images: received shape {list(np.shape(values))}; give [{height}, {width}], "
            f"[n, {height}, {width}] or [n, {height * width}]"
        )
    if not len(stack):
        raise InputError("images: there are none; give at least one")
    return as_bytes(stack.reshape(-1, height, width), "images")


def read_image(
    path: Path, shape: tuple[int, int], *, resize: bool = False, invert: bool = False
) -> npt.NDArray[np.uint8]:
    """Read a PNG or JPEG file as one grey image, uint8 ``[height, width]``.

    Args:
        path: the file.
        shape: height and width that the network takes.
        resize: bring another size to this one.
        invert: the file shows dark ink on light paper; datasets like MNIST are light on dark.

    Raises:
        InputError: no such file, not an image, or of another size without ``resize``.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        image = open_grey(path)
    except InputError as error:
        raise InputError(f"{path}: {error}; give a PNG or JPEG") from None
    pixels = np.asarray(image, np.uint8)
    if pixels.shape != shape:
        if not resize:
            raise InputError(
                f"{path}: {image.width}x{image.height} pixels, the network takes "
                f"{shape[1]}x{shape[0]}; give --resize to bring it to this size"
            )
        pixels = shrink(image)
    return 255 - pixels if invert else pixels
