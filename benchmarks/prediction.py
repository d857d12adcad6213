"""Prediction by tenfold's model file in ONNX Runtime and by Keras's predict on TensorFlow.

What is measured
    10,000   seconds for the 10,000 test images at once, in a warm process
    one      seconds for one image alone, in the same process
    start    seconds from before the process exists until its first prediction: imports, loading
             the model file, predicting
    memory   peak of the process, including the 10,000 images

How
    The script trains each recipe once on MNIST, one seed, exports it in float32 and in int8, and
    gives Keras the same network as the `.keras` file of the run. The reader in the package, the
    mean of two networks, is measured as it is, and by Keras with the same weights. Every figure
    comes from a fresh child process; a round runs each contestant once, each time in another order.
    A child predicts all images 7 times after one warm-up, and one image 300 times (Keras 100 times)
    after 20 warm-ups; its figure is the median. The table has median, minimum and maximum over the
    rounds; ratios are those of medians. tenfold takes uint8 and scales it within the measured time;
    Keras takes float32 that was scaled before. Keras predicts in its default batches of 32, and in
    batches of 1,000. All run on the CPU, with their default numbers of threads.

Versions
    tensorflow 2.21.0 with keras 3.15.1, in a separate environment, which this script creates.
    tenfold and ONNX Runtime are those of the Python that runs this script. The JSON lists them.

    python benchmarks/prediction.py                  # about six minutes on two cores
    python benchmarks/prediction.py --json out.json  # write the JSON to a file as well
"""

import statistics
import sys
import tempfile
from pathlib import Path

from command_line import at_least, log, make_parser, print_json
from environments import FOLDER, environment
from machine import machine
from processes import Contestant, rotated, run_child
from summaries import spread
from tables import median_range, print_table
from training import PINS

READER = "reader"
RECIPES = ("dense-512", "quick", READER)
TENFOLD = Contestant("tenfold", "tenfold_predict", Path(sys.executable))


def run(contestant: Contestant, network: str, folder: Path, module: str | None = None) -> dict:
    job = {"network": network, "epochs": None, "seed": 0, "data": str(folder)}
    result = run_child(contestant, job, module=module)
    log(f"{module or contestant.name}: {network}: {result['wall_seconds']:.1f} s")
    return result


def prepare(folder: Path) -> None:
    """Write the test images, train and export, in child processes that keep this one small."""
    run(TENFOLD, "data", folder, "tenfold_data")
    for recipe in RECIPES:
        run(TENFOLD, recipe, folder, "tenfold_export")


def measure(folder: Path, peer: Contestant, repeats: int) -> tuple[dict, dict]:
    """Run every contestant in each round; results by recipe and row, and the versions."""
    lanes = [
        (TENFOLD, "tenfold", ""),
        (TENFOLD, "tenfold, int8", "-int8"),
        (peer, "Keras predict", ""),
    ]
    results: dict[str, dict[str, list[dict]]] = {recipe: {} for recipe in RECIPES}
    versions: dict[str, dict] = {}
    for turn in range(repeats):
        for recipe in RECIPES:
            for contestant, name, suffix in rotated(lanes, turn):
                if suffix and recipe == READER:  # packaged in float32 only
                    continue
                result = run(contestant, recipe + suffix, folder)
                versions[contestant.name] = result["versions"]
                for variant, row in result["rows"].items():
                    results[recipe].setdefault(name + variant, []).append(result | row)
    return results, versions


def summary(results: list[dict]) -> dict:
    return {
        "many_seconds": spread([statistics.median(result["many_seconds"]) for result in results]),
        "one_seconds": spread([statistics.median(result["one_seconds"]) for result in results]),
        "start_seconds": spread([result["marks"]["predicted"] for result in results]),
        "accuracy": results[0]["accuracy"],
        "peak_megabytes": max(result["peak_megabytes"] for result in results),
    }


def print_report(rows: dict[str, dict[str, dict]]) -> None:
    header = ["", "10,000, ms", "/ tenfold", "one, µs", "start, s", "peak MiB", "test %"]
    for recipe, by_name in rows.items():
        own = by_name["tenfold"]["many_seconds"]["median"]
        cells = [
            [
                name,
                median_range(row["many_seconds"], 0, 1e3),
                f"{row['many_seconds']['median'] / own:.2f}",
                median_range(row["one_seconds"], 0, 1e6),
                f"{row['start_seconds']['median']:.2f}",
                f"{row['peak_megabytes']:.0f}",
                f"{100 * row['accuracy']:.2f}",
            ]
            for name, row in by_name.items()
        ]
        print_table(f"Predictions of {recipe}: median (lowest-highest)", header, cells)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=at_least(1), default=5, help="rounds; 5")
    parser.add_argument("--environments", type=Path, default=FOLDER, metavar="PATH")
    options = parser.parse_args()
    python = environment(options.environments.expanduser() / "tensorflow", PINS["tensorflow"])
    variables = {"KERAS_BACKEND": "tensorflow"}
    peer = Contestant("tensorflow", "keras_predict", python, variables, own_environment=True)
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as folder:
        prepare(Path(folder))
        results, versions = measure(Path(folder), peer, options.repeats)
    rows = {
        recipe: {name: summary(of_row) for name, of_row in by_name.items()}
        for recipe, by_name in results.items()
    }
    print_report(rows)
    report = {
        "benchmark": "prediction",
        "machine": machine(),
        "versions": versions,
        "rounds": options.repeats,
        "recipes": rows,
    }
    print_json(report, options.json)


if __name__ == "__main__":
    main()
