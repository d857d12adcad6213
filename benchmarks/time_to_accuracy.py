"""Seconds from nothing to a test accuracy of 98, 99 and 99.5 %, in a process of its own.

What is measured
    From before the process exists until the accuracy on MNIST's 10,000 test images is known:
    interpreter, imports, data, compilation, training, evaluation. For tenfold a run folder too,
    with calibration, models, exports and pictures, as `tenfold.train` leaves it.

How
    tenfold trains one recipe for each mark, chosen on validation images, to its last epoch, over
    several seeds, and opens the test set once for each; the recipe has reached a mark where the
    mean over seeds has. "first run ever" starts with an empty cache (data to unpack, program to
    compile), "warm cache" is every later run. The peers' own example networks are scored on the
    test images after each epoch, and have reached a mark at the first epoch that has, a choice in
    their favour: Keras's `mnist_convnet` on TensorFlow (15 epochs, batches of 128, Adam) and
    PyTorch's `mnist` (14 epochs, batches of 64, Adadelta with a decay of 0.7), its images held as
    tensors in memory. Every figure comes from a fresh process; rounds take the contestants in
    turn. The table has median, lowest and highest.

Versions
    As in training.py, whose environments are shared; what was used is in the JSON.

    python benchmarks/time_to_accuracy.py --json out.json
    python benchmarks/time_to_accuracy.py --seeds 2 --peers ""      # a look at tenfold alone
"""

import argparse
import statistics
import sys
from pathlib import Path

from environments import environment
from machine import machine
from processes import ChildFailed, Contestant, empty_cache, run_child
from summaries import spread
from tables import print_table
from training import PINS, as_line, at_least, choices, tell

RECIPES = {98.0: "instant", 99.0: "quick", 99.5: "conv"}
PEERS = {
    "Keras's example, TensorFlow": ("tensorflow", "keras_example", 15),
    "PyTorch's example": ("pytorch", "torch_example", 14),
}
COLD, WARM = "first run ever", "warm cache"


class Bench:
    """The contestants, and where their data are."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.data = options.environments / "mnist"
        self.own = Contestant("tenfold", "tenfold_train", Path(sys.executable))

    def prepare(self) -> None:
        """Write the peers' arrays, once."""
        if not (self.data / "test_labels.npy").exists():
            self.child(self.own, "tenfold_data", 0, seed=0)

    def child(
        self,
        who: Contestant,
        module: str | None,
        epochs: int | None,
        cache: Path | None = None,
        **job: object,
    ) -> dict | None:
        """Run one child; where it fails, say so and go on without."""
        job = {"network": "cnn", "data": str(self.data), "epochs": epochs, **job}
        variables = {"TENFOLD_CACHE": str(cache)} if cache else {}
        try:
            return run_child(who, job, module=module, variables=variables)
        except ChildFailed as failure:
            tell(f"FAILED {who.name}: {failure}")
            return None

    def ours(self, mark: float, seed: int, cache: Path) -> dict | None:
        """Train the recipe of a mark: seconds until it was scored, and its accuracy."""
        answer = self.child(
            self.own, None, None, cache, network=RECIPES[mark], seed=seed, validation=5000
        )
        if answer is None:
            return None
        found = {"seconds": answer["marks"]["evaluated"], "accuracy": answer["test_accuracy"]}
        tell(f"{RECIPES[mark]}, seed {seed}: {found['seconds']:.1f} s, {found['accuracy']:.4f}")
        return found | {"marks": answer["marks"], "versions": answer["versions"]}

    def peer(self, name: str, seed: int) -> dict | None:
        """Train a peer's example until the highest mark asked for, or its last epoch."""
        pins, module, epochs = PEERS[name]
        python = environment(self.options.environments / pins, PINS[pins])
        variables = {"KERAS_BACKEND": pins} if pins == "tensorflow" else {}
        who = Contestant(name, module, python, variables, own_environment=True)
        self.child(who, None, 0, seed=seed)  # so that its files are in memory
        answer = self.child(who, None, epochs, seed=seed, enough=max(self.options.marks) / 100)
        if answer:
            tell(f"{name}, seed {seed}: {answer['reached'][-1]}")
        return answer


def measure_ours(bench: Bench) -> dict[str, dict]:
    """Every recipe: a first run ever for some seeds, a run with a warm cache for each."""
    found: dict[str, dict] = {RECIPES[mark]: {COLD: [], WARM: []} for mark in bench.options.marks}
    with empty_cache() as kept:
        for mark in bench.options.marks:  # fills the cache; not measured
            bench.ours(mark, bench.options.seeds, kept)
        for seed in range(bench.options.seeds):
            for mark in bench.options.marks:
                rows = found[RECIPES[mark]]
                rows[WARM].append(bench.ours(mark, seed, kept))
                if seed < bench.options.first:
                    with empty_cache() as empty:
                        rows[COLD].append(bench.ours(mark, seed, empty))
    return {
        recipe: {state: summary([a for a in answers if a]) for state, answers in rows.items()}
        for recipe, rows in found.items()
    }


