"""Write the digests of seeded trainings into expected.json again.

    PYTHONPATH=src:tests python tests/golden/write.py

Only for a change that is meant to change bits, such as other compiler options. The script refuses
figures that differ by more than float error; readings and figures in the file stay as they are.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from test_unchanged import EXPECTED, GOLDEN, SAME, digest

import tenfold

FLOAT_ERROR = 2e-6


def train(recipe: str, folder: Path) -> dict:
    """The figures of one short training, on the images of the fixture ``few``."""
    mnist = tenfold.load("mnist")
    few = tenfold.Splits(
        "few", mnist.train[:640], mnist.validation[:500], mnist.test[:310], "MNIST's first", 0
    )
    seeds = 2 if recipe == "dense-47" else 1
    run = tenfold.train(recipe, few, seeds=seeds, out=folder / recipe, verbose=False)
    result = run.evaluate("test", few)
    losses = run.history.filter(like="loss").to_numpy().ravel()
    return {
        "weights": digest(*[array for model in run.models for array in model.get_weights()]),
        "losses": [round(float(loss), 6) for loss in losses],
        "probabilities": digest(result.probabilities),
        "accuracy": [score.value for score in result.accuracy],
        "confusion": digest(np.asarray(result.confusion_matrix())),
    }


def main() -> None:
    if not SAME:
        raise SystemExit(f"this machine is not the one of the file: {EXPECTED['environment']}")
    with tempfile.TemporaryDirectory() as folder:
        for recipe, old in EXPECTED["trainings"].items():
            new = train(recipe, Path(folder))
            for name in ("losses", "accuracy"):
                if new[name] != pytest.approx(old[name], rel=FLOAT_ERROR, abs=1e-6):
                    raise SystemExit(f"{recipe}: {name} differ by more than float error")
            old.update(new)
    (GOLDEN / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")


if __name__ == "__main__":
    main()
