"""Many networks at once: seconds a network, in one program, against one network alone.

What is measured
    An epoch of 1, 8, 32 and 128 networks of a recipe in one program, each from its own seed and
    with its own order of the images; divided by their number. Where JAX sees a GPU, 1,000 as well.

How
    The first 6,000 training images of MNIST. Every number of networks runs in a fresh process:
    the networks are built, an epoch is trained, which compiles the program, and then more, whose
    median counts. Networks are built and compiled outside of the clock. Rounds take the numbers
    in turn. Beside the wall's clock the processor time of the process counts, all its threads
    together, which says more on a machine that is shared. The peak is that of the process
    (ru_maxrss). The table has medians, lowest and highest of the rounds; the JSON every value.

Versions
    tenfold and what it stands on are those installed beside the Python that runs this script;
    they are in the JSON.

    python benchmarks/many.py                   # about ten minutes on two idle cores
    python benchmarks/many.py --recipes sigmoid-64 --networks 1,32 --repeats 1
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import machine
from processes import MEGABYTES
from summaries import spread
from tables import print_table

RECIPES = ("sigmoid-64", "dense-47", "quick")
NETWORKS = (1, 8, 32, 128)
ON_A_GPU = (1000,)
IMAGES, EPOCHS = 6_000, 2


def train(recipe: str, networks: int) -> dict:
    """Train in this process: seconds of an epoch for each network, after the first epoch."""
    import tenfold
    from tenfold import engine
    from tenfold.networks import recipes

    data, chosen = tenfold.load("mnist").train[:IMAGES], recipes.recipe(recipe)
    seeds = list(range(networks))
    models = engine.build_networks(chosen, (28, 28), 10, IMAGES, seeds)
    program = engine.Program.from_recipe(models, chosen, (28, 28), 10)
    state = engine.initial_state(models)
    on_device, seconds, processor = engine.DeviceData(data), [], []
    for epoch in range(1 + EPOCHS):
        start, used = time.perf_counter(), time.process_time()
        state, logs = engine.run_epoch(program, state, on_device, epoch, seeds)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return {
        "seconds": statistics.median(seconds[1:]) / networks,
        "processor": statistics.median(processor[1:]) / networks,
        "accuracy": float(logs["accuracy"].mean()),
    }


def train_apart(recipe: str, networks: int) -> dict:
    """The same in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--one", recipe, "--networks", str(networks)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{recipe}, {networks} networks: exit code {process.returncode}")
    return json.loads(output.splitlines()[-1]) | {"peak_megabytes": usage.ru_maxrss / MEGABYTES}


def measure(names: list[str], numbers: list[int], repeats: int) -> dict[str, dict]:
    answers: dict[tuple[str, int], list] = {}
    for _ in range(repeats):
        for name in names:
            for number in numbers:
                answer = train_apart(name, number)
                print(name, number, answer, file=sys.stderr, flush=True)
                answers.setdefault((name, number), []).append(answer)
    return {
        f"{name}, {number}": {key: spread([one[key] for one in found]) for key in found[0]}
        for (name, number), found in answers.items()
    }


def print_report(found: dict[str, dict]) -> None:
    rows = []
    for name, row in found.items():
        alone, cells = found.get(f"{name.split(',')[0]}, 1"), [name]
        for clock in ("seconds", "processor"):
            own = row[clock]
            times = own["median"] / alone[clock]["median"] if alone else float("nan")
            cells += ["{median:.4f} ({low:.4f}-{high:.4f})".format(**own), f"{times:.2f}"]
        rows.append([*cells, f"{row['peak_megabytes']['high']:.0f}"])
    title = f"An epoch of {IMAGES:,} images, many networks in one program: seconds a network"
    header = ["", "seconds", "of one alone", "processor seconds", "of one alone", "peak MiB"]
    print_table(title, header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, with commas")
    parser.add_argument("--networks", help="numbers of networks, with commas")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; 3")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also keep the line of JSON")
    parser.add_argument("--one", metavar="RECIPE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(train(options.one, int(options.networks))))
        return
    from tenfold.core.backend import jax
    from tenfold.runs.record import versions

    gpu = jax.default_backend() == "gpu"
    standard = NETWORKS + ON_A_GPU if gpu else NETWORKS
    numbers = list(map(int, options.networks.split(","))) if options.networks else list(standard)
    found = measure(options.recipes.split(","), numbers, options.repeats)
    print_report(found)
    print("" if gpu else "\n1,000 networks were not run: JAX sees no GPU here")
    report = {"machine": machine(), "device": jax.default_backend(), "versions": versions()}
    line = json.dumps(report | {"many": found})
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
