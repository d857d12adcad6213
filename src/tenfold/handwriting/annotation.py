"""Write a picture with the digits that were read in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tenfold import figures
from tenfold.core.errors import InputError
from tenfold.core.files import atomic_write
from tenfold.data.synthetic import REJECT_CLASS
from tenfold.handwriting.picture import Picture, load_picture
from tenfold.handwriting.result import Reading

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 1600  # pixels


def annotate(
    picture: str | Path | Image | npt.NDArray[Any] | Picture, reading: Reading, path: str | Path
) -> None:
    """Write the picture as PNG with boxes and labels, and the classified crops below.

    Args:
        picture: the one that was read.
        reading: its digits.
        path: of the file, ending in .png.

    Raises:
        InputError: the path does not end in .png, or the picture cannot be read.
    """
    if Path(path).suffix.lower() != ".png":
        raise InputError(f"{path}: an annotated picture is a PNG; give a name that ends in .png")
    opened = load_picture(picture, MAX_SIDE).rotated(reading.quarter_turns)
    digits = reading.detections
    boxes = np.array([digit.box for digit in digits]) * opened.pixels.shape[1] / opened.size[0]
    annotated = figures.annotated(
        opened.pixels,
        boxes.round().astype(np.int64),
        [digit.label for digit in digits],
        [digit.confidence for digit in digits],
        [digit.accepted and digit.label != REJECT_CLASS for digit in digits],
        np.stack([digit.image for digit in digits]),
    )
    with atomic_write(Path(path)) as file:
        annotated.save(file, "PNG")
