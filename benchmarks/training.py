"""Training time side by side: tenfold, Keras on TensorFlow, Keras on JAX, PyTorch by hand.

What is measured
    epochs   seconds per epoch in steady state. A child process trains the network for `--epochs`
             epochs; the first, which compiles, is left out; the median of the others is the
             child's figure and the median over `--repeats` children is the table's. Every child
             then scores its network on the 10,000 test images, so that a contestant that is fast
             and learns nothing is seen, and leaves its peak memory.
    cold     a process that trains `dense-512` for five epochs and scores it on the test images,
             from before the process exists until it has ended. For tenfold: the first run ever
             (empty cache: data to unpack, program to compile) and the next one (warm cache),
             and the same for `tenfold.train` of the recipe `quick`, at its own epochs.
    seeds    eight networks `sigmoid-64` at once in tenfold and one in TensorFlow, 20 epochs each,
             both from process start to scored on test.

How
    Every figure comes from a fresh child process. A round runs each contestant once, the next
    round starts with another one, so that drift of the machine hits all alike. Equal for all:
    the 60,000 training images, network, initial distribution, loss, optimizer and its constants,
    batch size, epochs, a new order of the images every epoch, the smaller last batch trained on,
    mean loss and accuracy of every epoch computed. Peers hold the images as float32 in memory;
    tenfold holds them as bytes and scales them as it trains. All run on the processor with the
    number of threads each chooses. Ratios are a peer's seconds over tenfold's.

Versions
    tensorflow 2.21.0 with keras 3.15.1; jax 0.10.2 with keras 3.15.1; torch 2.13.0. Each lives in
    an environment of its own, which this script makes. tenfold is the one that is installed
    beside the Python running this script. What was used is in the JSON.

    python benchmarks/training.py --quick          # minutes: no CNN, one repeat
    python benchmarks/training.py --json out.json  # about half an hour on two cores
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from contestants.workloads import WORKLOADS
from environments import environment
from machine import machine
from processes import ChildFailed, Contestant, empty_cache, run_child
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

Answers = Iterator[tuple[str, dict | None]]
Lane = Callable[[int], Answers]


class Bench:
    """The contestants, and the report that grows as they are measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.data = options.environments / "mnist"
        self.tenfold = Contestant("tenfold", "tenfold_fit", Path(sys.executable))
        self.peers = [self._peer(name) for name in options.peers]
        kept = ("networks", "peers", "parts", "epochs", "repeats", "quick")
        self.report: dict = {
            "benchmark": "training",
            "machine": machine(),
            "settings": {name: getattr(options, name) for name in kept},
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
        who: Contestant,
        network: str,
        epochs: int | None,
        turn: int = 0,
        *,
        label: str | None = None,
        module: str | None = None,
        cache: Path | None = None,
        **more: object,
    ) -> dict | None:
        """Run one child; where it fails, say so, note it and go on without."""
        job = {"network": network, "epochs": epochs, "seed": turn, "data": str(self.data), **more}
        title = f"{label or who.name}: {network}"
        load = os.getloadavg()[0]
        variables = {"TENFOLD_CACHE": str(cache)} if cache else {}
        try:
            answer = run_child(who, job, module=module, variables=variables)
        except ChildFailed as failure:
            self.report["failures"].append(f"{title}: {failure}")
            tell(f"FAILED {title}: {failure}")
            return None
        tell(f"{title}: {answer['wall_seconds']:.1f} s")
        return answer | {"load_before": load}

    def prepare(self) -> None:
        """Write the data, note the versions, and so have every library's files in memory."""
        if not (self.data / "test_labels.npy").exists():
            self.run(self.tenfold, "data", 0, module="tenfold_data")
        answers = {who.name: self.run(who, "versions", 0) for who in self.everyone}
        self.report["versions"] = {
            name: found["versions"] for name, found in answers.items() if found
        }

    def one(self, who: Contestant, network: str, epochs: int, turn: int) -> Answers:
        """Measure one child, as a row of the contestant's name."""
        yield who.name, self.run(who, network, epochs, turn)

    def first_and_warm(
        self, name: str, module: str, network: str, epochs: int | None, turn: int, **more: object
    ) -> Answers:
        """Measure tenfold twice: with a cache nothing has been in yet, then with that cache."""
        with empty_cache() as cache:
            more |= {"module": module, "cache": cache}
            for state in ("first run ever", "warm cache"):
                label = f"{name}, {state}"
                yield label, self.run(self.tenfold, network, epochs, turn, label=label, **more)

    def rounds(self, lanes: list[Lane]) -> dict[str, list[dict]]:
        """Run every lane once a round, each round starting one lane later; sort answers by row."""
        found: dict[str, list[dict]] = {}
        for turn in range(self.options.repeats):
            start = turn % len(lanes)
            for lane in lanes[start:] + lanes[:start]:
                for name, answer in lane(turn):
                    found.setdefault(name, []).extend([answer] if answer else [])
        return found


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure_epochs(bench: Bench) -> dict:
    """Steady-state seconds of every network; a round is one child of each contestant."""
    epochs, networks = bench.options.epochs, {}
    for network in bench.options.networks:
        lanes = [partial(bench.one, who, network, epochs) for who in bench.everyone]
        rows = summaries(bench.rounds(lanes), epoch_seconds)
        networks[network] = {"contestants": rows, "ratios": ratios(rows, "tenfold")}
    dense = [found["ratios"] for name, found in networks.items() if name in DENSE]
    return {"epochs": epochs, "networks": networks, "geometric_means": geometric_means(dense)}


