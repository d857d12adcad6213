"""A job as the benchmark hands it to a child process, and the answer the child prints."""

import json
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

SPLITS = ("train", "test")


@dataclass
class Job:
    """What to train and where the arrays are; collects when each stage was reached.

    `started` is the wall clock when the parent made the process, so that marks count
    the interpreter's start and the imports. `epochs` is None for the recipe's own, and 0 asks
    for the versions only; `validation` is how many images tenfold holds out of train; `enough` is
    the test accuracy at which an example network may stop; `images` is how many of train are
    learned from, all where it is None.
    """

    network: str
    epochs: int | None
    seed: int
    data: str
    started: float
    seeds: int = 1
    validation: int = 0
    enough: float = 1.0
    images: int | None = None
    marks: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Job":
        """Take the job from the command line; call it right after the imports."""
        job = cls(**json.loads(sys.argv[1]))
        job.mark("imported")
        return job

    def mark(self, stage: str) -> None:
        """Note the seconds since the process was made."""
        self.marks[stage] = time.time() - self.started

    def arrays(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Read images, uint8 [n, 28, 28], and labels, uint8 [n], of `train` or `test`."""
        folder = Path(self.data)
        n = self.images if split == "train" else None
        images, labels = (np.load(folder / f"{split}_{what}.npy") for what in ("images", "labels"))
        return images[:n], labels[:n]

    def answer(self, *packages: str, **result: object) -> None:
        """Print the one line of JSON that the parent reads."""
        versions = {package: installed(package) for package in (*packages, "numpy")}
        print(json.dumps({"marks": self.marks, "versions": versions, **result}))


def installed(package: str) -> str:
    """Tell a package's version, also where it runs from a source tree."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source, not installed"
