"""Accuracy on digits that fill their picture from edge to edge: of MNIST, or of Semeion.

What is measured
    The number of digits that `tenfold.read` reads correctly, uncertain predictions included, with
    95 % Wilson intervals: light on dark, dark on light, and with a margin.

How
    MNIST       validation digits from index 3000 on, cropped to their box; their pen broader by 0,
                1.2 and 2 pixels and the box reduced to 16x16 with its proportions, as USPS has them
    Semeion     every n-th row of the file, from row 0 (16x16, black and white, stretched to fill
                the box), enlarged four times

    python benchmarks/tight_crops.py --every 10
    python benchmarks/tight_crops.py semeion.data --every 16
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from command_line import print_json
from machine import machine
from PIL import Image
from scipy import ndimage
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.metrics.score import wilson_interval

FIRST, LAST = 3000, 5000  # validation digits; others were looked at while the rules were written
SCALE = 8  # by which digits are enlarged before their pen is broadened
PENS = (0.0, 1.2, 2.0)

Sample = tuple[str, np.ndarray, int]
"""What it is, uint8 ``[height, width]``, and the digit."""


def is_correct(picture: np.ndarray, label: int) -> bool:
    """Return whether exactly this digit is read."""
    try:
        text = "".join(digit.label for digit in tenfold.read(picture).digits)
    except InputError:
        return False
    return text == str(label)


def semeion(path: Path, every: int) -> Iterator[Sample]:
    """Yield Semeion's digits without and with a margin."""
    for row in np.loadtxt(path)[::every]:
        label = int(row[256:266].argmax())
        ink = (255 * row[:256].reshape(16, 16)).astype(np.uint8).repeat(4, 0).repeat(4, 1)
        yield "no margin, dark on light", 255 - ink, label
        yield "no margin, light on dark", ink, label
        yield "a margin of 4, dark on light", 255 - np.pad(ink, 16), label


def mnist(every: int) -> Iterator[Sample]:
    """Yield MNIST's digits as tight crops, and in the form of USPS."""
    data = tenfold.load("mnist").validation
    for image, label in zip(
        data.images[FIRST:LAST:every], data.labels[FIRST:LAST:every], strict=True
    ):
        box = image[np.ix_((image > 80).any(axis=1), (image > 80).any(axis=0))]
        yield "box, light on dark", box, int(label)
        yield (
            "box, dark on light, enlarged 4 times",
            255 - box.repeat(4, 0).repeat(4, 1),
            int(label),
        )
        for pen in PENS:
            yield f"16x16, pen broader by {pen} pixels, light on dark", postal(box, pen), int(label)


def postal(box: np.ndarray, pen: float) -> np.ndarray:
    """Return a digit in 16x16 pixels, from edge to edge in height or width: uint8."""
    size = (box.shape[1] * SCALE, box.shape[0] * SCALE)
    large = np.asarray(Image.fromarray(box).resize(size, Image.Resampling.BICUBIC))
    radius = round(pen * SCALE / 2)
    disc = np.hypot(*np.mgrid[-radius : radius + 1, -radius : radius + 1]) <= radius
    broad = ndimage.grey_dilation(np.pad(large, radius), footprint=disc)
    scale = 16 / max(broad.shape)
    size = tuple(max(4, round(side * scale)) for side in broad.shape[::-1])
    small = np.asarray(Image.fromarray(broad).resize(size, Image.Resampling.BOX))
    rows, columns = 16 - small.shape[0], 16 - small.shape[1]
    return np.pad(small, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", help="semeion.data, as published")
    parser.add_argument("--every", type=int, default=1, help="read every n-th digit only")
    arguments = parser.parse_args()
    every = arguments.every
    samples = semeion(arguments.file, every) if arguments.file else mnist(every)
    right: dict[str, list[bool]] = {}
    for name, picture, label in samples:
        right.setdefault(name, []).append(is_correct(picture, label))
    table = []
    for name, each in right.items():
        low, high = wilson_interval(sum(each), len(each))
        share = f"{100 * low:.1f} to {100 * high:.1f} %"
        table.append([name, f"{sum(each)} of {len(each)}", share])
    print_table("Semeion" if arguments.file else "MNIST", ["", "correct", "95 %"], table)
    print_json({"machine": machine(), "right": {name: sum(each) for name, each in right.items()}})


if __name__ == "__main__":
    main()
