"""Time and memory of evaluating a run.

What is measured
    evaluate, first   `tenfold evaluate RUN`: loads the data, predicts the 10,000 test images,
                      explains some of them, and saves the predictions
    evaluate, again   the same command again, which reads the saved predictions
    evaluate --json   all figures with their intervals, from the saved predictions
    report            `tenfold report RUN`: the HTML page, from the saved predictions

How
    The script trains each recipe once on MNIST, one seed, into a temporary folder. A round copies
    the run and runs the four commands on the copy in this order, each in a fresh process and with
    a warm cache of tenfold; rounds alternate between the recipes. Seconds are wall clock, from
    before the process exists until it has ended. The peak is ru_maxrss of the one process. The
    table has median, minimum and maximum over the rounds; the JSON has every value. All runs on
    the CPU.

Versions
    tenfold and its dependencies are those of the Python that runs this script; they are in the
    JSON.

    python benchmarks/evaluation.py                    # about two minutes on two cores
    python benchmarks/evaluation.py --json out.json    # write the JSON to a file as well
"""

import shutil
import tempfile
from pathlib import Path

from command_line import at_least, log, make_parser, print_json
from machine import machine
from processes import TENFOLD, measure_command
from summaries import spread
from tables import median_range, print_table

RECIPES = ("dense-512", "quick")
COMMANDS = {
    "evaluate, first": ["evaluate", "RUN"],
    "evaluate, again": ["evaluate", "RUN"],
    "evaluate --json": ["evaluate", "RUN", "--json"],
    "report": ["report", "RUN"],
}


def tenfold(arguments: list[str]) -> dict:
    """Run a command of tenfold; return its seconds and its peak memory."""
    measured = measure_command([*TENFOLD, *arguments])
    return {"seconds": measured.seconds, "peak_megabytes": measured.peak_megabytes}


def run_commands(trained: Path, folder: Path) -> dict[str, dict]:
    """Run every command on a copy of a trained run."""
    copy = shutil.copytree(trained, folder / "copy")
    results = {
        name: tenfold([str(copy) if part == "RUN" else part for part in command])
        for name, command in COMMANDS.items()
    }
    results["report"]["page_bytes"] = (copy / "report.html").stat().st_size
    shutil.rmtree(copy)
    return results


def measure(repeats: int) -> dict[str, dict]:
    """Train each recipe, run the commands in each round; figures by recipe and command."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        folder = Path(name)
        for recipe in RECIPES:
            log(f"training {recipe}")
            tenfold(["train", recipe, "--out", str(folder / recipe)])
        rounds = []
        for turn in range(repeats):
            log(f"round {turn + 1} of {repeats}")
            rounds.append({recipe: run_commands(folder / recipe, folder) for recipe in RECIPES})
    return {
        recipe: {command: summary([r[recipe][command] for r in rounds]) for command in COMMANDS}
        for recipe in RECIPES
    }


def summary(results: list[dict]) -> dict:
    figures = {
        "seconds": spread([result["seconds"] for result in results]),
        "peak_megabytes": max(result["peak_megabytes"] for result in results),
    }
    pages = [result["page_bytes"] for result in results if "page_bytes" in result]
    return figures | ({"page_bytes": max(pages)} if pages else {})


def print_report(results: dict[str, dict]) -> None:
    rows = [
        [
            f"{recipe}: {command}",
            median_range(row["seconds"]),
            f"{row['peak_megabytes']:.0f}",
            f"{row['page_bytes'] / 1024:.0f}" if "page_bytes" in row else "",
        ]
        for recipe, commands in results.items()
        for command, row in commands.items()
    ]
    title = "Evaluation of a run on MNIST's 10,000 test images, from process start"
    print_table(title, ["", "seconds", "peak MiB", "page KiB"], rows)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=at_least(1), default=5, help="rounds; 5")
    options = parser.parse_args()
    from tenfold.runs.record import versions

    results = measure(options.repeats)
    print_report(results)
    report = {"benchmark": "evaluation", "machine": machine(), "versions": versions()}
    print_json(report | {"evaluation": results}, options.json)


if __name__ == "__main__":
    main()
