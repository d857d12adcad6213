"""Accuracy by size: recipes over several seeds, each network alone and all as a committee.

What is measured
    For each recipe, one network a seed (0, 1, 2, ...), trained as the recipe says, and its
    accuracy after the last epoch on the 5,000 validation and the 10,000 test images. The committee
    is the mean of all these networks' probabilities.

How
    Recipes were chosen on validation images; nothing here chooses. The test set is opened once for
    each run, after its training. A network is a run folder under `--runs`: what is finished there
    is not trained again, what was stopped goes on where it stopped, so that the script can be ended
    and started again. The table has mean ± standard deviation over seeds, lowest to highest, and
    the training's seconds, which count only on a machine with nothing else to do.

Versions
    tenfold and what it stands on are those installed beside the Python that runs this script;
    they are in the JSON.

    python benchmarks/accuracy.py --recipes tiny,small          # ten seeds each
    python benchmarks/accuracy.py --recipes best --seeds 2      # a first look
    python benchmarks/accuracy.py --recipes dense-noise,best-dense
    python benchmarks/accuracy.py --recipes fashion --data fashion-mnist
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import numpy as np
from machine import machine
from tables import print_table

import tenfold
from tenfold.core.errors import InputError
from tenfold.data import Splits
from tenfold.networks.recipes import RECIPES, Recipe, recipe
from tenfold.runs.record import versions

SIZES = ("tiny", "small", "dense-noise", "best-dense", "best")


def trained(wanted: Recipe, splits: Splits, folder: Path) -> tenfold.Run:
    """Give the run of a recipe: from its folder, gone on with, or trained now."""
    if (folder / "run.json").exists():
        run = tenfold.Run(folder)
        if run.recipe != wanted:
            raise InputError(f"{folder}: another recipe was trained there; give another --runs")
        return run if run.record.status == "finished" else tenfold.resume(folder, splits)
    return tenfold.train(wanted, splits, out=folder)


def measure(wanted: Recipe, seeds: int, splits: Splits, folder: Path) -> dict:
    """Train one recipe's networks and score them, alone and together."""
    runs = [
        trained(wanted.replace(seed=seed), splits, folder / f"{wanted.name}-{seed}")
        for seed in range(seeds)
    ]
    found = {split: scored(runs, split, splits) for split in ("validation", "test")}
    return {
        "recipe": runs[0].recipe.to_json(),
        "parameters": runs[0].model.count_params(),
        "seconds": [run.record.seconds for run in runs],
        **found,
    }


def scored(runs: list[tenfold.Run], split: str, splits: Splits) -> dict:
    """Score each run's network on a split, and the mean of their probabilities."""
    answers = [run.evaluate(split, splits).uncalibrated() for run in runs]
    labels = answers[0].labels
    single = [answer.accuracy[0].value for answer in answers]
    together = np.mean([answer.outputs[0] for answer in answers], axis=0).argmax(axis=1)
    return {
        "n": len(labels),
        "accuracy": single,
        "mean": statistics.fmean(single),
        "sd": statistics.stdev(single) if len(single) > 1 else None,
        "committee": float((together == labels).mean()),
    }


def cells(name: str, found: dict) -> list[str]:
    test = found["test"]
    return [
        name,
        f"{found['parameters']:,}",
        str(len(test["accuracy"])),
        with_spread(found["validation"]),
        with_spread(test),
        f"{100 * min(test['accuracy']):.2f}-{100 * max(test['accuracy']):.2f}",
        f"{100 * test['committee']:.2f}",
        f"{statistics.median(found['seconds']):.0f}",
    ]


def with_spread(scores: dict) -> str:
    mean = f"{100 * scores['mean']:.2f}"
    return mean if scores["sd"] is None else f"{mean} ± {100 * scores['sd']:.2f}"


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = Path.home() / ".cache" / "tenfold-benchmarks" / "accuracy"
    add = parser.add_argument
    add("--recipes", default=",".join(SIZES), help=f"with commas; {', '.join(SIZES)}")
    add("--seeds", type=int, default=10, help="networks of each recipe; 10")
    add("--data", default="mnist", help="a dataset by name; mnist")
    add("--runs", type=Path, default=folder, metavar="PATH", help=f"run folders; {folder}")
    add("--json", type=Path, metavar="PATH", help="also keep the line of JSON in this file")
    options = parser.parse_args(arguments)
    options.recipes = options.recipes.split(",")
    if unknown := [name for name in options.recipes if name not in RECIPES]:
        parser.error(f"--recipes {', '.join(unknown)}: unknown; there are {', '.join(RECIPES)}")
    if options.seeds < 1:
        parser.error(f"--seeds {options.seeds}; a whole number from 1 up is needed")
    return options


def main() -> None:
    options = parsed()
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
        for name in options.recipes:
            report["recipes"][name] = measure(recipe(name), options.seeds, splits, folder)
    except InputError as error:
        sys.exit(str(error))
    header = ["", "parameters", "n", "validation %", "test %", "lowest-highest", "committee", "s"]
    rows = [cells(name, found) for name, found in report["recipes"].items()]
    print_table(f"Accuracy after the last epoch, {options.data}", header, rows)
    line = json.dumps(report)
    print(f"\n{line}")
    if options.json:
        options.json.write_text(line + "\n")


if __name__ == "__main__":
    main()
