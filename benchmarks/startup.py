"""Start-up time: imports, help, and the first steps of a training.

What is measured
    import tenfold    `python -c "import tenfold"`, including the start of the interpreter
    --help            `tenfold --help`
    first step        `tenfold train RECIPE` until the first steps of its first epoch are
                      complete: start, imports, data, network, program
    whole             `tenfold train RECIPE` from process start until it has ended

How
    Every figure comes from a fresh process; a round runs each command once. A round trains once
    with an empty cache of tenfold ("first ever": it unpacks data and compiles programs) and once
    with the cache that this training filled ("warm"). Seconds are wall clock, from before the
    process exists until it has ended, and CPU time of all threads of the process, which is more
    reliable on a shared machine. The table has median, minimum and maximum; the JSON has every
    value. All runs on the CPU.

Versions
    tenfold and its dependencies are those of the Python that runs this script; they are in the
    JSON.

    python benchmarks/startup.py                # about three minutes on two idle cores
    python benchmarks/startup.py --repeats 3 --recipes dense-512
"""

import sys
import tempfile
from pathlib import Path

from command_line import log, make_parser, print_json
from machine import machine
from processes import CPU_ONLY, TENFOLD, measure_command
from summaries import spread_by_key
from tables import median_range, print_table

RECIPES = ("dense-512", "quick")
FIRST_STEP = """
import os, sys
from tenfold.cli import main
import tenfold.engine.program as program
whole = program.Program.train_epoch
def first(*args, **named):
    next(whole(*args, **named))
    os._exit(0)
program.Program.train_epoch = first
main()
"""


def run(command: list[str], cache: Path) -> dict:
    """Run a command in a fresh process; return its wall-clock seconds and its CPU seconds."""
    measured = measure_command(command, CPU_ONLY | {"TENFOLD_CACHE": str(cache)})
    return {"seconds": measured.seconds, "processor": measured.cpu_seconds}


def measure_round(recipes: list[str], folder: Path) -> dict[str, dict]:
    """Run every command once."""
    results = {
        "import tenfold": run([sys.executable, "-c", "import tenfold"], folder),
        "tenfold --help": run([*TENFOLD, "--help"], folder),
    }
    for recipe in recipes:
        cache, step = folder / f"cache-{recipe}", [sys.executable, "-c", FIRST_STEP]
        commands = {"whole, first ever": TENFOLD, "whole, warm": TENFOLD, "first step, warm": step}
        for what, command in commands.items():
            arguments = ["train", recipe, "--out", str(folder / f"{recipe} {what}")]
            results[f"{recipe}: {what}"] = run([*command, *arguments], cache)
    return results


def measure(recipes: list[str], repeats: int) -> dict[str, dict]:
    rounds = []
    for turn in range(repeats):
        log(f"round {turn + 1} of {repeats}")
        with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
            rounds.append(measure_round(recipes, Path(name)))
    return {name: spread_by_key([results[name] for results in rounds]) for name in rounds[0]}


def print_report(results: dict[str, dict]) -> None:
    rows = [
        [name, median_range(row["seconds"]), median_range(row["processor"])]
        for name, row in results.items()
    ]
    print_table("Start-up, in fresh processes", ["", "seconds", "CPU seconds"], rows)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="rounds; 5")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, separated by commas")
    options = parser.parse_args()
    from tenfold.runs.record import versions

    results = measure(options.recipes.split(","), options.repeats)
    print_report(results)
    report = {"machine": machine(), "versions": versions(), "startup": results}
    print_json(report, options.json)


if __name__ == "__main__":
    main()
