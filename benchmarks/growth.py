"""Time and memory of training on 60,000, 600,000 and 6,000,000 images.

What is measured
    `tenfold train RECIPE --data FOLDER`, from process start to the finished run: the seconds of
    its epochs for each training image, the seconds of the command, and peak memory.

How
    The images are MNIST's training images, shifted at random by up to two pixels in each
    direction, in an IDX file that is written in chunks, so that they are never all in memory. A
    sixth is held out as test and 5,000 for validation, as for any data without a test file. Every
    command runs in a fresh process, with a warm cache of tenfold. The epochs are chosen so that
    60,000 and 600,000 images take the same number of steps; 6,000,000 images take one epoch, which
    has ten times as many. Rounds alternate between the sizes. The peak is ru_maxrss of the
    process, which includes resident pages of the mapped file. The table has median, minimum and
    maximum; the JSON has every value. All runs on the CPU.

    6,000,000 images take 4.7 GB of disk in the folder for temporary files, and are removed.

Versions
    tenfold and its dependencies are those of the Python that runs this script; they are in the
    JSON.

    python benchmarks/growth.py                           # 15 minutes on two idle cores
    python benchmarks/growth.py --sizes 60000,600000 --recipes dense-512 --repeats 1
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from command_line import log, make_parser, print_json
from machine import machine
from processes import TENFOLD, measure_command
from summaries import spread_by_key
from tables import median_range, print_table

import tenfold

SIZES = (60_000, 600_000, 6_000_000)
EPOCHS = {60_000: 20, 600_000: 2}
RECIPES = ("dense-512", "quick")
CHUNK = 10_000
SHIFT = 2
COLUMNS = ("microseconds_an_image", "seconds")


def write_images(folder: Path, size: int) -> None:
    """Write shifted images and their labels as two IDX files."""
    data = tenfold.load("mnist", validation=0).train
    margin = ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT))
    padded = np.pad(data.images, margin)
    views = np.lib.stride_tricks.sliding_window_view(padded, (28, 28), axis=(1, 2))
    rng = np.random.default_rng(0)
    folder.mkdir()
    with (
        (folder / "train-images-idx3-ubyte").open("wb") as images,
        (folder / "train-labels-idx1-ubyte").open("wb") as labels,
    ):
        images.write(bytes([0, 0, 8, 3]) + np.array([size, 28, 28], ">u4").tobytes())
        labels.write(bytes([0, 0, 8, 1]) + np.array([size], ">u4").tobytes())
        for start in range(0, size, CHUNK):
            count = min(CHUNK, size - start)
            chosen = rng.integers(0, len(data), count)
            down, right = rng.integers(0, 2 * SHIFT + 1, (2, count))
            images.write(views[chosen, down, right].tobytes())
            labels.write(data.labels[chosen].astype(np.uint8).tobytes())


def train(recipe: str, data: Path, size: int) -> dict:
    """Train in a fresh process; return its figures."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        run = Path(name) / "run"
        arguments = ["train", recipe, "--data", data, "--out", run]
        arguments += ["--epochs", EPOCHS.get(size, 1)]
        measured = measure_command([*TENFOLD, *map(str, arguments)])
        record = json.loads((run / "run.json").read_text())
    images = record["data"]["sizes"]["train"] * record["recipe"]["epochs"]
    return {
        "microseconds_an_image": 1e6 * record["seconds"] / images,
        "seconds": measured.seconds,
        "peak_megabytes": measured.peak_megabytes,
        "validation": record["scores"]["accuracy"][0]["value"],
    }


def measure(recipes: list[str], sizes: list[int], repeats: int) -> dict[str, dict]:
    results: dict[str, list] = {}
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        for size in sizes:
            log(f"writing {size:,} images")
            write_images(Path(name) / str(size), size)
        for turn in range(repeats):
            for recipe in recipes:
                for size in sizes:
                    log(f"round {turn + 1} of {repeats}: {recipe}, {size:,} images")
                    result = train(recipe, Path(name) / str(size), size)
                    results.setdefault(f"{recipe}, {size:,}", []).append(result)
                    log(json.dumps(result))
    return {name: spread_by_key(of_row) for name, of_row in results.items()}


def print_report(results: dict[str, dict]) -> None:
    rows = [
        [
            name,
            *(median_range(row[key], 1) for key in COLUMNS),
            f"{row['peak_megabytes']['high']:.0f}",
        ]
        for name, row in results.items()
    ]
    title = "Training on more and more data, from process start to the finished run"
    print_table(title, ["", "µs an image", "seconds", "peak MiB"], rows)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="images, with commas")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, separated by commas")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; 3")
    options = parser.parse_args()
    from tenfold.runs.record import versions

    sizes = [int(size) for size in options.sizes.split(",")]
    results = measure(options.recipes.split(","), sizes, options.repeats)
    print_report(results)
    report = {"machine": machine(), "versions": versions(), "training": results}
    print_json(report, options.json)


if __name__ == "__main__":
    main()
