"""Accuracy on digits that fill their picture from edge to edge: those of Semeion.

What is measured
    The number of Semeion's digits (16x16, black and white, stretched to fill their box) that
    `tenfold.read` reads correctly, uncertain predictions included, with 95 % Wilson intervals:
    without a margin, dark on light and light on dark, and with a margin of 4 pixels, dark on light.

How
    Every n-th row of the file, from row 0, enlarged four times.

    python benchmarks/tight_crops.py semeion.data
    python benchmarks/tight_crops.py semeion.data --every 16
"""

import argparse
from pathlib import Path

import numpy as np
from command_line import print_json
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


def is_correct(row: np.ndarray, light: bool, margin: int) -> bool:
    """Return whether the digit of a row [266] is read correctly."""
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
    parser.add_argument("--every", type=int, default=1, help="read every n-th digit only")
    arguments = parser.parse_args()
    rows = np.loadtxt(arguments.file)[:: arguments.every]
    result: dict = {"machine": machine(), "n": len(rows), "right": {}}
    table = []
    for name, (light, margin) in KINDS.items():
        correct = sum(is_correct(row, light, margin) for row in rows)
        low, high = wilson_interval(correct, len(rows))
        result["right"][name] = correct
        table.append([name, f"{correct} of {len(rows)}", f"{100 * low:.1f} to {100 * high:.1f} %"])
    print_table("Semeion", ["", "correct", "95 %"], table)
    print_json(result)


if __name__ == "__main__":
    main()
