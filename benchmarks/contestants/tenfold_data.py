"""Writes the packaged MNIST as `.npy` files, which the peers read."""

from pathlib import Path

import numpy as np

import tenfold
from contestants.jobs import SPLITS, Job


def main() -> None:
    job = Job.read()
    folder = Path(job.data)
    folder.mkdir(parents=True, exist_ok=True)
    data = tenfold.load("mnist", validation=0)
    for split in SPLITS:
        dataset = getattr(data, split)
        np.save(folder / f"{split}_images.npy", np.asarray(dataset.images, "uint8"))
        np.save(folder / f"{split}_labels.npy", np.asarray(dataset.labels, "uint8"))
    job.print_result("tenfold")


if __name__ == "__main__":
    main()
