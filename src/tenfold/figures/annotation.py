"""An image with the digits found in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tenfold.figures.common import BLUE, INK, QUIET, VERMILLION

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_CELL, _CROP, _MARGIN = 84, 56, 12  # pixels: of a cell of the sheet, of a crop in it, around cells
_NARROWEST = 480


def annotated(
    pixels: npt.NDArray[np.uint8],
    boxes: npt.NDArray[np.int64],
    labels: Sequence[str],
    confidences: Sequence[float],
    accepted: Sequence[bool],
    crops: npt.NDArray[np.uint8],
) -> Image:
    """Draw a box and a label around each digit, and below the image the crops that were classified.

    Predictions that are not accepted have a question mark and another colour.

    Args:
        pixels: uint8 ``[height, width, 3]``.
        boxes: ``[n, 4]``: left, top, right, bottom in pixels.
        labels: one per box.
        confidences: one per box, in [0, 1].
        accepted: one per box.
        crops: uint8 ``[n, height, width]``.

    >>> image = annotated(np.full((90, 300, 3), 255, np.uint8), np.array([[20, 10, 60, 80]]),
    ...     ["7"], [0.993], [True], np.zeros((1, 28, 28), np.uint8))
    >>> image.size
    (480, 210)
    """
    from PIL import Image, ImageDraw

    height, width = pixels.shape[:2]
    across = max(width, _NARROWEST)
    columns = (across - 2 * _MARGIN) // _CELL
    rows = -(-len(labels) // columns)
    sheet = Image.new("RGB", (across, height + rows * (_CELL + _MARGIN) + 2 * _MARGIN), "white")
    sheet.paste(Image.fromarray(pixels), (0, 0))
    pen = ImageDraw.Draw(sheet)
    for box, label, is_accepted in zip(boxes.tolist(), labels, accepted, strict=True):
        _box(pen, box, label if is_accepted else f"{label}?", BLUE if is_accepted else VERMILLION)
    cells = zip(crops, labels, confidences, accepted, strict=True)
    for i, (crop, label, confidence, is_accepted) in enumerate(cells):
        row, column = divmod(i, columns)
        corner = (_MARGIN + column * _CELL, height + _MARGIN + row * (_CELL + _MARGIN))
        sheet.paste(Image.fromarray(crop).resize((_CROP, _CROP), Image.Resampling.NEAREST), corner)
        text = f"{label}{'' if is_accepted else '?'}  {100 * confidence:.1f} %"
        below = (corner[0], corner[1] + _CROP + 4)
        pen.text(below, text, fill=INK if is_accepted else VERMILLION, font=_font(13))
    pen.line([(0, height), (across, height)], fill=QUIET)
    return sheet


def _box(pen: ImageDraw, box: list[int], text: str, colour: str) -> None:
    left, top, right, bottom = box
    size = int(min(28, max(13, (bottom - top) // 3)))
    pen.rectangle([left - 2, top - 2, right + 2, bottom + 2], outline=colour, width=2)
    above = (left - 2, max(0, top - size - 5))
    pen.rectangle(pen.textbbox(above, text, font=_font(size)), fill="white")
    pen.text(above, text, fill=colour, font=_font(size))


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
