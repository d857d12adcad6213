"""What a training gains that continues from the reader on digits of other hands.

    python benchmarks/finetuning.py semeion.data [--few 40]

Semeion (1,593 digits of some 80 people, 16x16 black and white, by the UCI repository) is cut into
halves in the file's own order. The reader is continued on one half, or on a few images of it, and
asked for the other, which it has not seen; then the other way round. The second half had been
asked when rate, epochs and shares were chosen; the first had not. Beside it stand MNIST's
validation images and drawings of no digit, which it shall not forget. Seconds are those of the
whole `tenfold.train`, from reading the weights to the finished run, by the clock and of all
cores' time; the first includes imports. Printed as a table, then as one line of JSON.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from PIL import Image

import tenfold
from tenfold.data import Dataset, Splits
from tenfold.handwriting.mnist_crop import crop_digit

SIDE, ENLARGED = 16, 80  # pixels


def semeion(path: Path) -> Dataset:
    """Semeion's digits as MNIST would have had them."""
    rows = np.loadtxt(path)
    images = rows[:, : SIDE * SIDE].reshape(-1, SIDE, SIDE).astype(np.uint8) * 255
    large = [Image.fromarray(i).resize((ENLARGED, ENLARGED), Image.BICUBIC) for i in images]
    crops = np.stack([crop_digit(np.asarray(image) > 127) for image in large])
    return Dataset(crops, rows[:, SIDE * SIDE :].argmax(axis=1), tuple("0123456789"), "semeion")


def chosen(half: Dataset, few: int) -> Dataset:
    """As many images of each digit, spread over a half."""
    places = [np.flatnonzero(half.labels == digit) for digit in range(10)]
    spread = [p[np.linspace(0, len(p) - 1, few // 10).astype(int)] for p in places]
    return half[np.sort(np.concatenate(spread))]


def continued(train: Dataset, held: Dataset) -> dict[str, Any]:
    """Continue the reader; what each part of its validation images gained, and the seconds."""
    splits = Splits("semeion", train, held, None, "semeion.data", 0)
    with tempfile.TemporaryDirectory() as folder:
        began, worked = time.perf_counter(), time.process_time()
        run = tenfold.train(data=splits, start="reader", out=Path(folder) / "run", verbose=False)
        seconds = round(time.perf_counter() - began, 1)
        worked = round(time.process_time() - worked, 1)
        gains = run.record.continued["gains"]
    return {"images": len(train), "seconds": seconds, "processor": worked, "gains": gains}


def show(name: str, found: dict[str, Any]) -> None:
    """Print a row a part."""
    for part in found["gains"]:
        before, after = (100 * part[when]["value"] for when in ("before", "after"))
        value, low, high = (100 * part["difference"][end] for end in ("value", "low", "high"))
        print(
            f"{name:23} {found['seconds']:6.1f} s {found['processor']:6.1f} s  {part['name']:9} "
            f"{part['n']:5}  {before:6.2f} {after:6.2f}  {value:+.2f} ({low:+.2f} to {high:+.2f})"
        )


def main() -> None:
    """Continue on halves and on few images, print."""
    parser = argparse.ArgumentParser(description="What continuing the reader gains.")
    parser.add_argument("semeion", type=Path, help="semeion.data of the UCI repository")
    parser.add_argument("--few", type=int, default=40, help="images of the smaller trial")
    given = parser.parse_args()
    digits = semeion(given.semeion)
    middle = len(digits) // 2
    halves = [digits[:middle], digits[middle:]]
    results = {}
    print("trained on                clock    cores  asked for      n  before  after  points")
    for one, other, name in ((0, 1, "first half"), (1, 0, "second half")):
        for train in (halves[one], chosen(halves[one], given.few)):
            label = f"{name}, {len(train)} images"
            results[label] = continued(train, halves[other])
            show(name, results[label])
    print(json.dumps({"machine": machine(), "results": results}))


if __name__ == "__main__":
    main()
