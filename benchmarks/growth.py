"""Time and memory as data grow: 60,000, 600,000 and 6,000,000 images.

What is measured
    `tenfold train RECIPE --data FOLDER`, from process start to the finished run: the seconds of
    its epochs for each image that is trained on, those of the whole command, and peak memory.

How
    The images are MNIST's training images, shifted by up to two pixels each way at random, in an
    IDX file that is written in parts, so that they are never held. A sixth is held out as test
    and 5,000 for validation, as for any data without a test file. Every command runs in a fresh
    process, with a warm cache of tenfold's. The recipe's epochs are chosen so that 60,000 and
    600,000 images cost the same number of steps; 6,000,000 are trained on for one epoch, ten times
    as many. Rounds take the sizes in turn. The peak is that of the process (ru_maxrss), as the
    kernel reports it at the end; pages of a mapped file that are resident count in it. The table
    has medians, lowest and highest; the JSON every value. All runs on the processor.

    6,000,000 images take 4.7 GB of disk, in the folder for temporary files, and are removed.

Versions
    tenfold and what it stands on are those installed beside the Python that runs this script;
    they are in the JSON.

    python benchmarks/growth.py                           # 15 minutes on two idle cores
    python benchmarks/growth.py --sizes 60000,600000 --recipes dense-512 --repeats 1
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine
from processes import MEGABYTES, ON_THE_CPU
from summaries import spread
from tables import print_table

import tenfold

SIZES = (60_000, 600_000, 6_000_000)
EPOCHS = {60_000: 20, 600_000: 2}
RECIPES = ("dense-512", "quick")
PART = 10_000
SHIFT = 2
MEASURES = ("microseconds_an_image", "seconds")


def write_images(folder: Path, size: int) -> None:
    """Write so many shifted images, and their labels, as an IDX pair."""
    data = tenfold.load("mnist", validation=0).train
    margin = ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT))
    padded = np.pad(data.images, margin)
    views = np.lib.stride_tricks.sliding_window_view(padded, (28, 28), axis=(1, 2))
    draw = np.random.default_rng(0)
    folder.mkdir()
    with (
        (folder / "train-images-idx3-ubyte").open("wb") as images,
        (folder / "train-labels-idx1-ubyte").open("wb") as labels,
    ):
        images.write(bytes([0, 0, 8, 3]) + np.array([size, 28, 28], ">u4").tobytes())
        labels.write(bytes([0, 0, 8, 1]) + np.array([size], ">u4").tobytes())
        for start in range(0, size, PART):
            count = min(PART, size - start)
            chosen = draw.integers(0, len(data), count)
            down, right = draw.integers(0, 2 * SHIFT + 1, (2, count))
            images.write(views[chosen, down, right].tobytes())
            labels.write(data.labels[chosen].astype(np.uint8).tobytes())


def train(recipe: str, data: Path, size: int) -> dict:
    """Train in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        run = Path(name) / "run"
        arguments = ["train", recipe, "--data", data, "--out", run]
        arguments += ["--epochs", EPOCHS.get(size, 1)]
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tenfold", *map(str, arguments)],
            env=os.environ | ON_THE_CPU,
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"tenfold {' '.join(map(str, arguments))} failed: {process.returncode}")
        record = json.loads((run / "run.json").read_text())
    images = record["data"]["sizes"]["train"] * record["recipe"]["epochs"]
    return {
        "microseconds_an_image": 1e6 * record["seconds"] / images,
        "seconds": seconds,
        "peak_megabytes": usage.ru_maxrss / MEGABYTES,
        "validation": record["scores"]["accuracy"][0]["value"],
    }


def measure(recipes: list[str], sizes: list[int], repeats: int) -> dict[str, dict]:
    found: dict[str, list] = {}
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        for size in sizes:
            tell(f"writing {size:,} images")
            write_images(Path(name) / str(size), size)
        for turn in range(repeats):
            for recipe in recipes:
                for size in sizes:
                    tell(f"round {turn + 1} of {repeats}: {recipe}, {size:,} images")
                    answer = train(recipe, Path(name) / str(size), size)
                    found.setdefault(f"{recipe}, {size:,}", []).append(answer)
                    tell(json.dumps(answer))
    return {
        name: {key: spread([answer[key] for answer in answers]) for key in answers[0]}
        for name, answers in found.items()
    }


def print_report(found: dict[str, dict]) -> None:
    rows = [
        [
            name,
            *("{median:.1f} ({low:.1f}-{high:.1f})".format(**row[key]) for key in MEASURES),
            f"{row['peak_megabytes']['high']:.0f}",
        ]
        for name, row in found.items()
    ]
    title = "Training as data grow, from process start to the finished run"
    print_table(title, ["", "µs an image", "seconds", "peak MiB"], rows)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="images, with commas")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, with commas")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; 3")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also keep the line of JSON")
    options = parser.parse_args()
    from tenfold.runs.record import versions

    sizes = [int(size) for size in options.sizes.split(",")]
    found = measure(options.recipes.split(","), sizes, options.repeats)
    print_report(found)
    line = json.dumps({"machine": machine(), "versions": versions(), "training": found})
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
