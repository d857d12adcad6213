"""Seconds from process start to a test accuracy of 98, 99 and 99.5 %.

What is measured
    From before the process exists until the accuracy on MNIST's 10,000 test images is known:
    interpreter, imports, data, compilation, training, evaluation. For tenfold this includes the run
    folder with calibration, models, exports and figures, as `tenfold.train` writes it.

How
    tenfold trains one recipe for each target, chosen on validation images, to its last epoch, over
    several seeds, and opens the test set once for each; the recipe reaches a target if the mean
    over seeds does. "first run ever" starts with an empty cache (it unpacks data and compiles the
    program), "warm cache" is every later run. The peers' own example networks are evaluated on the
    test images after each epoch and reach a target at the first epoch that does, which favours
    them: Keras's `mnist_convnet` on TensorFlow (15 epochs, batches of 128, Adam) and PyTorch's
    `mnist` (14 epochs, batches of 64, Adadelta with a decay of 0.7), with its images as tensors in
    memory. Every figure comes from a fresh process; rounds alternate between the contestants. The
    table has median, minimum and maximum.

Versions
    As in training.py, whose environments are shared; the JSON lists them.

    python benchmarks/time_to_accuracy.py --json out.json
    python benchmarks/time_to_accuracy.py --seeds 2 --peers ""      # tenfold alone
"""

import argparse
import statistics
import sys
from pathlib import Path

from command_line import at_least, choices, log, make_parser, print_json, rounded
from environments import FOLDER, environment
from machine import machine
from processes import Contestant, ProcessFailed, empty_cache, run_child, write_peer_data
from summaries import spread
from tables import median_range, print_table
from training import PINS

RECIPES = {98.0: "instant", 99.0: "quick", 99.5: "conv"}
PEERS = {
    "Keras's example, TensorFlow": ("tensorflow", "keras_example", 15),
    "PyTorch's example": ("pytorch", "torch_example", 14),
}
COLD, WARM = "first run ever", "warm cache"


class Bench:
    """The contestants and the folder of their data."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.data = options.environments / "mnist"
        self.tenfold = Contestant("tenfold", "tenfold_train", Path(sys.executable))

    def child(
        self,
        contestant: Contestant,
        epochs: int | None,
        cache: Path | None = None,
        **fields: object,
    ) -> dict | None:
        """Run one child; if it fails, log the error and return None."""
        job = {"network": "cnn", "data": str(self.data), "epochs": epochs, **fields}
        variables = {"TENFOLD_CACHE": str(cache)} if cache else {}
        try:
            return run_child(contestant, job, variables=variables)
        except ProcessFailed as error:
            log(f"FAILED {contestant.name}: {error}")
            return None

    def train(self, target: float, seed: int, cache: Path) -> dict | None:
        """Train the recipe of a target; return the seconds until evaluated, and the accuracy."""
        network = RECIPES[target]
        result = self.child(self.tenfold, None, cache, network=network, seed=seed, validation=5000)
        if result is None:
            return None
        seconds, accuracy = result["marks"]["evaluated"], result["test_accuracy"]
        log(f"{network}, seed {seed}: {seconds:.1f} s, {accuracy:.4f}")
        figures = {"seconds": seconds, "accuracy": accuracy}
        return figures | {"marks": result["marks"], "versions": result["versions"]}

    def peer(self, name: str, seed: int) -> dict | None:
        """Train a peer's example to the highest target or to its last epoch."""
        pins, module, epochs = PEERS[name]
        python = environment(self.options.environments / pins, PINS[pins])
        variables = {"KERAS_BACKEND": pins} if pins == "tensorflow" else {}
        contestant = Contestant(name, module, python, variables, own_environment=True)
        self.child(contestant, 0, seed=seed)  # loads its files into the file cache
        enough = max(self.options.marks) / 100
        result = self.child(contestant, epochs, seed=seed, enough=enough)
        if result:
            log(f"{name}, seed {seed}: {result['reached'][-1]}")
        return result


