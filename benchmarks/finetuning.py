"""Gain of fine-tuning the reader on other handwriting.

    python benchmarks/finetuning.py semeion.data [--few 40]

Semeion (1,593 digits of some 80 people, 16x16 black and white, by the UCI repository) is cut into
halves in the order of the file. The reader is fine-tuned on one half, or on a few images of it, and
evaluated on the other half; then the halves are swapped. The learning rate, the epochs and the
shares of images were chosen on the second half, not on the first. MNIST's validation images and
non-digits are evaluated too, since the reader must not forget them. Seconds are those of the whole
`tenfold.train`, from loading the weights to the finished run: wall clock and CPU time of all
threads; the first includes imports. The script prints a table, then one line of JSON.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from command_line import print_json
from machine import machine
from PIL import Image

import tenfold
from tenfold.data import Dataset, Splits
from tenfold.handwriting.mnist_crop import crop_digit

SIDE, ENLARGED = 16, 80  # pixels


def semeion(path: Path) -> Dataset:
    """Load Semeion's digits and crop them as MNIST does."""
    rows = np.loadtxt(path)
    images = rows[:, : SIDE * SIDE].reshape(-1, SIDE, SIDE).astype(np.uint8) * 255
    large = [Image.fromarray(i).resize((ENLARGED, ENLARGED), Image.BICUBIC) for i in images]
    crops = np.stack([crop_digit(np.asarray(image) > 127) for image in large])
    return Dataset(crops, rows[:, SIDE * SIDE :].argmax(axis=1), tuple("0123456789"), "semeion")


def subset(half: Dataset, few: int) -> Dataset:
    """Return the same number of images of each digit, spread evenly over a half."""
    places = [np.flatnonzero(half.labels == digit) for digit in range(10)]
    even = [p[np.linspace(0, len(p) - 1, few // 10).astype(int)] for p in places]
    return half[np.sort(np.concatenate(even))]


def fine_tune(train: Dataset, held: Dataset) -> dict[str, Any]:
    """Fine-tune the reader; return the gain on each validation set, and the seconds."""
    splits = Splits("semeion", train, held, None, "semeion.data", 0)
    with tempfile.TemporaryDirectory() as folder:
        start, cpu_start = time.perf_counter(), time.process_time()
        run = tenfold.train(data=splits, start="reader", out=Path(folder) / "run", verbose=False)
        seconds = round(time.perf_counter() - start, 1)
        cpu_seconds = round(time.process_time() - cpu_start, 1)
        gains = run.record.continued["gains"]
    return {"images": len(train), "seconds": seconds, "processor": cpu_seconds, "gains": gains}


def print_rows(name: str, result: dict[str, Any]) -> None:
    """Print a row for each validation set."""
    for part in result["gains"]:
        before, after = (100 * part[when]["value"] for when in ("before", "after"))
        value, low, high = (100 * part["difference"][end] for end in ("value", "low", "high"))
        print(
            f"{name:23} {result['seconds']:6.1f} s {result['processor']:6.1f} s  {part['name']:9} "
            f"{part['n']:5}  {before:6.2f} {after:6.2f}  {value:+.2f} ({low:+.2f} to {high:+.2f})"
        )


def main() -> None:
    """Fine-tune on halves and on few images, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("semeion", type=Path, help="semeion.data of the UCI repository")
    parser.add_argument("--few", type=int, default=40, help="images of the smaller training set")
    options = parser.parse_args()
    digits = semeion(options.semeion)
    middle = len(digits) // 2
    halves = [digits[:middle], digits[middle:]]
    results = {}
    print("trained on                  wall      CPU  evaluated      n  before  after  points")
    for one, other, name in ((0, 1, "first half"), (1, 0, "second half")):
        for train in (halves[one], subset(halves[one], options.few)):
            label = f"{name}, {len(train)} images"
            results[label] = fine_tune(train, halves[other])
            print_rows(label, results[label])
    print_json({"machine": machine(), "results": results})


if __name__ == "__main__":
    main()
