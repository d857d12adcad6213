"""Encoded images of one split, from files or from cells of a table, to arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tenfold.core.errors import InputError
from tenfold.core.image_shape import size_text
from tenfold.core.limits import IMAGE_SIDE as SIDE
from tenfold.core.read_options import ReadOptions
from tenfold.data.array_types import Images
from tenfold.data.channels import has_colour, to_colour, to_grey
from tenfold.data.convert import require_size, resized
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
        InputError: an image has another size than those before, or one that is not supported,
            without ``options.resize``.
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
        for page in pages:
            image = np.asarray(page, np.uint8)[None]
            if options.resize:
                image = resized(image, (SIDE, SIDE))
            _require_one_size(item.name, image, images)
            images.append(image if has_colour(image) else to_grey(image))
            labels.append(item.label)
            stems += [] if item.stem is None else [item.stem]
    if any(image.ndim == 4 for image in images):
        images = [to_colour(image) for image in images]
    stack = np.concatenate(images) if images else np.zeros((0, SIDE, SIDE), np.uint8)
    numbers = np.array(labels) if labels else np.zeros(0, np.int64)
    return RawSplit(stack, numbers, origin, tuple(stems)), unreadable


def _require_one_size(name: str, image: Images, earlier: list[Images]) -> None:
    require_size(name, image.shape[1:])
    if earlier and earlier[0].shape[1:3] != image.shape[1:3]:
        sizes = (size_text(each.shape[1:3]) for each in (image, earlier[0]))
        raise InputError(
            "{}: {} pixels, others have {}; add --resize (resize=True in Python) to bring all to "
            "{side}x{side}".format(name, *sizes, side=SIDE)
        )
