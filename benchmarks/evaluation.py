"""Time and memory of judging a run: what somebody waits for after the training.

What is measured
    evaluate, first   `tenfold evaluate RUN`, which loads the data, asks the network for its
                      answers on the 10,000 test images, explains some, and keeps it all
    evaluate, again   the same command once more, which reads the answers that were kept
    evaluate --json   all figures with their intervals, of the answers that were kept
    report            `tenfold report RUN`, the page, of the answers that were kept

How
    The script trains each recipe once on MNIST, one seed, into a temporary folder. A round copies
    the run and runs the four commands on the copy in this order, each in a fresh process, all
    with a warm cache of tenfold's; rounds take the recipes in turn. The clock runs from before the
    process exists until it has ended. The peak is that of the one process (ru_maxrss), as the
    kernel reports it at the end. The table has median, lowest and highest over the rounds; the
    JSON every single value. All runs on the processor.

Versions
    tenfold and what it stands on are those installed beside the Python that runs this script;
    they are in the JSON.

    python benchmarks/evaluation.py                    # about two minutes on two cores
    python benchmarks/evaluation.py --json out.json    # keep the JSON as well
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine
from processes import MEGABYTES, ON_THE_CPU
from summaries import spread
from tables import print_table

RECIPES = ("dense-512", "quick")
COMMANDS = {
    "evaluate, first": ["evaluate", "RUN"],
    "evaluate, again": ["evaluate", "RUN"],
    "evaluate --json": ["evaluate", "RUN", "--json"],
    "report": ["report", "RUN"],
}


def tenfold(arguments: list[str]) -> dict:
    """Run a command of tenfold's in a process of its own: its seconds and its peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tenfold", *arguments],
        env=os.environ | ON_THE_CPU,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"tenfold {' '.join(arguments)} failed: exit code {process.returncode}")
    return {"seconds": seconds, "peak_megabytes": usage.ru_maxrss / MEGABYTES}


def judge(trained: Path, folder: Path) -> dict[str, dict]:
    """Judge a copy of a trained run by every command in turn."""
    copy = shutil.copytree(trained, folder / "copy")
    found = {
        name: tenfold([str(copy) if part == "RUN" else part for part in command])
        for name, command in COMMANDS.items()
    }
    found["report"]["page_bytes"] = (copy / "report.html").stat().st_size
    shutil.rmtree(copy)
    return found


def measure(repeats: int) -> dict[str, dict]:
    """Train, then judge every recipe in each round; figures by recipe and command."""
    with tempfile.TemporaryDirectory(prefix="tenfold-benchmark-") as name:
        folder = Path(name)
        for recipe in RECIPES:
            tell(f"training {recipe}")
            tenfold(["train", recipe, "--out", str(folder / recipe)])
        rounds = []
        for turn in range(repeats):
            tell(f"round {turn + 1} of {repeats}")
            rounds.append({recipe: judge(folder / recipe, folder) for recipe in RECIPES})
    return {
        recipe: {command: summary([r[recipe][command] for r in rounds]) for command in COMMANDS}
        for recipe in RECIPES
    }


def summary(answers: list[dict]) -> dict:
    pages = [answer["page_bytes"] for answer in answers if "page_bytes" in answer]
    found = {
        "seconds": spread([answer["seconds"] for answer in answers]),
        "peak_megabytes": max(answer["peak_megabytes"] for answer in answers),
    }
    return found | ({"page_bytes": max(pages)} if pages else {})


def print_report(found: dict[str, dict]) -> None:
    rows = [
        [
            f"{recipe}: {command}",
            "{median:.2f} ({low:.2f}-{high:.2f})".format(**row["seconds"]),
            f"{row['peak_megabytes']:.0f}",
            f"{row['page_bytes'] / 1024:.0f}" if "page_bytes" in row else "",
        ]
        for recipe, commands in found.items()
        for command, row in commands.items()
    ]
    title = "Judging a run on MNIST's 10,000 test images, from process start"
    print_table(title, ["", "seconds", "peak MiB", "page KiB"], rows)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds; 5")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also keep the line of JSON")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats {options.repeats}; a whole number from 1 up is needed")
    from tenfold.runs.record import versions

    found = measure(options.repeats)
    print_report(found)
    line = json.dumps(
        {"benchmark": "judging", "machine": machine(), "versions": versions(), "judging": found}
    )
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
