"""Encoded images of one split, from files or from cells of a table, to arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.core.read_options import ReadOptions
from tenfold.data.convert import resize_to_square, wrong_size
from tenfold.data.dataset import Images
from tenfold.data.raw_data import RawSplit, Unreadable

if TYPE_CHECKING:
    from PIL.Image import Image


class Encoded(NamedTuple):
    """An encoded image.

    Attributes:
        name: its path or place, for messages.
        label: a number, or text.
        stem: name of the file without suffix, if it is a file.
        decode: returns its pages; raises InputError or OSError.
    """

    name: str
    label: Any
    stem: str | None
    decode: Callable[[], list[Image]]


def decode_split(
    items: Iterable[Encoded], origin: str, options: ReadOptions
) -> tuple[RawSplit, list[Unreadable]]:
    """Decode the images of a split; those that cannot be read are returned apart.

    Raises:
        InputError: an image has another size, without ``options.resize``.
    """
    images: list[Images] = []
    labels: list[Any] = []
    stems: list[str] = []
    unreadable: list[Unreadable] = []
    for item in items:
        try:
            pages = item.decode()
        except (InputError, OSError) as error:
            unreadable.append(Unreadable(item.name, str(error)))
            continue
        for image in pages:
            if image.size != (SIDE, SIDE) and not options.resize:
                raise wrong_size(item.name, *image.size)
            images.append(resize_to_square(image))
            labels.append(item.label)
            stems += [] if item.stem is None else [item.stem]
    stack = np.stack(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    numbers = np.array(labels) if labels else np.zeros(0, np.int64)
    return RawSplit(stack, numbers, origin, tuple(stems)), unreadable
