"""Recall and time of an audit on MNIST's known label errors.

What is measured
    known     how many of the 15 known label errors are among the first 50, 100 and 200 of the
              10,000 test images, ranked by label quality. A known error is an image for which at
              most two of five raters chose the given label (Northcutt, Athalye, Mueller,
              "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks",
              2021). For each recipe, each seed and the mean of the seeds' probabilities, by each
              of cleanlab's rankings. The default recipe was chosen by this figure, so it is a
              biased estimate of the recall on other data.
    seconds   of `audit("mnist")` with its defaults, all 70,000 images and duplicates included, and
              of the recipe `quick` trained once on 55,000, alternating in one process, without
              imports; their ratio; and of the search for duplicates alone, in MNIST and, where it
              is installed, in Fashion-MNIST.
    memory    the peak of the process after the default audit.

Versions
    keras 3.15.1, jax 0.10.2, cleanlab 2.9.0; the JSON lists those in use.

    python benchmarks/audit.py --quick       # the default recipe, one seed: a few minutes
    python benchmarks/audit.py               # half an hour on two cores
"""

import argparse
import resource
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from cleanlab.rank import get_label_quality_scores
from command_line import print_json
from machine import machine

import tenfold
from tenfold.engine.cross_validation import cross_validate
from tenfold.experiments.audits import audit, find_duplicates
from tenfold.experiments.audits.auditor import default_recipe
from tenfold.experiments.audits.pooling import pooled
from tenfold.networks.recipes import Augmentation, Recipe

KNOWN = [947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729]
RANKINGS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
FIRST = (50, 100, 200)
TRAIN = 60_000
FOLDS = 10


def small(filters: list[int], epochs: int) -> Recipe:
    arguments = {"filters": filters, "kernels": 5, "strides": 2}
    return default_recipe(70_000).replace(epochs=epochs, arguments=arguments)


def dense(hidden: int, epochs: int, shift: int) -> Recipe:
    return Recipe(
        "dense",
        arguments={"hidden": [hidden]},
        batch_size=125,
        learning_rate=3e-3,
        schedule="linear",
        warmup=0.1,
        epochs=epochs,
        augmentation=Augmentation(shift=shift),
    )


RECIPES = {
    "12 and 48 filters, 3 epochs (the default)": default_recipe(70_000),
    "12 and 48 filters, 2 epochs": small([12, 48], 2),
    "12 and 48 filters, 7 epochs": small([12, 48], 7),
    "8 and 32 filters, 3 epochs": small([8, 32], 3),
    "8 and 32 filters, 2 epochs": small([8, 32], 2),
    "6 and 24 filters, 3 epochs": small([6, 24], 3),
    "256 units, 5 epochs": dense(256, 5, 0),
    "128 units, 6 epochs, shifted": dense(128, 6, 1),
}


def known_in_first(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Return the number of known errors among the first test images, by ranking."""
    counts = {}
    for ranking in RANKINGS:
        quality = get_label_quality_scores(labels, probabilities, method=ranking)[TRAIN:]
        order = np.argsort(quality, kind="stable")
        counts[ranking] = [len(set(order[:first]) & set(KNOWN)) for first in FIRST]
    return counts


def rank(name: str, chosen: Recipe, data: tenfold.Dataset, seeds: int) -> dict:
    start = time.perf_counter()
    by_seed = [cross_validate(chosen, data, FOLDS, seed) for seed in range(seeds)]
    seconds = (time.perf_counter() - start) / seeds
    each = [known_in_first(probabilities, data.labels) for probabilities in by_seed]
    row = {
        "recipe": name,
        "seconds": round(seconds, 1),
        "accuracy": [round(float((p.argmax(1) == data.labels).mean()), 4) for p in by_seed],
        "seeds": each,
    }
    if seeds > 1:
        row["together"] = known_in_first(np.mean(by_seed, axis=0), data.labels)
    return row


def timed(function, *arguments) -> tuple[float, object]:
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def train_quick() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tenfold.train("quick", out=Path(folder) / "run", verbose=False)


def times(repeats: int) -> dict:
    pairs = []
    for _ in range(repeats):
        training, _ = timed(train_quick)
        auditing, report = timed(lambda: audit("mnist", verbose=False))
        pairs.append((training, auditing))
    first = known_in_first(report.probabilities, report.dataset.labels)
    return {
        "quick_seconds": [round(pair[0], 1) for pair in pairs],
        "audit_seconds": [round(pair[1], 1) for pair in pairs],
        "ratio": round(statistics.median(a / q for q, a in pairs), 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "candidates": len(report.candidates),
        "known": first,
        "duplicates": [duplicates(name) for name in ("mnist", "fashion-mnist")],
    }


def duplicates(name: str) -> dict:
    try:
        data, _ = pooled(tenfold.load(name, validation=0))
    except tenfold.InputError as error:
        return {"data": name, "skipped": str(error)}
    seconds, groups = timed(find_duplicates, data)
    return {"data": name, "groups": len(groups), "seconds": round(seconds, 1)}


def print_ranking(row: dict) -> None:
    variants = [(f"seed {i}", counts) for i, counts in enumerate(row["seeds"])]
    variants += [("together", row["together"])] if "together" in row else []
    for what, by_ranking in variants:
        counts = "   ".join(
            f"{'/'.join(f'{count:2d}' for count in by_ranking[name])}" for name in RANKINGS
        )
        print(f"{row['recipe']:<30} {what:<9} {counts}   {row['seconds']:6.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the default recipe, one seed")
    parser.add_argument("--repeats", type=int, default=3, help="timed pairs of audit and training")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    repeats, seeds = (1, 1) if options.quick else (options.repeats, options.seeds)
    report: dict = {
        "benchmark": "audit",
        "machine": machine(),
        "versions": {name: version(name) for name in ("keras", "jax", "cleanlab")},
        "times": times(repeats),
        "rankings": [],
    }
    figures = report["times"]
    print(
        f"audit {figures['audit_seconds']} s, quick {figures['quick_seconds']} s, "
        f"ratio {figures['ratio']}, peak {figures['peak_mib']} MiB"
    )
    print(*figures["duplicates"], sep="\n")
    print(f"\nof {len(KNOWN)} known errors in the first {FIRST}: {', '.join(RANKINGS)}")
    data, _ = pooled(tenfold.load("mnist", validation=0))
    for name, chosen in list(RECIPES.items())[: 1 if options.quick else None]:
        report["rankings"].append(rank(name, chosen, data, seeds))
        print_ranking(report["rankings"][-1])
    print_json(report)


if __name__ == "__main__":
    main()
