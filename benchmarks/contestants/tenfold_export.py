"""Trains a recipe on MNIST and leaves what is to be asked: artifacts, and the Keras file."""

import shutil
from pathlib import Path

import tenfold
from contestants.jobs import Job
from tenfold.artifact.exporting import export


def main() -> None:
    job = Job.read()
    folder = Path(job.data)
    run = tenfold.train(job.network, out=folder / "runs" / job.network, verbose=False)
    export(run, folder / f"{job.network}.onnx")
    export(run, folder / f"{job.network}-int8.onnx", int8=True)
    shutil.copy(run.path / "models" / "seed-0.keras", folder / f"{job.network}.keras")
    job.answer("tenfold", "keras", "jax", "onnx")


if __name__ == "__main__":
    main()
