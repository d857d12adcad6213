"""Start-up: what somebody waits for before tenfold does what they asked for.

What is measured
    import tenfold    `python -c "import tenfold"`, the interpreter's own start included
    --help            `tenfold --help`
    first step        `tenfold train RECIPE` until the first steps of its first epoch are made:
                      start, imports, data, network, program
    whole             `tenfold train RECIPE` from process start until it has ended

How
    Every figure comes from fresh processes; rounds take all in turn. Of training, each round has
    one with an empty cache of tenfold's ("first ever": data are unpacked, programs compiled) and
    one with the cache that this left ("warm"). Two clocks: the wall's, from before the process
    exists until it has ended, and the processor time of the process, all its threads together,
    which says more on a machine that is shared. The table has medians, lowest and highest; the
    JSON every value. All runs on the processor.

Versions
    tenfold and what it stands on are those installed beside the Python that runs this script;
    they are in the JSON.

    python benchmarks/startup.py                # about three minutes on two idle cores
    python benchmarks/startup.py --repeats 3 --recipes dense-512
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine
from processes import ON_THE_CPU
from summaries import spread
from tables import print_table

RECIPES = ("dense-512", "quick")
TENFOLD = [sys.executable, "-m", "tenfold"]
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
    """Run a command in a process of its own: seconds of the wall's clock and of the processor."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=os.environ | ON_THE_CPU | {"TENFOLD_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)[:100]} failed: exit code {process.returncode}")
    return {"seconds": seconds, "processor": usage.ru_utime + usage.ru_stime}


def measure_round(recipes: list[str], folder: Path) -> dict[str, dict]:
    """Run everything once."""
    found = {
        "import tenfold": run([sys.executable, "-c", "import tenfold"], folder),
        "tenfold --help": run([*TENFOLD, "--help"], folder),
    }
    for recipe in recipes:
        cache, step = folder / f"cache-{recipe}", [sys.executable, "-c", FIRST_STEP]
        commands = {"whole, first ever": TENFOLD, "whole, warm": TENFOLD, "first step, warm": step}
        for what, command in commands.items():
            arguments = ["train", recipe, "--out", str(folder / f"{recipe} {what}")]
            found[f"{recipe}: {what}"] = run([*command, *arguments], cache)
    return found


def measure(recipes: list[str], repeats: int) -> dict[str, dict]:
    rounds = []
    for turn in range(repeats):
        print(f"round {turn + 1} of {repeats}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
            rounds.append(measure_round(recipes, Path(name)))
    return {
        name: {clock: spread([found[name][clock] for found in rounds]) for clock in rounds[0][name]}
        for name in rounds[0]
    }


def print_report(found: dict[str, dict]) -> None:
    cell = "{median:.2f} ({low:.2f}-{high:.2f})"
    rows = [
        [name, cell.format(**row["seconds"]), cell.format(**row["processor"])]
        for name, row in found.items()
    ]
    print_table("Start-up, in fresh processes", ["", "seconds", "processor seconds"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds; 5")
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, with commas")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also keep the line of JSON")
    options = parser.parse_args()
    from tenfold.runs.record import versions

    found = measure(options.recipes.split(","), options.repeats)
    print_report(found)
    line = json.dumps({"machine": machine(), "versions": versions(), "startup": found})
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
