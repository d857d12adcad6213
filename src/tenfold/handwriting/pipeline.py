"""A picture -> the digits in it, as MNIST would have had them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenfold.core.errors import NoDigitError
from tenfold.handwriting.close_crops import as_one_digit, filling, settled
from tenfold.handwriting.components import Part, connected, joined, typical_height, without_specks
from tenfold.handwriting.cutting import split, widest_digit
from tenfold.handwriting.digit_scores import Crops, Judge, Judged, judged
from tenfold.handwriting.edges import inside, is_close
from tenfold.handwriting.ink import Levels, contrast, light_on_dark, threshold
from tenfold.handwriting.long_stems import without_tails
from tenfold.handwriting.mnist_crop import mnist_image, stroke_width, upright, with_pen_of_mnist
from tenfold.handwriting.picture import quarter_turned, read
from tenfold.handwriting.reading_order import in_reading_order
from tenfold.handwriting.ruled_lines import without_rules
from tenfold.handwriting.segmentation import MOST, doubtful, recut

if TYPE_CHECKING:
    from PIL.Image import Image

Mask = NDArray[np.bool_]

LONGEST = 2000  # pixels of the long side: a digit of 3 mm on A4 has 20 of them
_SHORTEST = 224  # pixels of the short side up to which pictures are enlarged
_COARSE = 700  # pixels of the long side at which the pen is measured
_CROP_HEIGHT = 80  # pixels at which the pen's width is mended


@dataclass(frozen=True)
class Page:
    """The digits of a picture.

    Attributes:
        crops: uint8 [n, 28, 28], light ink on dark, by MNIST's own procedure.
        boxes: int64 [n, 4], each left, top, right, bottom in pixels of the upright picture.
        numbers: the lines from top to bottom; of each its numbers from left to right, parted by
            wider gaps; of each number the indices of its crops.
        size: (width, height) of the upright picture in pixels.
        light_on_dark: whether the ink is lighter than what it is on.
        answers: float32 [n, classes + 1], the judge's of each crop, if there was one. In a close
            crop, that of the whole picture as well.
    """

    crops: NDArray[np.uint8]
    boxes: NDArray[np.int64]
    numbers: tuple[tuple[tuple[int, ...], ...], ...]
    size: tuple[int, int]
    light_on_dark: bool
    answers: NDArray[np.float32] | None = None

    @property
    def lines(self) -> tuple[tuple[int, ...], ...]:
        """The indices of the crops in each line, in reading order."""
        return tuple(tuple(i for number in line for i in number) for line in self.numbers)

    @property
    def middle(self) -> int:
        """The index of the crop nearest to the middle of the picture."""
        middles = self.boxes.reshape(-1, 2, 2).mean(axis=1)
        return int(np.hypot(*(middles - np.array(self.size) / 2).T).argmin())

    def text(self, readings: Sequence[object]) -> str:
        """Return readings [n] of the crops as text: a space between numbers, lines as lines."""
        return "\n".join(
            " ".join("".join(str(readings[i]) for i in number) for number in line)
            for line in self.numbers
        )


def find(
    source: str | Path | Image | NDArray[Any],
    *,
    deslant: bool = False,
    judge: Judge | None = None,
    turned: int = 0,
) -> Page:
    """Find the digits in a photo, scan, screenshot or drawing, as MNIST would have had them.

    Whether ink is dark or light is found; uneven light, ruled lines, boxes and specks are left
    out; fragments are joined and touching digits split. A picture that lies on its side without
    EXIF data to say so is read as it lies.

    Args:
        source: a file, a Pillow image, or an array [height, width] or [height, width, 1, 3 or 4]
            of bytes, booleans or floats within [0, 1].
        deslant: shear each digit upright.
        judge: what names crops. With it, what looks doubtful is cut otherwise if that is read more
            surely, a close crop is judged as a whole, too, and one that a digit fills from edge to
            edge both as dark ink and as light.
        turned: quarters of a turn counter-clockwise by which the picture is turned first.

    Raises:
        InputError: the picture cannot be read or has over 50 megapixels, or no digit is in it
            (NoDigitError).

    Examples:
        >>> picture = np.full((90, 200), 230, np.uint8)
        >>> picture[20:70, 40:46] = picture[20:70, 150:156] = 30
        >>> page = find(picture)
        >>> page.crops.shape, page.boxes.tolist(), page.light_on_dark
        ((2, 28, 28), [[40, 20, 46, 70], [150, 20, 156, 70]], False)
    """
    pixels, size = quarter_turned(*read(source, LONGEST), turned)
    pixels = enlarged(pixels)
    light = light_on_dark(pixels)
    found, core, seen = ink(pixels, light)
    found = without_rules(found, seen)
    pieces = _pieces(found)

    def cropped(part: Part) -> NDArray[np.uint8]:
        return crop(_sharpened(part, core), deslant)

    best = _judged(pieces, found, core, cropped, judge) if judge and pieces.parts else None
    full = filling(pixels, lambda mask: crop(mask, deslant), judge) if judge else None
    if full and (best is None or full[0].certainty[0] > best.certainty.mean()):
        best, light = full
    if best is not None:
        parts, crops, answers = best.parts, best.crops, best.answers
    elif pieces.parts:
        parts, answers = pieces.digits, None
        crops = np.stack([cropped(part) for part in parts])
    else:
        raise NoDigitError("no digit found in the picture; is the ink in focus and large enough?")
    boxes = np.array([[part.left, part.top, part.right, part.bottom] for part in parts])
    order = in_reading_order(boxes)
    sequence = [i for line in order for number in line for i in number]
    place = {index: position for position, index in enumerate(sequence)}
    numbers = tuple(tuple(tuple(place[i] for i in number) for number in line) for line in order)
    scale = np.array(size * 2) / np.array(pixels.shape[1::-1] * 2)
    return Page(
        crops[sequence],
        (boxes[sequence] * scale).round().astype(np.int64),
        numbers,
        size,
        light,
        None if answers is None else answers[sequence],
    )


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a small picture [height, width, 3] so that strokes are several pixels wide."""
    from PIL import Image as pillow

    height, width = pixels.shape[:2]
    times = min(8, -(-_SHORTEST // min(height, width)), max(1, LONGEST // max(height, width)))
    if times == 1:
        return pixels
    image = pillow.fromarray(pixels)
    return np.asarray(image.resize((width * times, height * times), pillow.Resampling.BICUBIC))


def ink(pixels: NDArray[np.uint8], light: bool) -> tuple[Mask, Mask, Levels]:
    """Return where ink is, the core of it, and the contrast of all that stands out.

    Two masks [height, width] and levels [height, width].

    The ground is sought twice: over a third of the picture, coarsely, which tells how wide the
    pen is, and then over some widths of the pen, which leaves shadows out.
    """
    short = min(pixels.shape[:2])
    step = max(1, max(pixels.shape) // _COARSE)
    taken = contrast(pixels[::step, ::step], light, max(3, short // 2 // step))
    pen = stroke_width(threshold(taken, max(2, short // 20 // step))[0]) * step
    taken = contrast(pixels, light, round(min(max(8 * pen, short / 8), short / 2)))
    return threshold(taken, max(2, round(pen)))


@dataclass(frozen=True)
class _Pieces:
    """Parts of ink, and what each is cut into by its shape alone: one part a digit.

    Heights of digits and the width of a stroke are in pixels.
    """

    parts: list[Part]
    cut: list[list[Part]]
    height: float
    pen: float

    @property
    def digits(self) -> list[Part]:
        return [digit for digits in self.cut for digit in digits]


def digits(mask: Mask) -> list[Part]:
    """Return one part a digit, from where the ink is: bool [height, width]."""
    return _pieces(mask).digits


def _pieces(mask: Mask) -> _Pieces:
    step = max(1, max(mask.shape) // _COARSE)
    pen = stroke_width(mask[::step, ::step]) * step
    parts = connected(mask, gap=0.6 * pen, least=max(8.0, 0.5 * pen**2))
    if not parts:
        return _Pieces([], [], 0.0, pen)
    height = typical_height(parts)
    parts = without_specks(joined(parts, height, pen), height)
    parts = inside(parts, (mask.shape[1], mask.shape[0]), height, pen)
    widest = widest_digit(parts, height)
    return _Pieces(parts, [split(part, widest, pen) for part in parts], height, pen)


def _judged(
    pieces: _Pieces, found: Mask, core: Mask, cropped: Callable[[Part], Crops], judge: Judge
) -> Judged:
    """Return one part a digit, as the judge is surest of them."""
    by_shape = judged(pieces.digits, cropped, judge)
    ends = np.cumsum([len(cut) for cut in pieces.cut])[:-1]
    groups = by_shape.split(ends.tolist())
    again = [i for i, group in enumerate(groups) if doubtful(group)][:MOST]
    for i in again:
        groups[i] = recut(pieces.parts[i], groups[i], pieces.height, pieces.pen, cropped, judge)
    best = without_tails(Judged.joined(groups), pieces.height, pieces.pen, cropped, judge)
    size = (found.shape[1], found.shape[0])
    if is_close(size, pieces.height) and not settled(best, size):
        return as_one_digit(best, found, core, judge)
    return best


def _sharpened(part: Part, core: Mask) -> Mask:
    """Return a digit's ink less the blur at its edges, its strokes unbroken."""
    from skimage.morphology import skeletonize

    inner = core[part.top : part.bottom, part.left : part.right]
    sharp: Mask = part.mask & (inner | skeletonize(part.mask))
    return sharp


def crop(mask: Mask, deslant: bool = False) -> NDArray[np.uint8]:
    """Return uint8 [28, 28] of one digit's ink [height, width], with a pen like MNIST's."""
    from PIL import Image as pillow

    times = _CROP_HEIGHT / max(mask.shape)
    if not 0.7 < times < 1.5:
        levels = pillow.fromarray(np.pad(mask, 2)).convert("L")
        size = tuple(max(1, round(side * times)) for side in levels.size)
        levels = levels.resize(size, pillow.Resampling.BICUBIC)
        strongest = int(np.asarray(levels).max())
        mask = np.asarray(levels) > min(127, strongest // 2)  # hairs fade when reduced
    return mnist_image(with_pen_of_mnist(upright(mask) if deslant else mask))
