"""Accuracy by size: recipes over several seeds, as single networks and as an ensemble.

What is measured
    For each recipe, the accuracy of one network per seed (0, 1, 2, ...) after the last epoch, on
    the 5,000 validation and the 10,000 test images, and that of their ensemble, which averages the
    probabilities of the networks.

How
    Recipes were chosen on validation images; this script chooses nothing. The test set is opened
    once for each run, after its training. Each network has a run folder under `--runs`. Finished
    runs are not trained again and interrupted runs are resumed, so the script can be stopped at any
    time. The table has mean ± standard deviation over seeds, minimum to maximum, and the training
    seconds, which are meaningful only on an idle machine.

Versions
    tenfold and its dependencies are those of the Python that runs this script; they are in the
    JSON.

    python benchmarks/accuracy.py --recipes tiny,small          # ten seeds each
    python benchmarks/accuracy.py --recipes best --seeds 2      # a first look
    python benchmarks/accuracy.py --recipes dense-noise,best-dense
    python benchmarks/accuracy.py --recipes fashion --data fashion-mnist
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np
from command_line import at_least, make_parser, print_json
from environments import FOLDER
from machine import machine
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.data import Splits
from tenfold.networks.recipes import RECIPES, Recipe, recipe
from tenfold.runs.record import versions
from tenfold.scale import Ray
from tenfold.training.completing import complete, complete_all, task_of

SIZES = ("tiny", "small", "dense-noise", "best-dense", "best")


def measure(chosen: Recipe, seeds: int, splits: Splits, folder: Path) -> dict:
    """Train the networks of a recipe and evaluate them, singly and as an ensemble."""
    runs = [
        complete(chosen.replace(seed=seed), splits, folder / f"{chosen.name}-{seed}")
        for seed in range(seeds)
    ]
    scores = {split: evaluate(runs, split, splits) for split in ("validation", "test")}
    return {
        "recipe": runs[0].recipe.to_json(),
        "parameters": runs[0].model.count_params(),
        "seconds": [run.record.seconds for run in runs],
        **scores,
    }


def train_on_ray(options: argparse.Namespace, folder: Path) -> None:
    """Complete the runs of all recipes and seeds as tasks."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {
        f"{name}-{seed}": task_of(
            recipe(name).replace(seed=seed), options.data, folder / f"{name}-{seed}"
        )
        for name in options.recipes
        for seed in range(options.seeds)
    }
    for number, name in enumerate(complete_all(tasks, folder, Ray(options.ray)), 1):
        print(f"{number} of {len(tasks)}: {name}", file=sys.stderr)


def evaluate(runs: list[tenfold.Run], split: str, splits: Splits) -> dict:
    """Return the accuracy of each network on a split, and of the mean of their probabilities."""
    results = [run.evaluate(split, splits).uncalibrated() for run in runs]
    labels = results[0].labels
    single = [result.accuracy[0].value for result in results]
    ensemble = np.mean([result.outputs[0] for result in results], axis=0).argmax(axis=1)
    return {
        "n": len(labels),
        "accuracy": single,
        "mean": statistics.fmean(single),
        "sd": statistics.stdev(single) if len(single) > 1 else None,
        "committee": float((ensemble == labels).mean()),
    }


def cells(name: str, result: dict) -> list[str]:
    test = result["test"]
    return [
        name,
        f"{result['parameters']:,}",
        str(len(test["accuracy"])),
        mean_and_sd(result["validation"]),
        mean_and_sd(test),
        f"{100 * min(test['accuracy']):.2f}-{100 * max(test['accuracy']):.2f}",
        f"{100 * test['committee']:.2f}",
        f"{statistics.median(result['seconds']):.0f}",
    ]


def mean_and_sd(scores: dict) -> str:
    mean = f"{100 * scores['mean']:.2f}"
    return mean if scores["sd"] is None else f"{mean} ± {100 * scores['sd']:.2f}"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    folder = FOLDER / "accuracy"
    add = parser.add_argument
    add(
        "--recipes", default=",".join(SIZES), help=f"names, separated by commas; {', '.join(SIZES)}"
    )
    add("--seeds", type=at_least(1), default=10, help="networks of each recipe; 10")
    add("--data", default="mnist", help="a dataset by name; mnist")
    add("--runs", type=Path, default=folder, metavar="PATH", help=f"run folders; {folder}")
    add("--ray", metavar="ADDRESS", help="train on Ray: local, auto or ray://host:10001")
    options = parser.parse_args(arguments)
    options.recipes = options.recipes.split(",")
    if unknown := [name for name in options.recipes if name not in RECIPES]:
        parser.error(f"--recipes {', '.join(unknown)}: unknown; known are {', '.join(RECIPES)}")
    return options


def main() -> None:
    options = parse()
    report = {
        "benchmark": "accuracy",
        "machine": machine(),
        "versions": versions(),
        "data": options.data,
        "recipes": {},
    }
    try:
        splits = tenfold.load(options.data)
        folder = options.runs / options.data
        if options.ray:
            train_on_ray(options, folder)
        for name in options.recipes:
            report["recipes"][name] = measure(recipe(name), options.seeds, splits, folder)
    except InputError as error:
        sys.exit(str(error))
    header = ["", "parameters", "n", "validation %", "test %", "lowest-highest", "ensemble", "s"]
    rows = [cells(name, result) for name, result in report["recipes"].items()]
    print_table(f"Accuracy after the last epoch, {options.data}", header, rows)
    print_json(report, options.json)


if __name__ == "__main__":
    main()