def measure_cold(bench: Bench) -> dict:
    """Whole processes, tenfold with an empty and with a warm cache."""
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
    """Eight networks at once in tenfold, one in every peer."""
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
    for part, what in (("cold", "Process start to scored on test"), ("seeds", "Many at once")):
        if part in report:
            found = report[part]
            title = f"{what}: {found['network']}, {found['epochs']} epochs"
            print_processes(title, found["contestants"], found["ratios"])


def choices(allowed: list[str]) -> Callable[[str], list[str]]:
    """Make the parser of a comma-separated list of known names."""

    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in allowed]
        if unknown:
            told = f"{', '.join(unknown)}; known are {', '.join(allowed)}"
            raise argparse.ArgumentTypeError(told)
        return names

    return parse


def at_least(lowest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text}; a whole number from {lowest} up is needed")
        return int(text)

    return parse


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = Path.home() / ".cache" / "tenfold-benchmarks"
    add = parser.add_argument
    add("--networks", type=choices(list(WORKLOADS)), help=f"of {', '.join(WORKLOADS)}")
    add("--peers", type=choices(list(PINS)), default=list(PINS), help=f"of {', '.join(PINS)}")
    add("--parts", type=choices(list(PARTS)), default=list(PARTS), help=f"of {', '.join(PARTS)}")
    add("--epochs", type=at_least(2), help="of a steady-state child; 5, or 3 with --quick")
    add("--repeats", type=at_least(1), help="rounds; 3, or 1 with --quick")
    add("--quick", action="store_true", help="few epochs, one round, no CNN: a look, no result")
    add("--json", type=Path, metavar="PATH", help="also keep the line of JSON in this file")
    add("--environments", type=Path, default=folder, metavar="PATH", help=f"default {folder}")
    options = parser.parse_args(arguments)
    options.networks = options.networks or (DENSE if options.quick else list(WORKLOADS))
    options.epochs = options.epochs or (3 if options.quick else 5)
    options.repeats = options.repeats or (1 if options.quick else 3)
    options.environments = options.environments.expanduser().resolve()
    return options


def as_line(report: dict) -> str:
    """Write the report as one line of JSON, its figures to four decimals."""
    return json.dumps(
        json.loads(json.dumps(report), parse_float=lambda text: round(float(text), 4))
    )


def main() -> int:
    options = parsed()
    bench = Bench(options)
    bench.prepare()
    measures = {"epochs": measure_epochs, "cold": measure_cold, "seeds": measure_seeds}
    for part in options.parts:
        bench.report[part] = measures[part](bench)
        if options.json:  # after every part, so that an interrupted benchmark keeps what it has
            options.json.write_text(as_line(bench.report) + "\n")
    print_report(bench.report)
    print(f"\n{as_line(bench.report)}")
    return 1 if bench.report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