def measure_tenfold(bench: Bench) -> dict[str, dict]:
    """Measure every recipe: with an empty cache for some seeds, with a warm cache for each."""
    results: dict[str, dict] = {
        RECIPES[target]: {COLD: [], WARM: []} for target in bench.options.marks
    }
    with empty_cache() as warm:
        for target in bench.options.marks:  # fills the cache; not measured
            bench.train(target, bench.options.seeds, warm)
        for seed in range(bench.options.seeds):
            for target in bench.options.marks:
                rows = results[RECIPES[target]]
                rows[WARM].append(bench.train(target, seed, warm))
                if seed < bench.options.first:
                    with empty_cache() as empty:
                        rows[COLD].append(bench.train(target, seed, empty))
    return {
        recipe: {state: summary([r for r in runs if r]) for state, runs in rows.items()}
        for recipe, rows in results.items()
    }


def summary(results: list[dict]) -> dict | None:
    if not results:
        return None
    accuracies = [result["accuracy"] for result in results]
    return {
        "seconds": spread([result["seconds"] for result in results]),
        "mean_accuracy": statistics.fmean(accuracies),
        "sd": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "accuracies": accuracies,
        "marks": [result["marks"] for result in results],
        "versions": results[0]["versions"],
    }


def measure_peers(bench: Bench) -> dict[str, dict]:
    """Measure every peer: seconds and accuracy of each of its epochs."""
    by_peer = {}
    for name in PEERS:
        if PEERS[name][0] in bench.options.peers:
            results = [bench.peer(name, seed) for seed in range(bench.options.peer_seeds)]
            by_peer[name] = {
                "runs": [result["reached"] for result in results if result],
                "versions": next((result["versions"] for result in results if result), None),
            }
    return by_peer


def first_at(reached: list[list[float]], target: float) -> float | None:
    """Return the seconds of the first epoch whose accuracy is at least a target, in %."""
    return next((seconds for seconds, accuracy in reached if accuracy >= target / 100), None)


def print_report(tenfold: dict[str, dict], peers: dict[str, dict], targets: list[float]) -> None:
    rows = []
    for target in targets:
        for state, row in tenfold[RECIPES[target]].items():
            if row:
                rows.append([f"{target:g} %: {RECIPES[target]}, {state}", *own_cells(row, target)])
        for name, result in peers.items():
            rows.append([f"{target:g} %: {name}", *peer_cells(result["runs"], target)])
    title = "Process start to test accuracy"
    print_table(title, ["", "seconds", "n", "mean test %", "reached"], rows)


def own_cells(row: dict, target: float) -> list[str]:
    mean, sd = row["mean_accuracy"], row["sd"]
    percent = f"{100 * mean:.2f}" + ("" if sd is None else f" ± {100 * sd:.2f}")
    return [
        median_range(row["seconds"], 1),
        str(row["seconds"]["n"]),
        percent,
        "yes" if mean >= target / 100 else "no",
    ]


def peer_cells(runs: list[list[list[float]]], target: float) -> list[str]:
    firsts = [first_at(reached, target) for reached in runs]
    seconds = [first for first in firsts if first is not None]
    best = max((accuracy for reached in runs for _, accuracy in reached), default=0.0)
    cell = median_range(spread(seconds), 1) if seconds else "-"
    reached = f"{len(seconds)} of {len(runs)}; best {100 * best:.2f}"
    return [cell, str(len(runs)), "-", reached]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    names = [f"{target:g}" for target in RECIPES]
    peers = [pins for pins, _, _ in PEERS.values()]
    add = parser.add_argument
    add("--marks", type=choices(names), default=names, help=f"targets, of {', '.join(names)}")
    add("--seeds", type=at_least(1), default=10, help="networks of each recipe; 10")
    add("--first", type=at_least(0), default=3, help="how many also from an empty cache; 3")
    add("--peers", type=choices(peers), default=peers, help=f"of {', '.join(peers)}; '' for none")
    add("--peer-seeds", type=at_least(1), default=1, help="runs of each peer; 1")
    add("--environments", type=Path, default=FOLDER, metavar="PATH", help=f"default {FOLDER}")
    options = parser.parse_args(arguments)
    options.marks = [float(name) for name in options.marks]
    options.environments = options.environments.expanduser().resolve()
    return options


def main() -> None:
    options = parse()
    bench = Bench(options)
    write_peer_data(bench.data)
    tenfold = measure_tenfold(bench)
    peers = measure_peers(bench)
    print_report(tenfold, peers, options.marks)
    report = {
        "benchmark": "time to accuracy",
        "machine": machine(),
        "tenfold": tenfold,
        "peers": peers,
    }
    print_json(rounded(report), options.json)


if __name__ == "__main__":
    main()
