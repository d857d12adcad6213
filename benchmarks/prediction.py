"""Answers side by side: tenfold's artifact in ONNX Runtime, and Keras's predict on TensorFlow.

What is measured
    10,000   seconds for the 10,000 test images at once, in a process that is warm
    one      seconds for one image, alone, in the same process
    start    seconds from before the process exists until it has answered its first image: imports,
             opening the file, the answer
    memory   peak of the process, the 10,000 images included

How
    The script trains each recipe once on MNIST, one seed, exports it in float32 and in int8, and
    hands the same network to Keras as the `.keras` file of the run; the network that comes with
    tenfold, the mean of two, is taken as it is, and goes to Keras with its weights. Every figure
    comes from a fresh child process; a round runs each contestant once and starts with another one
    each time.
    A child answers all images 7 times after a first time that does not count, and one image 300
    times (Keras 100 times) after 20; its figure is the median. The table has the median over the
    rounds, lowest and highest; ratios are those of medians. tenfold takes bytes and scales them
    within the clock; Keras takes float32 that was scaled before. Keras is asked in its default
    batches of 32, and in batches of 1,000. All run on the processor, with the number of threads
    each chooses.

Versions
    tensorflow 2.21.0 with keras 3.15.1, in an environment of its own, which this script makes.
    tenfold and ONNX Runtime are those installed beside the Python running this script. What was
    used is in the JSON.

    python benchmarks/prediction.py                  # about six minutes on two cores
    python benchmarks/prediction.py --json out.json  # keep the JSON as well
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from environments import environment
from machine import machine
from processes import Contestant, run_child
from summaries import spread
from tables import print_table
from training import PINS, at_least, tell

SHIPPED = "reader"
RECIPES = ("dense-512", "quick", SHIPPED)
OURS = Contestant("tenfold", "tenfold_predict", Path(sys.executable))


def ask(who: Contestant, network: str, folder: Path, module: str | None = None) -> dict:
    job = {"network": network, "epochs": None, "seed": 0, "data": str(folder)}
    answer = run_child(who, job, module=module, variables={})
    tell(f"{module or who.name}: {network}: {answer['wall_seconds']:.1f} s")
    return answer


def prepare(folder: Path) -> None:
    """Write the test images, train and export; in children, so that this process stays small."""
    ask(OURS, "data", folder, "tenfold_data")
    for recipe in RECIPES:
        ask(OURS, recipe, folder, "tenfold_export")


def measure(folder: Path, peer: Contestant, repeats: int) -> tuple[dict, dict]:
    """Ask every contestant in each round; answers by recipe and row, and the versions."""
    lanes = [(OURS, "tenfold", ""), (OURS, "tenfold, int8", "-int8"), (peer, "Keras predict", "")]
    found: dict[str, dict[str, list[dict]]] = {recipe: {} for recipe in RECIPES}
    versions: dict[str, dict] = {}
    for turn in range(repeats):
        for recipe in RECIPES:
            for who, name, kind in lanes[turn % 3 :] + lanes[: turn % 3]:
                if kind and recipe == SHIPPED:  # as float32 alone
                    continue
                answer = ask(who, recipe + kind, folder)
                versions[who.name] = answer["versions"]
                for variant, row in answer["rows"].items():
                    found[recipe].setdefault(name + variant, []).append(answer | row)
    return found, versions


def summary(answers: list[dict]) -> dict:
    return {
        "many_seconds": spread([statistics.median(found["many_seconds"]) for found in answers]),
        "one_seconds": spread([statistics.median(found["one_seconds"]) for found in answers]),
        "start_seconds": spread([found["marks"]["answered"] for found in answers]),
        "accuracy": answers[0]["accuracy"],
        "peak_megabytes": max(found["peak_megabytes"] for found in answers),
    }


def print_report(rows: dict[str, dict[str, dict]]) -> None:
    header = ["", "10,000, ms", "times as long", "one, µs", "start, s", "peak MiB", "test %"]
    for recipe, found in rows.items():
        own = found["tenfold"]["many_seconds"]["median"]
        cells = [
            [
                name,
                _range(row["many_seconds"], 1e3),
                f"{row['many_seconds']['median'] / own:.2f}",
                _range(row["one_seconds"], 1e6),
                f"{row['start_seconds']['median']:.2f}",
                f"{row['peak_megabytes']:.0f}",
                f"{100 * row['accuracy']:.2f}",
            ]
            for name, row in found.items()
        ]
        print_table(f"Answers of {recipe}: median (lowest-highest)", header, cells)


def _range(values: dict, scale: float) -> str:
    median, low, high = (scale * values[name] for name in ("median", "low", "high"))
    return f"{median:.0f} ({low:.0f}-{high:.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    place = Path.home() / ".cache" / "tenfold-benchmarks"
    parser.add_argument("--repeats", type=at_least(1), default=5, help="rounds; 5")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also keep the line of JSON")
    parser.add_argument("--environments", type=Path, default=place, metavar="PATH")
    options = parser.parse_args()
    python = environment(options.environments.expanduser() / "tensorflow", PINS["tensorflow"])
    variables = {"KERAS_BACKEND": "tensorflow"}
    peer = Contestant("tensorflow", "keras_predict", python, variables, own_environment=True)
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as folder:
        prepare(Path(folder))
        found, versions = measure(Path(folder), peer, options.repeats)
    rows = {
        recipe: {name: summary(answers) for name, answers in by_name.items()}
        for recipe, by_name in found.items()
    }
    print_report(rows)
    line = json.dumps(
        {
            "benchmark": "prediction",
            "machine": machine(),
            "versions": versions,
            "rounds": options.repeats,
            "recipes": rows,
        }
    )
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
