"""Many networks in one program: seconds per network, compared with one network alone.

What is measured
    The time of an epoch of 1, 8, 32 and 128 networks of a recipe in one program, divided by their
    number; also of 1,000 where JAX has a GPU. Each network has its own seed and its own order of
    the images.

How
    The data are the first 6,000 training images of MNIST. Every number of networks runs in a fresh
    process, which builds the networks and trains one epoch, which compiles the program; the figure
    is the median of the epochs after that. Rounds alternate between the numbers. Seconds are wall
    clock, and CPU time of all threads of the process, which is more reliable on a shared machine.
    The peak is ru_maxrss of the process. The table has median, minimum and maximum over the
    rounds; the JSON has every value.

Versions
    tenfold and its dependencies are those of the Python that runs this script; they are in the
    JSON.

    python benchmarks/many.py                   # about ten minutes on two idle cores
    python benchmarks/many.py --recipes sigmoid-64 --networks 1,32 --repeats 1
"""

import argparse
import json
import statistics
import sys
import time

from command_line import log, make_parser, print_json
from machine import machine
from processes import measure_command
from summaries import spread_by_key
from tables import median_range, print_table

RECIPES = ("sigmoid-64", "dense-47", "quick")
NETWORKS = (1, 8, 32, 128)
NETWORKS_ON_GPU = (1000,)
IMAGES, EPOCHS = 6_000, 2


def train(recipe: str, networks: int) -> dict:
    """Train in this process; return the seconds per epoch and network, after the first epoch."""
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


def train_in_child(recipe: str, networks: int) -> dict:
    """Train in a fresh process; return the same figures and its peak memory."""
    command = [sys.executable, __file__, "--one", recipe, "--networks", str(networks)]
    measured = measure_command(command, variables={})
    result = json.loads(measured.output.splitlines()[-1])
    return result | {"peak_megabytes": measured.peak_megabytes}


def measure(names: list[str], numbers: list[int], repeats: int) -> dict[str, dict]:
    results: dict[str, list] = {}
    for _ in range(repeats):
        for name in names:
            for number in numbers:
                result = train_in_child(name, number)
                log(f"{name} {number} {result}")
                results.setdefault(f"{name}, {number}", []).append(result)
    return {name: spread_by_key(of_row) for name, of_row in results.items()}


def print_report(results: dict[str, dict]) -> None:
    rows = []
    for name, row in results.items():
        alone, cells = results.get(f"{name.split(',')[0]}, 1"), [name]
        for clock in ("seconds", "processor"):
            median = row[clock]["median"]
            ratio = median / alone[clock]["median"] if alone else float("nan")
            cells += [median_range(row[clock], 4), f"{ratio:.2f}"]
        rows.append([*cells, f"{row['peak_megabytes']['high']:.0f}"])
    title = f"An epoch of {IMAGES:,} images, many networks in one program: seconds per network"
    header = ["", "seconds", "/ one alone", "CPU seconds", "/ one alone", "peak MiB"]
    print_table(title, header, rows)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--recipes", default=",".join(RECIPES), help="names, separated by commas")
    parser.add_argument("--networks", help="numbers of networks, separated by commas")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; 3")
    parser.add_argument("--one", metavar="RECIPE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(train(options.one, int(options.networks))))
        return
    from tenfold.core.backend import jax
    from tenfold.runs.record import versions

    gpu = jax.default_backend() == "gpu"
    standard = NETWORKS + NETWORKS_ON_GPU if gpu else NETWORKS
    numbers = list(map(int, options.networks.split(","))) if options.networks else list(standard)
    results = measure(options.recipes.split(","), numbers, options.repeats)
    print_report(results)
    print("" if gpu else "\n1,000 networks were not run: JAX has no GPU")
    report = {"machine": machine(), "device": jax.default_backend(), "versions": versions()}
    print_json(report | {"many": results}, options.json)


if __name__ == "__main__":
    main()
