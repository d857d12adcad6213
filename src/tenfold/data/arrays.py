"""What a user hands to a trained network: arrays of any sensible shape, and picture files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tenfold.core.errors import InputError
from tenfold.data.convert import as_bytes, as_grey, as_images, as_stack, shrink
from tenfold.data.formats.class_folders import open_grey
from tenfold.data.formats.npz import read_member
from tenfold.data.stored_images import in_chunks

_CHANNELS = ((1,), (3,), (4,))
_NAMES = ("images", "x", "x_test")

_MIDDLE = 127.5


def as_batch(values: Any, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return one image or many as uint8 ``[n, height, width]``.

    Args:
        values: uint8 or whole numbers 0 to 255, or floats in [0, 1]; ``[height, width]``,
            ``[n, height, width]``, either with a last axis of 1, or of 3 or 4 colours which are
            turned to grey, or flat ``[n, pixels]`` or ``[pixels]``.
        shape: height and width of an image.

    Raises:
        InputError: the array has another shape, or values out of range.

    Example:
        >>> as_batch(np.zeros(784), (28, 28)).shape
        (1, 28, 28)
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("images: they differ in size; give them one shape") from None
    height, width = shape
    one = array.shape == (height * width,) or (
        array.shape[:2] == shape and (array.ndim == 2 or array.shape[2:] in _CHANNELS)
    )
    if one:
        array = array[None]
    if array.ndim == 2 and array.shape[1] == height * width:
        array = array.reshape(-1, height, width)
    fits = array.shape[1:3] == shape and (array.ndim == 3 or array.shape[3:] in _CHANNELS)
    if not fits:
        raise InputError(
            f"images: received shape {list(np.shape(array))}; give [{height}, {width}], "
            f"[n, {height}, {width}] or [n, {height * width}]"
        )
    if not len(array):
        raise InputError("images: there are none; give at least one")
    return as_grey(as_bytes(as_stack(array, "images"), "images"))


def border_level(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The mean grey level of the outermost pixels of each image ``[n, height, width]``.

    Example:
        >>> border_level(np.pad(np.zeros((1, 26, 26), np.uint8), ((0, 0), (1, 1), (1, 1)),
        ...              constant_values=9)).tolist()
        [9.0]
    """
    return np.concatenate([_border_level(part) for part in in_chunks(images)])


def _border_level(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    sides = [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]]
    border = np.concatenate(sides, axis=1)
    levels: npt.NDArray[np.float64] = border.reshape(len(images), -1).mean(axis=1)
    return levels


def inverted(images: npt.NDArray[np.uint8], border: float) -> int:
    """How many images have a light border where ``border``, a grey level, is dark; or the reverse.

    Example:
        >>> inverted(np.full((2, 28, 28), 255, np.uint8), border=0.0)
        2
    """
    return int(((border_level(images) > _MIDDLE) != (border > _MIDDLE)).sum())


def read_images(
    path: Path, shape: tuple[int, int], *, resize: bool = False, invert: bool = False
) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Read the images of one file: a PNG or JPEG, or the array of an .npy or .npz.

    Args:
        path: the file. An .npz holds one array, or one called ``images``, ``x`` or ``x_test``.
        shape: height and width that the network takes.
        resize: bring another size to this one.
        invert: the file shows dark ink on light paper; datasets like MNIST are light on dark.

    Returns:
        uint8 ``[n, height, width]``, and what to call each.

    Raises:
        InputError: no such file, no images, or of another size without ``resize``.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    kind = path.suffix.lower()
    if kind not in (".npy", ".npz"):
        return read_image(path, shape, resize=resize, invert=invert)[None], [str(path)]
    array = _npy(path) if kind == ".npy" else _npz(path)
    try:
        images = as_images(array, "its array", resize=True) if resize else as_batch(array, shape)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return 255 - images if invert else images, [f"{path}[{i}]" for i in range(len(images))]


def _npy(path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: not an array that can be read ({error})") from None


def _npz(path: Path) -> npt.NDArray[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            named = [name for name in _NAMES if name in members]
            if not named and len(members) != 1:
                raise InputError(
                    f"{path}: holds {', '.join(members) or 'nothing'}; call the array of images "
                    f"{', '.join(_NAMES)}"
                )
            return read_member(archive, members[(named or list(members))[0]], path)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{path}: damaged or not an NPZ file ({error})") from None


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
