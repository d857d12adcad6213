"""The job that a benchmark passes to a child process, and the result that the child prints."""

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
    """What to train, where the arrays are, and the time at which each stage was complete.

    Attributes:
        network: name of a workload or of a recipe.
        epochs: None for those of the recipe; 0 reports versions only.
        seed: of weights and order; the first of `seeds`.
        data: folder of the arrays.
        started: Unix time, in seconds, at which the parent created the process, so that marks
            include the start of the interpreter and the imports.
        seeds: networks that tenfold trains at once.
        validation: images that tenfold holds out of train.
        enough: test accuracy at which an example network stops.
        images: training images to use; None for all.
        marks: seconds from the creation of the process to the end of each stage.
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
        """Read the job from the command line; call this right after the imports."""
        job = cls(**json.loads(sys.argv[1]))
        job.mark("imported")
        return job

    def mark(self, stage: str) -> None:
        """Record the seconds since the process was created."""
        self.marks[stage] = time.time() - self.started

    def arrays(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Load images, uint8 [n, 28, 28], and labels, uint8 [n], of `train` or `test`."""
        folder = Path(self.data)
        n = self.images if split == "train" else None
        images, labels = (np.load(folder / f"{split}_{what}.npy") for what in ("images", "labels"))
        return images[:n], labels[:n]

    def print_result(self, *packages: str, **result: object) -> None:
        """Print the line of JSON that the parent reads."""
        versions = {package: installed(package) for package in (*packages, "numpy")}
        print(json.dumps({"marks": self.marks, "versions": versions, **result}))


def installed(package: str) -> str:
    """Return the version of a package, even if it runs from a source tree."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source, not installed"
