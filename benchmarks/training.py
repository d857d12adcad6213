"""Training time of tenfold, Keras on TensorFlow, Keras on JAX, and a PyTorch loop.

What is measured
    epochs   seconds per epoch in steady state. A child process trains the network for `--epochs`
             epochs; the first, which compiles, is left out; the median of the others is the
             child's figure and the median over `--repeats` children is the table's. Every child
             then evaluates its network on the 10,000 test images, which reveals a contestant that
             is fast but does not learn, and reports its peak memory.
    cold     a process that trains `dense-512` for five epochs and evaluates it on the test images,
             from before the process exists until it has ended. For tenfold: the first run ever
             (empty cache: it unpacks data and compiles the program) and the next one (warm cache),
             and the same for `tenfold.train` of the recipe `quick`, with its own epochs.
    seeds    eight networks `sigmoid-64` at once in tenfold and one in each peer, 20 epochs each,
             from process start until evaluated on test.

How
    Every figure comes from a fresh child process. A round runs each contestant once, and each
    round starts with another one, so that machine drift affects all alike. Equal for all: the
    60,000 training images, network, initial distribution, loss, optimizer and its constants, batch
    size, epochs, a new order of the images every epoch, training on the smaller last batch, mean
    loss and accuracy of every epoch. Peers hold the images as float32 in memory; tenfold holds them
    as uint8 and scales them as it trains. All run on the CPU with their default numbers of threads.
    Ratios are a peer's seconds over tenfold's.

Versions
    tensorflow 2.21.0 with keras 3.15.1; jax 0.10.2 with keras 3.15.1; torch 2.13.0. Each has a
    separate environment, which this script creates. tenfold is that of the Python that runs this
    script. The JSON lists all versions.

    python benchmarks/training.py --quick          # minutes: no CNN, one repeat
    python benchmarks/training.py --json out.json  # about half an hour on two cores
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from command_line import at_least, choices, log, make_parser, print_json, rounded, write_json
from contestants.workloads import WORKLOADS
from environments import FOLDER, environment
from machine import machine
from processes import (
    Contestant,
    ProcessFailed,
    empty_cache,
    rotated,
    run_child,
    write_peer_data,
)
from summaries import epoch_seconds, geometric_means, ratios, summaries, wall_seconds
from tables import print_epochs, print_processes

PINS = {
    "tensorflow": {"tensorflow": "2.21.0", "keras": "3.15.1"},
    "keras-jax": {"jax": "0.10.2", "jaxlib": "0.10.2", "keras": "3.15.1"},
    "pytorch": {"torch": "2.13.0", "numpy": "2.4.6"},
}
MODULES = {"tensorflow": "keras_fit", "keras-jax": "keras_fit", "pytorch": "torch_loop"}
BACKENDS = {"tensorflow": "tensorflow", "keras-jax": "jax"}
DENSE = [name for name, workload in WORKLOADS.items() if workload.is_dense]
PARTS = ("epochs", "cold", "seeds")
COLD_NETWORK, COLD_EPOCHS = "dense-512", 5
SEEDS_NETWORK, SEEDS_EPOCHS, SEEDS = "sigmoid-64", 20, 8

Results = Iterator[tuple[str, dict | None]]
Lane = Callable[[int], Results]


class Bench:
    """The contestants, and the report that each measurement extends."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.data = options.environments / "mnist"
        self.tenfold = Contestant("tenfold", "tenfold_fit", Path(sys.executable))
        self.peers = [self._peer(name) for name in options.peers]
        settings = ("networks", "peers", "parts", "epochs", "repeats", "quick")
        self.report: dict = {
            "benchmark": "training",
            "machine": machine(),
            "settings": {name: getattr(options, name) for name in settings},
            "failures": [],
        }

    def _peer(self, name: str) -> Contestant:
        python = environment(self.options.environments / name, PINS[name])
        variables = {"KERAS_BACKEND": BACKENDS[name]} if name in BACKENDS else {}
        return Contestant(name, MODULES[name], python, variables, own_environment=True)

    @property
    def everyone(self) -> list[Contestant]:
        """All contestants, tenfold first."""
        return [self.tenfold, *self.peers]

    def run(
        self,
        contestant: Contestant,
        network: str,
        epochs: int | None,
        turn: int = 0,
        *,
        label: str | None = None,
        module: str | None = None,
        cache: Path | None = None,
        **fields: object,
    ) -> dict | None:
        """Run one child; if it fails, record the failure and return None."""
        job = {"network": network, "epochs": epochs, "seed": turn, "data": str(self.data)}
        title = f"{label or contestant.name}: {network}"
        load = os.getloadavg()[0]
        variables = {"TENFOLD_CACHE": str(cache)} if cache else {}
        try:
            result = run_child(contestant, job | fields, module=module, variables=variables)
        except ProcessFailed as error:
            self.report["failures"].append(f"{title}: {error}")
            log(f"FAILED {title}: {error}")
            return None
        log(f"{title}: {result['wall_seconds']:.1f} s")
        return result | {"load_before": load}

    def prepare(self) -> None:
        """Write the data and record the versions, which loads every library into the file cache."""
        write_peer_data(self.data)
        results = {each.name: self.run(each, "versions", 0) for each in self.everyone}
        self.report["versions"] = {
            name: result["versions"] for name, result in results.items() if result
        }

    def one(self, contestant: Contestant, network: str, epochs: int, turn: int) -> Results:
        """Measure one child, as a row with the contestant's name."""
        yield contestant.name, self.run(contestant, network, epochs, turn)

    def first_and_warm(
        self, name: str, module: str, network: str, epochs: int | None, turn: int, **fields: object
    ) -> Results:
        """Measure tenfold twice: with an empty cache, then with the cache that this run filled."""
        with empty_cache() as cache:
            fields |= {"module": module, "cache": cache}
            for state in ("first run ever", "warm cache"):
                label = f"{name}, {state}"
                yield label, self.run(self.tenfold, network, epochs, turn, label=label, **fields)

    def rounds(self, lanes: list[Lane]) -> dict[str, list[dict]]:
        """Run every lane once per round, each round starting one lane later; results by row."""
        results: dict[str, list[dict]] = {}
        for turn in range(self.options.repeats):
            for lane in rotated(lanes, turn):
                for name, result in lane(turn):
                    results.setdefault(name, []).extend([result] if result else [])
        return results


