"""How well digits are read that fill their picture from edge to edge: Semeion's.

What is measured
    How many of Semeion's digits (16x16, black and white, stretched to fill their box) are read
    right by `tenfold.read`, every answer counted, with 95 % Wilson intervals: without any margin,
    dark on light and light on dark, and with a margin of 4 pixels, dark on light.

How
    Every n-th row of the file, from row 0, at four times its size.

    python benchmarks/tight_crops.py semeion.data
    python benchmarks/tight_crops.py semeion.data --every 16
"""

import argparse
import json
from pathlib import Path

import numpy as np
from machine import machine
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.metrics.score import wilson_interval

KINDS = {
    "no margin, dark on light": (False, 0),
    "no margin, light on dark": (True, 0),
    "a margin of 4, dark on light": (False, 4),
}


def is_right(row: np.ndarray, light: bool, margin: int) -> bool:
    """Return whether the digit of a row [266] is read right."""
    ink = np.pad(row[:256].reshape(16, 16), margin).repeat(4, 0).repeat(4, 1)
    levels = (255 * (ink if light else 1 - ink)).astype(np.uint8)
    try:
        text = "".join(digit.label for digit in tenfold.read(levels).digits)
    except InputError:
        return False
    return text == str(row[256:266].argmax())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="semeion.data, as published")
    parser.add_argument("--every", type=int, default=1, help="take every n-th digit only")
    arguments = parser.parse_args()
    rows = np.loadtxt(arguments.file)[:: arguments.every]
    result: dict = {"machine": machine(), "n": len(rows), "right": {}}
    table = []
    for name, (light, margin) in KINDS.items():
        right = sum(is_right(row, light, margin) for row in rows)
        low, high = wilson_interval(right, len(rows))
        result["right"][name] = right
        table.append([name, f"{right} of {len(rows)}", f"{100 * low:.1f} to {100 * high:.1f} %"])
    print_table("Semeion", ["", "right", "95 %"], table)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