def summary(answers: list[dict]) -> dict | None:
    if not answers:
        return None
    accuracies = [answer["accuracy"] for answer in answers]
    return {
        "seconds": spread([answer["seconds"] for answer in answers]),
        "mean_accuracy": statistics.fmean(accuracies),
        "sd": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "accuracies": accuracies,
        "marks": [answer["marks"] for answer in answers],
        "versions": answers[0]["versions"],
    }


def measure_peers(bench: Bench) -> dict[str, dict]:
    """Every peer: all its epochs, and the seconds to each mark where it was reached."""
    found = {}
    for name in PEERS:
        if PEERS[name][0] in bench.options.peers:
            answers = [bench.peer(name, seed) for seed in range(bench.options.peer_seeds)]
            found[name] = {
                "runs": [answer["reached"] for answer in answers if answer],
                "versions": next((answer["versions"] for answer in answers if answer), None),
            }
    return found


def first_at(reached: list[list[float]], mark: float) -> float | None:
    """Give the seconds of the first epoch whose accuracy has a mark, in %."""
    return next((seconds for seconds, found in reached if found >= mark / 100), None)


def print_report(ours: dict[str, dict], peers: dict[str, dict], marks: list[float]) -> None:
    rows = []
    for mark in marks:
        for state, row in ours[RECIPES[mark]].items():
            if row:
                rows.append([f"{mark:g} %: {RECIPES[mark]}, {state}", *own_cells(row, mark)])
        for name, found in peers.items():
            rows.append([f"{mark:g} %: {name}", *peer_cells(found["runs"], mark)])
    title = "Process start to a test accuracy known"
    print_table(title, ["", "seconds", "n", "mean test %", "reached"], rows)


def own_cells(row: dict, mark: float) -> list[str]:
    mean, sd = row["mean_accuracy"], row["sd"]
    told = f"{100 * mean:.2f}" + ("" if sd is None else f" ± {100 * sd:.2f}")
    return [
        "{median:.1f} ({low:.1f}-{high:.1f})".format(**row["seconds"]),
        str(row["seconds"]["n"]),
        told,
        "yes" if mean >= mark / 100 else "no",
    ]


def peer_cells(runs: list[list[list[float]]], mark: float) -> list[str]:
    firsts = [first_at(reached, mark) for reached in runs]
    seconds = [found for found in firsts if found is not None]
    best = max((accuracy for reached in runs for _, accuracy in reached), default=0.0)
    told = "{median:.1f} ({low:.1f}-{high:.1f})".format(**spread(seconds)) if seconds else "-"
    reached = f"{len(seconds)} of {len(runs)}; best {100 * best:.2f}"
    return [told, str(len(runs)), "-", reached]


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = Path.home() / ".cache" / "tenfold-benchmarks"
    names = [f"{mark:g}" for mark in RECIPES]
    peers = [pins for pins, _, _ in PEERS.values()]
    add = parser.add_argument
    add("--marks", type=choices(names), default=names, help=f"of {', '.join(names)}")
    add("--seeds", type=at_least(1), default=10, help="networks of each recipe; 10")
    add("--first", type=at_least(0), default=3, help="how many also from an empty cache; 3")
    add("--peers", type=choices(peers), default=peers, help=f"of {', '.join(peers)}; '' for none")
    add("--peer-seeds", type=at_least(1), default=1, help="runs of each peer; 1")
    add("--json", type=Path, metavar="PATH", help="also keep the line of JSON in this file")
    add("--environments", type=Path, default=folder, metavar="PATH", help=f"default {folder}")
    options = parser.parse_args(arguments)
    options.marks = [float(name) for name in options.marks]
    options.environments = options.environments.expanduser().resolve()
    return options


def main() -> None:
    options = parsed()
    bench = Bench(options)
    bench.prepare()
    ours = measure_ours(bench)
    peers = measure_peers(bench)
    print_report(ours, peers, options.marks)
    report = {
        "benchmark": "time to accuracy",
        "machine": machine(),
        "tenfold": ours,
        "peers": peers,
    }
    print(f"\n{as_line(report)}")
    if options.json:
        options.json.write_text(as_line(report) + "\n")


if __name__ == "__main__":
    main()