def measure_epochs(bench: Bench) -> dict:
    """Measure the steady-state seconds of every network; a round has a child per contestant."""
    epochs, networks = bench.options.epochs, {}
    for network in bench.options.networks:
        lanes = [partial(bench.one, each, network, epochs) for each in bench.everyone]
        rows = summaries(bench.rounds(lanes), epoch_seconds)
        networks[network] = {"contestants": rows, "ratios": ratios(rows, "tenfold")}
    dense = [figures["ratios"] for name, figures in networks.items() if name in DENSE]
    return {"epochs": epochs, "networks": networks, "geometric_means": geometric_means(dense)}


def measure_cold(bench: Bench) -> dict:
    """Measure whole processes, those of tenfold with an empty and with a warm cache."""
    network, epochs = COLD_NETWORK, bench.options.epochs if bench.options.quick else COLD_EPOCHS
    lanes = [
        partial(bench.first_and_warm, "tenfold", "tenfold_fit", network, epochs),
        *(partial(bench.one, peer, network, epochs) for peer in bench.peers),
        partial(
            bench.first_and_warm,
            "tenfold recipe quick",
            "tenfold_train",
            "quick",
            None,
            validation=5000,
        ),
    ]
    return processes(bench, lanes, network, epochs)


def measure_seeds(bench: Bench) -> dict:
    """Measure eight networks at once in tenfold and one in every peer."""
    network, epochs = SEEDS_NETWORK, bench.options.epochs if bench.options.quick else SEEDS_EPOCHS
    name = f"tenfold, {SEEDS} seeds"
    many = partial(bench.first_and_warm, name, "tenfold_train", network, epochs, seeds=SEEDS)
    peers = [partial(bench.one, peer, network, epochs) for peer in bench.peers]
    return processes(bench, [many, *peers], network, epochs)


def processes(bench: Bench, lanes: list[Lane], network: str, epochs: int) -> dict:
    rows = summaries(bench.rounds(lanes), wall_seconds)
    own = [name for name in rows if name.startswith("tenfold,")]
    peers = {name: rows[name] for name in rows if not name.startswith("tenfold")}
    return {
        "network": network,
        "epochs": epochs,
        "contestants": rows,
        "ratios": {name: ratios({name: rows[name], **peers}, name) for name in own},
    }


def print_report(report: dict) -> None:
    if "epochs" in report:
        print_epochs(report["epochs"], ["tenfold", *report["settings"]["peers"]])
    for part, what in (("cold", "Process start to test accuracy"), ("seeds", "Several at once")):
        if part in report:
            result = report[part]
            title = f"{what}: {result['network']}, {result['epochs']} epochs"
            print_processes(title, result["contestants"], result["ratios"])


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--networks", type=choices(list(WORKLOADS)), help=f"of {', '.join(WORKLOADS)}")
    add("--peers", type=choices(list(PINS)), default=list(PINS), help=f"of {', '.join(PINS)}")
    add("--parts", type=choices(list(PARTS)), default=list(PARTS), help=f"of {', '.join(PARTS)}")
    add("--epochs", type=at_least(2), help="of a steady-state child; 5, or 3 with --quick")
    add("--repeats", type=at_least(1), help="rounds; 3, or 1 with --quick")
    add("--quick", action="store_true", help="few epochs, one round, no CNN: a first look")
    add("--environments", type=Path, default=FOLDER, metavar="PATH", help=f"default {FOLDER}")
    options = parser.parse_args(arguments)
    options.networks = options.networks or (DENSE if options.quick else list(WORKLOADS))
    options.epochs = options.epochs or (3 if options.quick else 5)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.environments = options.environments.expanduser().resolve()
    return options


def main() -> int:
    options = parse()
    bench = Bench(options)
    bench.prepare()
    measures = {"epochs": measure_epochs, "cold": measure_cold, "seeds": measure_seeds}
    for part in options.parts:
        bench.report[part] = measures[part](bench)
        write_json(rounded(bench.report), options.json)  # so that an interruption loses little
    print_report(bench.report)
    print_json(rounded(bench.report))
    return 1 if bench.report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
